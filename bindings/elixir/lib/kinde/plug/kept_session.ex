if match?({:module, _}, Code.ensure_compiled(Plug.Conn)) do
  defmodule Kinde.Plug.KeptSession do
    @moduledoc false
    # The session of one browser during a request: where it came from, and where it is kept until the next one. The session of
    # Plug holds an id of the store, or nothing but claims: with its 4 KB it has no room for tokens.

    import Kinde.Plug.Failure, only: [is_unusable: 1]

    alias Kinde.Plug.{Cookies, Settings, SignIns}
    alias Kinde.{Client, Error, Session}
    alias Plug.Conn

    require Logger

    # The names in the session of Plug; `Kinde.LiveView` knows the first two.
    @id "kinde_session_id"
    @claims "kinde_claims"
    @user "kinde_user"
    @live_socket_id "live_socket_id"
    # That of Plug.CSRFProtection and Phoenix.
    @csrf_token "_csrf_token"

    # In base 64 and signed, with some room left, this is what a cookie of 4 KB has.
    @most_claims 2400
    # An access token that lives less than this is renewed before questions.
    @seconds_left 60
    @signed_out [:not_authenticated, :token_expired]

    @enforce_keys [:settings]
    defstruct [:settings, :session, :text, :revision, :unavailable]

    @type t :: %__MODULE__{
            settings: Settings.t(),
            session: Session.t() | nil,
            text: String.t() | nil,
            revision: integer() | nil,
            unavailable: Error.t() | nil
          }

    @doc "What `open/2` found."
    @spec get(Conn.t()) :: t()
    def get(%Conn{private: %{kinde_plug: kept}}), do: kept

    def get(_conn) do
      raise ArgumentError,
            "the session is not there yet: put `plug Kinde.Plug, client: …` before, behind :fetch_session"
    end

    @doc "Opens the session of this browser, with a fresh access token."
    @spec open(Conn.t(), Settings.t()) :: Conn.t()
    # An application inside another one shares its session.
    def open(%Conn{private: %{kinde_plug: _kept}} = conn, _settings), do: conn

    def open(conn, settings) do
      settings = %{settings | client: Client.get(settings.client)}
      conn = conn |> put(%__MODULE__{settings: settings}) |> Conn.register_before_send(&close/1)

      with {:ok, text} when is_binary(text) <- read(conn, settings),
           kept = %{get(conn) | text: text},
           {:ok, session} <- unless_unavailable(Settings.open(settings, text), kept),
           kept = %{kept | session: session, revision: Session.revision(session)},
           :ok <- renew(session) do
        put(conn, kept)
      else
        {:ok, _none} -> drop_claims(conn)
        {:unavailable, kept} -> put(conn, kept)
        {:error, error} -> conn |> log(error) |> forget()
      end
    end

    # Nobody is signed out because the store cannot be asked.
    defp unless_unavailable({:error, %Error{code: code} = error}, kept) when not is_unusable(code) do
      if kept.settings.keep == :store, do: {:unavailable, %{kept | unavailable: error}}, else: raise(error)
    end

    defp unless_unavailable(result, _kept), do: result

    defp renew(session) do
      case Session.ensure_fresh(session, @seconds_left) do
        {:ok, _refreshed} -> :ok
        {:error, %Error{code: code}} when code in @signed_out -> :ok
        {:error, %Error{code: code} = error} when is_unusable(code) -> {:error, error}
        {:error, error} -> log(:ok, error)
      end
    end

    @doc "Signs in whoever is signed in to this session, in place of whom there was."
    @spec signed_in(Conn.t(), Session.t()) :: Kinde.result(Conn.t())
    def signed_in(conn, session) do
      former = get(conn)
      kept = %__MODULE__{settings: former.settings, session: session}

      with {:ok, conn} <- conn |> renew_plug_session(kept) |> keep(kept) do
        end_former(former, get(conn))
        {:ok, conn}
      end
    end

    @doc "Signs out, here and in the store, and gives the address that does it at Kinde too."
    @spec sign_out(Conn.t(), Kinde.params()) :: {:ok, Conn.t(), String.t()} | {:error, Error.t()}
    def sign_out(conn, params) do
      case get(conn) do
        %{unavailable: nil, settings: settings} = kept ->
          with {:ok, session} <-
                 if(kept.session, do: {:ok, kept.session}, else: Session.new(settings.client)),
               {:ok, url} <- Session.logout(session, params),
               do: {:ok, conn |> forget() |> SignIns.clear(settings) |> clear_plug_session(settings), url}

        %{unavailable: error} ->
          {:error, error}
      end
    end

    # Keeps what changed during the request. Callbacks run in the reverse order, so the session of Plug is written later.
    defp close(conn) do
      kept = get(conn)

      if kept.session && (Session.revision(kept.session) != kept.revision or claims_missing?(conn, kept)) do
        case keep(conn, kept) do
          {:ok, conn} -> conn
          {:error, %Error{code: code} = error} when is_unusable(code) -> conn |> log(error) |> forget()
          {:error, error} -> log(conn, error)
        end
      else
        conn
      end
    end

    defp keep(conn, %{settings: settings, session: session} = kept) do
      with {:ok, text} <- Settings.carry(settings, session),
           {:ok, conn} <- write(conn, kept, text),
           {:ok, conn} <- put_claims(conn, kept),
           do: {:ok, put(conn, %{kept | text: text, revision: Session.revision(session)})}
    end

    defp forget(conn) do
      kept = get(conn)
      conn = put(conn, %__MODULE__{settings: kept.settings})

      case kept.settings do
        %{keep: :store} ->
          Conn.delete_session(conn, @id)

        settings ->
          conn
          |> Cookies.delete(settings.client, settings.cookie_name, secure: secure?(conn))
          |> drop_claims()
      end
    end

    # A session that another one takes the place of would live on under the id that the browser had.
    defp end_former(%{settings: %{keep: :store}, text: id} = former, %{text: other})
         when is_binary(id) and id != other do
      case Session.delete(former.settings.client, id) do
        {:error, %Error{code: code} = error} when not is_unusable(code) -> log(:ok, error)
        _deleted -> :ok
      end
    end

    defp end_former(_former, _kept), do: :ok

    # Where it is kept

    defp read(conn, %{keep: :store}), do: {:ok, Conn.get_session(conn, @id)}
    defp read(conn, settings), do: Cookies.read(conn, settings.client, settings.cookie_name)

    defp write(conn, %{settings: %{keep: :store}, text: text}, text), do: {:ok, conn}
    defp write(conn, %{settings: %{keep: :store}}, text), do: {:ok, Conn.put_session(conn, @id, text)}

    defp write(conn, %{settings: settings}, text) do
      with {:ok, conn} <-
             Cookies.write(conn, settings.client, settings.cookie_name, text, secure: secure?(conn)),
           do: {:ok, keep_private(conn)}
    end

    # Shared caches must not hand a session to somebody else.
    defp keep_private(conn) do
      control = conn |> Conn.get_resp_header("cache-control") |> Enum.join(", ")

      if control =~ ~r/\b(?:private|no-store)\b/i,
        do: conn,
        else: Conn.put_resp_header(conn, "cache-control", "no-store")
    end

    defp secure?(conn), do: Settings.secure?(get(conn).settings, conn)

    # A session without tokens, for a LiveView, which sees nothing but the session of Plug.

    defp put_claims(conn, %{settings: %{keep: :cookies, live_view: true}, session: session}) do
      with true <- Session.authenticated?(session),
           {:ok, seal} <- Session.seal(session, content: "claims") do
        if byte_size(seal) <= @most_claims,
          do: {:ok, Conn.put_session(conn, @claims, seal)},
          else: {:ok, too_long(conn)}
      else
        false -> {:ok, drop_claims(conn)}
        {:error, error} -> {:error, error}
      end
    end

    defp put_claims(conn, _kept), do: {:ok, conn}

    defp too_long(conn) do
      Logger.error(
        "[kinde] the claims of a user are too long for the session of Plug: keep sessions in a store (keep: :store)"
      )

      drop_claims(conn)
    end

    defp claims_missing?(conn, %{settings: %{keep: :cookies, live_view: true}, session: session}),
      do: Conn.get_session(conn, @claims) == nil and Session.authenticated?(session)

    defp claims_missing?(_conn, _kept), do: false

    # Claims without the session from which they are would outlive it.
    defp drop_claims(conn) do
      if plug_session?(conn) and Conn.get_session(conn, @claims),
        do: Conn.delete_session(conn, @claims),
        else: conn
    end

    # The session of Plug

    # What somebody knew of it before the sign-in is worth nothing afterwards: neither its id nor its token against forgery.
    # What another user left in it is not for this one.
    defp renew_plug_session(conn, %{settings: settings, session: session}) do
      if plug_session?(conn) do
        user = digest(Session.claim(session, "sub"))

        conn =
          if Conn.get_session(conn, @user) in [nil, user], do: conn, else: clear_plug_session(conn, settings)

        conn
        |> Conn.configure_session(renew: true)
        |> Conn.delete_session(@csrf_token)
        |> Conn.put_session(@user, user)
        |> put_live_socket_id(settings)
      else
        conn
      end
    end

    defp clear_plug_session(conn, settings) do
      if plug_session?(conn) do
        disconnect(settings.endpoint, Conn.get_session(conn, @live_socket_id))
        conn |> Conn.configure_session(renew: true) |> Conn.clear_session()
      else
        conn
      end
    end

    # By this name Phoenix closes the LiveViews of a session.
    defp put_live_socket_id(conn, %{keep: :cookies, live_view: false}), do: conn

    defp put_live_socket_id(conn, _settings) do
      if Conn.get_session(conn, @live_socket_id),
        do: conn,
        else:
          Conn.put_session(
            conn,
            @live_socket_id,
            "kinde:" <> Base.url_encode64(:crypto.strong_rand_bytes(18))
          )
    end

    defp disconnect(endpoint, live_socket_id) when endpoint != nil and is_binary(live_socket_id),
      do: endpoint.broadcast(live_socket_id, "disconnect", %{})

    defp disconnect(_endpoint, _live_socket_id), do: :ok

    defp digest({:ok, sub}),
      do: :crypto.hash(:sha256, "#{sub}") |> binary_part(0, 16) |> Base.url_encode64(padding: false)

    defp digest({:error, _error}), do: "unknown"

    # Sessions in cookies do without it.
    defp plug_session?(conn) do
      _session = Conn.get_session(conn)
      true
    rescue
      ArgumentError -> false
    end

    defp put(conn, %{session: session} = kept) do
      signed_in = if session && Session.authenticated?(session), do: session

      conn
      |> Conn.put_private(:kinde_plug, kept)
      |> Conn.assign(:kinde_session, signed_in)
      |> Conn.assign(:kinde_user, signed_in && user(signed_in))
    end

    # A session of the application itself, or without an ID token, is nobody's.
    defp user(session) do
      case Session.user(session) do
        {:ok, user} -> user
        {:error, _error} -> nil
      end
    end

    defp log(result, error) do
      Logger.warning("[kinde] #{Exception.message(error)}")
      result
    end
  end
end
