if match?({:module, _}, Code.ensure_compiled(Plug.Conn)) do
  defmodule Kinde.Plug.Settings do
    @moduledoc false
    # What `Kinde.Plug` was told, and how a session becomes a text to keep, and the text a session.

    alias Kinde.{Client, Session}

    @enforce_keys [:client]
    defstruct [:client, :secure, :endpoint, keep: :store, cookie_name: "kinde_session", live_view: false]

    @type t :: %__MODULE__{
            client: Client.named(),
            keep: :store | :cookies,
            cookie_name: String.t(),
            live_view: boolean(),
            secure: boolean() | nil,
            endpoint: module() | nil
          }

    @doc "Checked, when the application is compiled or started: not with the first user."
    @spec new(keyword()) :: t()
    def new(options) do
      settings = struct!(__MODULE__, options)
      if settings.client == nil, do: raise(ArgumentError, "client: the name of a Kinde.Client is needed")
      if settings.keep not in [:store, :cookies], do: raise(ArgumentError, "keep: must be :store or :cookies")
      unless is_boolean(settings.live_view), do: raise(ArgumentError, "live_view: must be true or false")
      unless settings.secure in [nil, true, false], do: raise(ArgumentError, "secure: must be true or false")
      unless is_atom(settings.endpoint), do: raise(ArgumentError, "endpoint: must be a module")

      unless is_binary(settings.cookie_name) and settings.cookie_name =~ ~r/\A[A-Za-z0-9_-]+\z/,
        do: raise(ArgumentError, "cookie_name: must consist of letters, digits, _ and -")

      settings
    end

    @doc "The text that stands for a session: an id of the store, or the whole session, sealed."
    @spec carry(t(), Session.t()) :: Kinde.result(String.t())
    def carry(%__MODULE__{keep: :store}, session), do: Session.save(session)
    def carry(%__MODULE__{keep: :cookies}, session), do: Session.seal(session)

    @doc "The session for which a text stands."
    @spec open(t(), String.t()) :: Kinde.result(Session.t())
    def open(%__MODULE__{keep: :store} = settings, text), do: Session.load(settings.client, text)
    def open(%__MODULE__{keep: :cookies} = settings, text), do: Session.open(settings.client, text)

    @doc """
    Whether cookies go over HTTPS only. Behind a proxy that ends TLS the callback's address tells what the request does not.
    Over plain HTTP a browser refuses, or never sends, a cookie that is `Secure`.
    """
    @spec secure?(t(), Plug.Conn.t()) :: boolean()
    def secure?(%__MODULE__{secure: secure}, _conn) when is_boolean(secure), do: secure

    def secure?(settings, conn) do
      conn.scheme == :https or String.starts_with?(settings.cookie_name, ["__Host-", "__Secure-"]) or
        https_callback?(settings.client)
    end

    defp https_callback?(client) do
      case Client.authorization_url(client) do
        {:ok, %{url: url}} ->
          String.starts_with?(URI.decode_query(URI.parse(url).query || "")["redirect_uri"] || "", "https:")

        {:error, _error} ->
          true
      end
    end
  end
end
