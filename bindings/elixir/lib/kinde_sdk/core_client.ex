defmodule KindeSDK.CoreClient do
  @moduledoc false

  # The `Kinde.Client` for a `KindeClientSDK` struct. The documented functions name domain and credentials per call; clients
  # with equal settings share keys, connections and session store, and one that was made is used again.

  alias Kinde.Error

  # An application has few. One that makes its `redirect_uri` of what browsers say has as many as they like.
  @most 1_000

  @doc "Makes the table of clients, which is the calling process's."
  @spec create() :: :ok
  def create do
    :ets.new(__MODULE__, [:set, :public, :named_table, read_concurrency: true])
    :ok
  end

  @doc "The client, or what is wrong with its settings."
  @spec of(KindeClientSDK.t()) :: {:ok, Kinde.Client.t()} | {:error, Error.t()}
  def of(%KindeClientSDK{} = client) do
    settings = settings(client)

    case :ets.lookup(__MODULE__, settings) do
      [{_settings, core}] ->
        {:ok, core}

      [] ->
        with {:ok, core} <- Kinde.Client.new(settings) do
          keep(settings, core)
          {:ok, core}
        end
    end
  end

  # The new one holds what it shares with those that go.
  defp keep(settings, core) do
    if :ets.info(__MODULE__, :size) >= @most, do: :ets.delete_all_objects(__MODULE__)
    :ets.insert(__MODULE__, {settings, core})
  end

  @doc "Keeps the secret of a client, which must not be in a cookie, for browsers that come with one."
  @spec remember_secret(KindeClientSDK.t()) :: :ok
  def remember_secret(%{client_secret: secret} = client) when is_binary(secret) do
    :persistent_term.put(secret_key(client.domain, client.client_id), secret)
  end

  def remember_secret(_public_client), do: :ok

  @doc "The secret of a client: of one that was used on this node, or the configured one."
  @spec secret(String.t(), String.t()) :: String.t() | nil
  def secret(domain, client_id) do
    case :persistent_term.get(secret_key(domain, client_id), nil) do
      nil -> configured_secret(client_id)
      secret -> secret
    end
  end

  defp configured_secret(client_id) do
    configured = [env(:backend_client_id), env(:frontend_client_id), env(:client_id)]
    if client_id in configured, do: env(:client_secret)
  end

  defp secret_key(domain, client_id), do: {__MODULE__, domain, client_id}

  defp settings(client) do
    given = [
      domain: client.domain,
      client_id: client.client_id,
      client_secret: presence(client.client_secret),
      redirect_uri: client.redirect_uri,
      logout_redirect_uri: presence(client.logout_redirect_uri),
      scope: client.scopes,
      store_url: System.get_env("KINDE_STORE_URL"),
      seal_keys: System.get_env("KINDE_SEAL_KEYS")
    ]

    Enum.reject(Keyword.merge(given, Keyword.new(env(:settings) || [])), fn {_name, value} ->
      is_nil(value)
    end)
  end

  defp presence(""), do: nil
  defp presence(value), do: value

  defp env(key), do: Application.get_env(:kinde_sdk, key)
end
