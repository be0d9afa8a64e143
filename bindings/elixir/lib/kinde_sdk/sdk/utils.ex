defmodule KindeSDK.SDK.Utils do
  @moduledoc """
  Functions that the former package offered, and applications may use.
  """

  alias KindeSDK.SDK.JSONReader

  @additional_params [:audience, :org_code, :org_name, :is_create_org]

  @doc """
  A random text of the letters, digits, `-` and `_`, made of so many random bytes: 86 characters of 32.

      iex> KindeSDK.SDK.Utils.random_string() |> String.length()
      86
  """
  @spec random_string() :: String.t()
  @spec random_string(non_neg_integer()) :: String.t()
  def random_string(length \\ 32) do
    length |> :crypto.strong_rand_bytes() |> Base.encode16() |> Base.url_encode64(padding: false)
  end

  @doc """
  A state, and a code verifier with its challenge (RFC 7636, S256). The library makes its own; this is for others.
  """
  @spec generate_challenge() :: %{state: String.t(), code_verifier: String.t(), code_challenge: String.t()}
  def generate_challenge do
    code_verifier = random_string()
    code_challenge = :sha256 |> :crypto.hash(code_verifier) |> Base.url_encode64(padding: false)
    %{state: random_string(), code_verifier: code_verifier, code_challenge: code_challenge}
  end

  @doc """
  Whether this is a web address with a host.

      iex> KindeSDK.SDK.Utils.validate_url("https://example.kinde.com")
      true

      iex> KindeSDK.SDK.Utils.validate_url("test.c")
      false
  """
  @spec validate_url(term()) :: boolean()
  def validate_url(url) when is_binary(url) do
    with true <- String.valid?(url), {:ok, %URI{scheme: scheme, host: host}} <- URI.new(url) do
      scheme in ["http", "https"] and host not in [nil, ""]
    else
      _malformed -> false
    end
  end

  def validate_url(_other), do: false

  @doc """
  The payload of a JWT, **not verified**: anybody can write what stands in it. Nothing in this package reads a token with it. For
  claims to rely on there are `KindeClientSDK.get_claims/2` and `Kinde.Token.verify/3`.

      iex> KindeSDK.SDK.Utils.parse_jwt("e30.eyJzdWIiOiJrcF8xIn0.")
      %{"sub" => "kp_1"}

      iex> KindeSDK.SDK.Utils.parse_jwt(nil)
      nil

  Raises `ArgumentError` if it is no JWT.
  """
  @spec parse_jwt(nil) :: nil
  @spec parse_jwt(String.t()) :: term()
  def parse_jwt(nil), do: nil

  def parse_jwt(token) when is_binary(token) do
    with [_header, payload | _signature] <- String.split(token, "."),
         {:ok, json} <- Base.url_decode64(payload, padding: false),
         {:ok, claims} <- JSONReader.read(json) do
      claims
    else
      _failed -> raise ArgumentError, "this is no JWT"
    end
  end

  @doc """
  The parameters, if they are among `:audience`, `:org_code`, `:org_name` and `:is_create_org`, and texts.

      iex> KindeSDK.SDK.Utils.check_additional_params(%{org_code: "org_1"})
      %{org_code: "org_1"}

  Throws `"Please provide correct additional, <key>"` or `"Please supply a valid <key>. Expected: string"`.
  """
  @spec check_additional_params(map()) :: map()
  def check_additional_params(%{} = params) when not is_struct(params) do
    for {key, value} <- params do
      if key not in @additional_params, do: throw("Please provide correct additional, #{text(key)}")
      if not is_binary(value), do: throw("Please supply a valid #{key}. Expected: string")
    end

    params
  end

  defp text(key) when is_atom(key) or is_binary(key), do: key
  defp text(key), do: inspect(key)

  @doc """
  The parameters of a client with those of a call, which win.

      iex> KindeSDK.SDK.Utils.add_additional_params(%{audience: "a", org_code: "b"}, %{org_code: "c"})
      %{audience: "a", org_code: "c"}

  Throws what `check_additional_params/1` throws.
  """
  @spec add_additional_params(map(), map()) :: map()
  def add_additional_params(target, additional_params) do
    Map.merge(target, check_additional_params(additional_params))
  end

  @doc "The version of this package."
  @spec get_current_app_version() :: String.t()
  def get_current_app_version do
    case Application.spec(:kinde_sdk, :vsn) do
      nil -> "unknown"
      version -> List.to_string(version)
    end
  end

  @doc """
  When something expires that lasts so many seconds from a time on.

      iex> KindeSDK.SDK.Utils.calculate_expiring_timestamp(~U[2024-01-01 00:00:00Z], 3600)
      ~U[2024-01-01 01:00:00Z]
  """
  @spec calculate_expiring_timestamp(DateTime.t(), integer()) :: DateTime.t()
  def calculate_expiring_timestamp(timestamp, expires_in), do: DateTime.add(timestamp, expires_in, :second)
end
