if match?({:module, _}, Code.ensure_compiled(Plug.Conn)) do
  defmodule Kinde.Plug do
    @moduledoc """
    Users in browsers, for Phoenix and every other application with `Plug`.

        # lib/my_app_web/router.ex
        pipeline :browser do
          plug :fetch_session
          plug :protect_from_forgery
          plug Kinde.Plug, client: MyApp.Kinde
        end

        pipeline :users do
          plug Kinde.Plug, :require_authenticated
        end

        pipeline :buyers do
          plug Kinde.Plug, {:require_permission, "create:orders"}
        end

        scope "/" do
          pipe_through :browser

          get "/login", Kinde.Plug, :login
          get "/register", Kinde.Plug, :register
          get "/callback", Kinde.Plug, :callback
          delete "/logout", Kinde.Plug, :logout
        end

        scope "/orders", MyAppWeb do
          pipe_through [:browser, :users]

          get "/", OrderController, :index
        end

    What the plug is, its argument says: the options of `fetch_session/2`, the name of another function of this module, or
    the name and its options, `{:login, return_to: "/orders"}`. The functions can be called in controllers too, and are
    plugs by themselves after `import Kinde.Plug, only: [require_authenticated: 2, require_permission: 2]`.

    Templates have `@kinde_user` (`nil`, or a map of `id`, `given_name`, `family_name`, `email`, `picture`) and
    `@kinde_session`, a `Kinde.Session` for all other questions, `nil` if nobody is signed in:

        <%= if @kinde_session && Kinde.Session.permission?(@kinde_session, "create:orders") do %>
    """

    @behaviour Plug

    alias Kinde.Plug.{Failure, KeptSession, Navigation, Settings, SignIns}
    alias Kinde.{Error, Session}
    alias Plug.Conn

    require Logger

    @actions [
      :fetch_session,
      :require_authenticated,
      :require_permission,
      :login,
      :register,
      :create_org,
      :callback,
      :logout
    ]

    # What a link to the sign-in page may say. All else is the application's to decide, with the option `params`.
    @parameters ~w(return_to org_code org_name login_hint connection_id lang invitation_code plan_interest pricing_table_key)

    @doc false
    @impl Plug
    def init(action) when action in @actions, do: {action, prepared(action, [])}
    def init({action, options}) when action in @actions, do: {action, prepared(action, options)}
    def init(options) when is_list(options), do: {:fetch_session, prepared(:fetch_session, options)}

    @doc false
    @impl Plug
    def call(conn, {action, options}), do: apply(__MODULE__, action, [conn, options])

    @doc """
    Opens the session of the browser, and renews an access token that lives less than a minute. `plug :fetch_session` of
    Plug comes before it.

    A visitor without a session costs nothing. What changes during the request is kept when the answer is sent.

    | Option | Default | |
    | --- | --- | --- |
    | `:client` | | the name of a `Kinde.Client` |
    | `:keep` | `:store` | where sessions are kept: in the store of the client's setting `store_url`, with an id in the session of Plug; or sealed in cookies of their own, `:cookies`, for which the setting `seal_keys` is needed |
    | `:cookie_name` | `"kinde_session"` | the beginning of the names of all cookies that this module sets |
    | `:live_view` | `false` | with `:cookies`: whether the session of Plug shall hold the claims for `Kinde.LiveView` |
    | `:secure` | by the request and the client's `redirect_uri` | whether cookies are sent over HTTPS only |
    | `:endpoint` | | that of Phoenix: signing out closes the user's LiveViews |

    If the store cannot be asked, the request goes on as nobody's, nothing is signed out, `require_authenticated/2` answers
    503, and the questions of this module raise a `Kinde.Error`.
    """
    @spec fetch_session(Conn.t(), keyword() | Settings.t()) :: Conn.t()
    def fetch_session(conn, options), do: KeptSession.open(conn, prepared(:fetch_session, options))

    @doc """
    Lets signed-in users through, and sends others to sign in and come back.

    What is not a page that a user goes to gets 401: a form that is posted, a request of a script, a page that a browser
    fetches ahead.

    | Option | |
    | --- | --- |
    | `:to` | the path of your own page for signing in, which gets `return_to` in its query; otherwise the user goes straight to Kinde's |
    | `:params` | authorization parameters for Kinde's page |
    """
    @spec require_authenticated(Conn.t(), keyword()) :: Conn.t()
    def require_authenticated(conn, options \\ []) do
      kept = KeptSession.get(conn)

      cond do
        kept.unavailable ->
          unavailable(conn, kept.unavailable)

        authenticated?(conn) ->
          conn

        conn.method == "GET" and Navigation.page?(conn) and not Navigation.ahead?(conn) ->
          send_to_sign_in(conn, options)

        true ->
          text(conn, 401, "Not signed in.\n")
      end
    end

    @doc """
    Lets users through who have a permission, or all of a list of permissions. Nobody signed in is sent to sign in, as
    `require_authenticated/2` does; all others get 403.

    Options instead of permissions: `:permission`, `:on_denied` (`&MyAppWeb.Errors.denied/1`, or `{module, function}`: makes
    the answer), and those of `require_authenticated/2`.
    """
    @spec require_permission(Conn.t(), String.t() | [String.t()] | keyword()) :: Conn.t()
    def require_permission(conn, options) do
      options = prepared(:require_permission, options)
      {own, others} = Keyword.split(options, [:permission, :on_denied])
      conn = require_authenticated(conn, others)

      cond do
        conn.halted -> conn
        Enum.all?(List.wrap(own[:permission]), &permission?(conn, &1)) -> conn
        own[:on_denied] -> own[:on_denied] |> answer([conn]) |> Conn.halt()
        true -> text(conn, 403, "Not allowed.\n")
      end
    end

    @doc """
    Sends the browser to Kinde's sign-in page.

    The query of the request may say `return_to`, `org_code`, `org_name`, `login_hint`, `connection_id`, `lang`,
    `invitation_code`, `plan_interest` and `pricing_table_key`. Where the user may be led to afterwards, the library judges:
    within the application, and to the setting `return_origins`.

    | Option | |
    | --- | --- |
    | `:return_to` | where the user shall go afterwards, before what the query says |
    | `:params` | authorization parameters, before what the query says |
    | `:on_failure` | a function of the conn and the `Kinde.Error`, or `{module, function}`, that makes the answer when it failed |

    Answers 400, and does nothing, if a browser fetches ahead, for `HEAD`, and for what is part of a page.
    """
    @spec login(Conn.t(), keyword()) :: Conn.t()
    def login(conn, options \\ []), do: sign_in_page(conn, options, &Session.login_url/2)

    @doc "Sends the browser to Kinde's page for new users; otherwise as `login/2`."
    @spec register(Conn.t(), keyword()) :: Conn.t()
    def register(conn, options \\ []), do: sign_in_page(conn, options, &Session.register_url/2)

    @doc "Sends the browser to Kinde's page for new users of a new organization; otherwise as `login/2`."
    @spec create_org(Conn.t(), keyword()) :: Conn.t()
    def create_org(conn, options \\ []), do: sign_in_page(conn, options, &Session.create_org_url/2)

    @doc """
    Finishes a sign-in: the page to which Kinde sends the browser back, the path of the setting `redirect_uri`.

    The session and the session of Plug get new ids, and the user goes where the sign-in said.

    | Option | Default | |
    | --- | --- | --- |
    | `:return_to` | `"/"` | where the user goes if the sign-in did not say |
    | `:on_failure` | a page that shows nothing of what was sent: 400, or 503 when Kinde or the store is away | as in `login/2` |
    """
    @spec callback(Conn.t(), keyword()) :: Conn.t()
    def callback(conn, options \\ []) do
      options = Keyword.validate!(options, [:on_failure, return_to: "/"])

      # A callback may be fetched ahead with the page that leads to it: then it has happened, at Kinde too.
      if Navigation.head?(conn) do
        refuse(conn)
      else
        settings = KeptSession.get(conn).settings

        case finish(conn, settings) do
          {:ok, conn, return_to} -> redirect(conn, return_to || options[:return_to])
          {:error, error} -> callback_failed(conn, error, options)
        end
      end
    end

    @doc """
    Signs the user out, here and at Kinde, and empties the session of Plug.

    Route it by `post` or `delete`, which Phoenix protects against forgery; `get` works too, but not for a browser that
    fetches ahead or for what is part of a page: these get 400.

    | Option | |
    | --- | --- |
    | `:redirect` | where Kinde sends the browser afterwards, instead of the setting `logout_redirect_uri` |
    | `:on_failure` | as in `login/2`; the user is still signed in |
    """
    @spec logout(Conn.t(), keyword()) :: Conn.t()
    def logout(conn, options \\ []) do
      options = Keyword.validate!(options, [:on_failure, :redirect])

      if Navigation.unasked?(conn) do
        refuse(conn)
      else
        case KeptSession.sign_out(conn, redirect: options[:redirect]) do
          {:ok, conn, url} -> redirect(conn, url)
          {:error, error} -> failed(conn, error, options)
        end
      end
    end

    @doc """
    Signs in whoever is signed in to a session that the application has from elsewhere, such as that of
    `Kinde.Session.from_tokens/2`.
    """
    @spec sign_in(Conn.t(), Session.t()) :: Kinde.result(Conn.t())
    def sign_in(conn, %Session{} = session), do: KeptSession.signed_in(conn, session)

    @doc "The session, `nil` if the browser has none. Its access token may have expired."
    @spec session(Conn.t()) :: Session.t() | nil
    def session(conn) do
      case KeptSession.get(conn) do
        %{unavailable: nil, session: session} -> session
        %{unavailable: error} -> raise error
      end
    end

    @doc "Whether somebody is signed in."
    @spec authenticated?(Conn.t()) :: boolean()
    def authenticated?(conn) do
      session = session(conn)
      session != nil and Session.authenticated?(session)
    end

    @doc "Whether the user has a permission; `false` if nobody is signed in."
    @spec permission?(Conn.t(), String.t()) :: boolean()
    def permission?(conn, key) do
      session = session(conn)
      session != nil and Session.permission?(session, key)
    end

    @doc "The user, `nil` if nobody is signed in."
    @spec user(Conn.t()) :: Session.user() | nil
    def user(conn) do
      _raises_if_it_cannot_be_told = session(conn)
      conn.assigns[:kinde_user]
    end

    # Options are checked when the application is compiled or started.
    defp prepared(:fetch_session, %Settings{} = settings), do: settings
    defp prepared(:fetch_session, options), do: Settings.new(options)

    defp prepared(:require_permission, permission) when is_binary(permission), do: [permission: permission]

    defp prepared(:require_permission, options) when is_list(options) do
      options = if Enum.all?(options, &is_binary/1), do: [permission: options], else: options

      if List.wrap(options[:permission]) == [],
        do: raise(ArgumentError, "require_permission: which permission?")

      Keyword.validate!(options, [:permission, :on_denied, :to, :params])
    end

    defp prepared(:require_authenticated, options), do: Keyword.validate!(options, [:to, :params])
    defp prepared(:callback, options), do: Keyword.validate!(options, [:on_failure, :return_to])
    defp prepared(:logout, options), do: Keyword.validate!(options, [:on_failure, :redirect])
    defp prepared(_sign_in, options), do: Keyword.validate!(options, [:on_failure, :params, :return_to])

    # Signing in

    defp send_to_sign_in(conn, options) do
      query = if conn.query_string == "", do: "", else: "?" <> conn.query_string
      here = conn.request_path <> query

      case options[:to] do
        nil -> begin_at_kinde(conn, Map.new(options[:params] || []), here)
        path -> redirect(conn, path <> "?return_to=" <> URI.encode_www_form(here))
      end
    end

    # An address to which the library leads nobody back, because it looks like another site's or is too long, is no reason
    # not to let the user sign in.
    defp begin_at_kinde(conn, params, here) do
      settings = KeptSession.get(conn).settings

      # Servers hand on whatever bytes were sent.
      back = if String.valid?(here), do: Map.put(params, :return_to, here), else: params

      result =
        with {:error, %Error{code: :invalid_argument}} <-
               SignIns.begin(conn, settings, &Session.login_url(&1, back)),
             do: SignIns.begin(conn, settings, &Session.login_url(&1, params))

      case result do
        {:ok, conn, url} -> redirect(conn, url)
        {:error, error} -> failed(conn, error, [])
      end
    end

    defp sign_in_page(conn, options, url) do
      options = Keyword.validate!(options, [:on_failure, :params, :return_to])

      # A script, or a browser that fetches ahead, may ask for many at once, and each has a cookie that goes along with all
      # further requests.
      if Navigation.unasked?(conn) or not Navigation.page?(conn) do
        refuse(conn)
      else
        conn = Conn.fetch_query_params(conn)
        params = parameters(conn.query_params, options)

        case SignIns.begin(conn, KeptSession.get(conn).settings, &url.(&1, params)) do
          {:ok, conn, url} -> redirect(conn, url)
          {:error, error} -> failed(conn, error, options)
        end
      end
    end

    defp parameters(query, options) do
      asked =
        for {name, value} <- Map.take(query, @parameters),
            is_binary(value),
            value != "",
            into: %{},
            do: {name, value}

      said = Map.new(options[:params] || [], fn {name, value} -> {to_string(name), value} end)
      params = Map.merge(asked, said)
      if options[:return_to], do: Map.put(params, "return_to", options[:return_to]), else: params
    end

    defp finish(conn, settings) do
      with {:ok, conn, begun} <- SignIns.take(conn, settings, conn.query_string),
           {:ok, session} <- if(begun, do: {:ok, begun}, else: Session.new(settings.client)) do
        case handle_callback(session, conn.query_string) do
          {:ok, %{outcome: :signed_in, return_to: return_to}} ->
            with {:ok, conn} <- KeptSession.signed_in(conn, session), do: {:ok, conn, return_to}

          # The link that the user followed had expired: nobody is signed in, and a sign-in is begun anew.
          {:ok, %{outcome: :restart, url: url}} ->
            with {:ok, conn} <- SignIns.keep(conn, settings, session, url), do: {:ok, conn, url}

          {:error, error} ->
            {:error, error}
        end
      end
    end

    # Servers hand on whatever bytes were sent; Kinde sends text.
    defp handle_callback(session, query) do
      if String.valid?(query),
        do: Session.handle_callback(session, query),
        else: {:error, %Error{code: :state_mismatch, message: "the query of the callback is not UTF-8"}}
    end

    defp callback_failed(conn, error, options) do
      {:ok, conn, _begun} = used_up(conn)

      # The user went back to, or reloaded, a callback that has done its work.
      if error.code in [:state_mismatch, :missing_code] and KeptSession.get(conn).unavailable == nil and
           authenticated?(conn),
         do: redirect(conn, options[:return_to]),
         else: failed(conn, error, options)
    end

    # A sign-in that failed is over, whatever it failed with.
    defp used_up(conn) do
      settings = KeptSession.get(conn).settings

      with {:error, _error} <- SignIns.take(conn, settings, conn.query_string), do: {:ok, conn, nil}
    end

    # Answers

    defp failed(conn, error, options) do
      if Failure.fault?(error), do: raise(error)
      Logger.warning("[kinde] #{Exception.message(error)}")

      cond do
        options[:on_failure] -> options[:on_failure] |> answer([conn, error]) |> Conn.halt()
        Failure.unavailable?(error) -> unavailable(conn, error)
        # Nothing of what was sent is shown: it may come from anybody.
        true -> text(conn, 400, "That did not work: nothing was changed.\n")
      end
    end

    defp unavailable(conn, error) do
      conn
      |> Failure.put_retry_after(error)
      |> text(503, "That is not possible at the moment. Try again later.\n")
    end

    # No success, so that a browser which fetched ahead asks again when the user clicks.
    defp refuse(conn), do: text(conn, 400, "This page is not for fetching ahead.\n")

    defp answer({module, function}, arguments), do: apply(module, function, arguments)
    defp answer(function, arguments), do: apply(function, arguments)

    defp redirect(conn, url) do
      conn
      |> Conn.put_resp_header("location", url)
      |> Conn.put_resp_header("cache-control", "no-store")
      |> Conn.send_resp(302, "")
      |> Conn.halt()
    end

    defp text(conn, status, text) do
      conn
      |> Conn.put_resp_content_type("text/plain")
      |> Conn.put_resp_header("cache-control", "no-store")
      |> Conn.send_resp(status, text)
      |> Conn.halt()
    end
  end
end
