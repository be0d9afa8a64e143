defmodule Kinde.Token do
  @moduledoc """
  Bearer tokens, and the grants for applications that keep tokens themselves.

      {:ok, claims} = Kinde.Token.verify(MyApp.Kinde, bearer, audience: "https://api.example.com")

  The struct is what Kinde answers to a grant. `inspect/1` does not show the tokens.
  """

  use Kinde.Bang

  alias Kinde.{Call, Client, Native}

  @derive {Inspect, only: [:token_type, :scope, :expires_in, :expires_at, :received_at]}
  defstruct [
    :access_token,
    :id_token,
    :refresh_token,
    :token_type,
    :scope,
    :expires_in,
    :expires_at,
    :received_at
  ]

  @type t :: %__MODULE__{
          access_token: String.t(),
          id_token: String.t() | nil,
          refresh_token: String.t() | nil,
          token_type: String.t() | nil,
          scope: String.t() | nil,
          expires_in: integer() | nil,
          expires_at: integer() | nil,
          received_at: integer() | nil
        }

  @doc """
  Verifies a token, by default an access token, and gives its claims.

  Signature, issuer, times and kind are judged, and what the options and the client's settings ask for: `:audience`,
  `:type` (`:access` or `:id`), `:nonce`, `:access_token`. Kinde's keys are fetched when they are not there yet.
  """
  @spec verify(Client.named(), String.t()) :: Kinde.result(%{String.t() => term()})
  @spec verify(Client.named(), String.t(), Kinde.params()) :: Kinde.result(%{String.t() => term()})
  def verify(client, token, options \\ []) do
    client = Client.get(client)

    case Native.verify_token(client.ref, token, options) do
      :wait -> Call.run(client, :verify_token, &Native.verify_token_async(client.ref, token, options, &1))
      verified -> verified
    end
  end

  @doc """
  Verifies a token as `verify/3` does, and gives no claims, which takes a fraction of the time.

  For those who only want to know whether it is good, also with the `:permissions` or `:scopes` that they ask for.
  """
  @spec check(Client.named(), String.t()) :: Kinde.result()
  @spec check(Client.named(), String.t(), Kinde.params()) :: Kinde.result()
  def check(client, token, options \\ []) do
    client = Client.get(client)

    with :wait <- Native.check_token(client.ref, token, options),
         {:ok, _claims} <- verify(client, token, options),
         do: :ok
  end

  @doc "Exchanges the `code` of a callback for tokens; takes `code_verifier` and `nonce` of `Kinde.Client.authorization_url/2` too."
  @spec exchange_code(Client.named(), Kinde.params()) :: Kinde.result(t())
  def exchange_code(client, params), do: grant(client, :exchange_code, params, &Native.exchange_code/3)

  @doc "New tokens for a `refresh_token`; the `id_token` of before, if given, is compared with the new one."
  @spec refresh(Client.named(), Kinde.params()) :: Kinde.result(t())
  def refresh(client, params), do: grant(client, :refresh, params, &Native.refresh_tokens/3)

  @doc "A token for the application itself; takes `audience` and `scope`."
  @spec client_credentials(Client.named()) :: Kinde.result(t())
  @spec client_credentials(Client.named(), Kinde.params()) :: Kinde.result(t())
  def client_credentials(client, params \\ []) do
    grant(client, :client_credentials, params, &Native.client_credentials/3)
  end

  @doc "Revokes a token: `token`, and `token_type_hint`."
  @spec revoke(Client.named(), Kinde.params()) :: Kinde.result()
  def revoke(client, params), do: call(client, :revoke, params, &Native.revoke_token/3)

  @doc "What Kinde says about a token: `token`, and `token_type_hint`."
  @spec introspect(Client.named(), Kinde.params()) :: Kinde.result(%{String.t() => term()})
  def introspect(client, params), do: call(client, :introspect, params, &Native.introspect_token/3)

  @doc "The profile of the user whose `access_token` it is."
  @spec user_profile(Client.named(), Kinde.params()) :: Kinde.result(%{String.t() => term()})
  def user_profile(client, params), do: call(client, :user_profile, params, &Native.user_profile/3)

  @doc "Begins a sign-in on a device without a browser: show the user `user_code` and `verification_uri`."
  @spec device_start(Client.named()) :: Kinde.result(device())
  @spec device_start(Client.named(), Kinde.params()) :: Kinde.result(device())
  def device_start(client, params \\ []), do: call(client, :device_start, params, &Native.device_start/3)

  @typedoc "A sign-in on a device that has begun."
  @type device :: %{
          device_code: String.t(),
          user_code: String.t(),
          verification_uri: String.t(),
          verification_uri_complete: String.t() | nil,
          expires_in: integer(),
          interval: integer(),
          qr_code: String.t() | nil
        }

  @doc """
  Asks whether the user has confirmed the `device_code`.

  Until then it fails with `:authorization_pending`, or `:slow_down` when asked more often than each `interval` seconds.
  """
  @spec device_poll(Client.named(), Kinde.params()) :: Kinde.result(t())
  def device_poll(client, params), do: grant(client, :device_poll, params, &Native.device_poll/3)

  defp grant(client, flow, params, native) do
    with {:ok, tokens} <- call(client, flow, params, native), do: {:ok, struct!(__MODULE__, tokens)}
  end

  defp call(client, flow, params, native) do
    client = Client.get(client)
    Call.run(client, flow, &native.(client.ref, params, &1))
  end
end
