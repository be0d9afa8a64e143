defmodule KindeSDK.FeatureFlags do
  @moduledoc false

  # What `KindeClientSDK` answers about feature flags: the documented maps and sentences.

  alias Kinde.{Error, Session}

  # The types of flags that the documentation knows, by the letters that stand for them in tokens.
  @types %{"b" => "boolean", "s" => "string", "i" => "integer"}
  @words Map.values(@types)

  @missing "This flag does not exist, and no default value provided"
  @missing_typed "Error - flag does not exist and no default provided"

  @doc "The flag; nil if the user has no such flag."
  @spec find(Session.t(), String.t()) :: Kinde.result(map() | nil)
  def find(session, code) do
    case Session.flag(session, code) do
      {:error, %Error{code: :flag_not_found}} -> {:ok, nil}
      found -> found
    end
  end

  @spec describe(map() | nil, String.t()) :: map() | String.t()
  def describe(nil, _code), do: @missing

  def describe(flag, code) do
    %{"code" => code, "type" => word(flag.type), "value" => flag.value, "is_default" => false}
  end

  @spec describe(map() | nil, String.t(), term()) :: map() | String.t()
  def describe(nil, code, default), do: %{"code" => code, "value" => default, "is_default" => true}
  def describe(flag, code, _default), do: describe(flag, code)

  @spec describe(map() | nil, String.t(), term(), String.t()) :: map() | String.t()
  def describe(nil, code, default, _type), do: describe(nil, code, default)

  def describe(flag, code, default, type) do
    wanted = Map.get(@types, type, type)

    if flag.type == wanted,
      do: describe(flag, code, default),
      else: "The flag type was provided as #{word(wanted)}, but it is #{word(flag.type)}"
  end

  @doc "The value of a flag of one type."
  @spec value(map() | nil, String.t(), String.t(), :none | {:default, term()}) :: term()
  def value(nil, _code, _type, :none), do: @missing_typed
  def value(nil, _code, _type, {:default, default}), do: default
  def value(%{type: type, value: value}, _code, type, _default), do: value
  def value(flag, code, type, _default), do: "Error - Flag #{code} is of type #{word(flag.type)} not #{type}"

  defp word(type) when type in @words, do: type
  defp word(_other), do: "undefined"
end
