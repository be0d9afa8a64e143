defmodule KindeSDK.SignIn do
  @moduledoc false

  # How somebody is signed in and out by `KindeClientSDK`. Where it fails, the user is signed out, and it throws why.

  alias Kinde.{Error, Session}
  alias Kinde.Plug.Navigation
  alias KindeSDK.{Browser, CoreClient, PlugSession}
  alias KindeSDK.KindeCache.Entries
  alias KindeSDK.SDK.Utils

  @bad_state "Authentication failed because it tries to validate state"

  # Scopes of a user; a machine that asks for one of them gets nothing.
  @user_scopes ~w(openid profile email offline offline_access)

  @type page :: :login | :register | :create_org

  @doc "Sends the browser to a page of Kinde."
  @spec begin(PlugSession.conn(), KindeClientSDK.t(), page(), map()) :: PlugSession.conn()
  def begin(conn, client, page, additional_params) do
    # Wrong parameters are a mistake of the application, whoever asks.
    params = params(client, additional_params)

    if Navigation.unasked?(conn),
      do: PlugSession.refuse(conn),
      else: begin(conn, client, page_url(page, params))
  end

  defp begin(conn, client, url) do
    CoreClient.remember_secret(client)
    browser = %{(Browser.of(conn) || Browser.new(client)) | client: client}

    with {:ok, session, browser} <- Browser.session_to_sign_in(browser),
         {:ok, url} <- url.(session),
         {:ok, browser} <- Browser.keep(browser, session) do
      Entries.put(browser.id, %{session_id: browser.session_id, status: :authenticating})
      conn |> Browser.put(browser) |> PlugSession.redirect(url)
    else
      {:error, error} -> throw(Browser.reason(error))
    end
  end

  defp page_url(:login, params), do: &Session.login_url(&1, params)
  defp page_url(:register, params), do: &Session.register_url(&1, params)
  defp page_url(:create_org, params), do: &Session.create_org_url(&1, params)

  defp params(client, additional_params) do
    Utils.add_additional_params(client.additional_params || %{}, additional_params)
  end

  @doc "Gets a token for the application itself. It is kept on this node; others get their own."
  @spec machine(PlugSession.conn(), KindeClientSDK.t(), map()) :: :ok
  def machine(conn, client, additional_params) do
    params = params(client, additional_params)
    CoreClient.remember_secret(client)
    browser = %{(Browser.of(conn) || Browser.new(client)) | client: client}

    with :ok <- Browser.delete(browser),
         {:ok, core} <- CoreClient.of(client),
         {:ok, session} <- Session.new(core),
         :ok <-
           Session.client_credentials(session,
             audience: params[:audience],
             scope: machine_scope(client.scopes)
           ) do
      Entries.put(browser.id, %{held: session, client: %{client | cache_pid: nil}})
    else
      {:error, error} -> throw(Browser.reason(error))
    end
  end

  defp machine_scope(nil), do: nil

  defp machine_scope(scopes) do
    case String.split(scopes) -- @user_scopes do
      [] -> nil
      scopes -> Enum.join(scopes, " ")
    end
  end

  @doc "Takes the browser that came back from Kinde, or renews the token of one that is signed in."
  @spec token(PlugSession.conn(), Browser.t()) :: {PlugSession.conn(), Browser.t()}
  def token(conn, browser) do
    {params, query} = PlugSession.query(conn)
    callback? = Enum.any?(["code", "state", "error"], &is_map_key(params, &1))

    case Browser.session(browser) do
      {:ok, %Session{} = session} when callback? -> callback(conn, browser, session, query)
      {:ok, %Session{} = session} -> renew(conn, browser, session)
      {:ok, nil} when callback? -> unasked(conn, browser, query)
      {:ok, nil} -> throw(@bad_state)
      {:error, error} -> throw(Browser.reason(error))
    end
  end

  # An old link may be followed in another browser than that which began the sign-in. Nobody can be signed in by it.
  defp unasked(conn, browser, query) do
    with {:ok, core} <- CoreClient.of(browser.client),
         {:ok, session} <- Session.new(core) do
      callback(conn, browser, session, query)
    else
      {:error, error} -> throw(Browser.reason(error))
    end
  end

  defp callback(conn, browser, session, query) do
    case Session.handle_callback(session, query) do
      {:ok, %{outcome: :signed_in}} -> signed_in(conn, browser, session)
      {:ok, %{outcome: :restart, url: url}} -> restart(conn, browser, session, url)
      {:error, %Error{code: :state_mismatch}} -> foreign_state(conn, browser, session)
      {:error, error} -> fail(browser, session, error)
    end
  end

  defp signed_in(conn, browser, session) do
    case Session.save(session) do
      {:ok, id} ->
        browser = Browser.renamed(browser, id)
        Entries.put(browser.id, %{session_id: id})
        {conn |> Browser.put(browser) |> PlugSession.renew(), browser}

      {:error, error} ->
        fail(browser, session, error)
    end
  end

  # The user followed an old link: the sign-in begins anew, and the application finds the answer set already.
  defp restart(conn, browser, session, url) do
    case Browser.keep(browser, session) do
      {:ok, browser} ->
        Entries.merge(browser.id, %{status: :authenticating})
        {conn |> Browser.put(browser) |> PlugSession.redirect(url), browser}

      {:error, error} ->
        throw(Browser.reason(error))
    end
  end

  # A callback that is loaded again has a state that was used; whoever is signed in is not signed out by somebody's link.
  defp foreign_state(conn, browser, session) do
    if Browser.signed_in?(session), do: renew(conn, browser, session), else: throw(@bad_state)
  end

  # A sign-in of before must not stand in for the one that failed; sign-ins of other tabs go on.
  defp fail(browser, session, error) do
    known =
      if Browser.signed_in?(session) do
        Browser.delete(browser)
        %{client: browser.client}
      else
        %{client: browser.client, session_id: browser.session_id, status: :unauthenticated}
      end

    Entries.put(browser.id, known)
    throw(if error.code == :missing_code, do: "Not found code param", else: Browser.reason(error))
  end

  defp renew(conn, browser, session) do
    if Browser.signed_in?(session) do
      case Browser.renew(session, 60) do
        :ok -> {conn, browser}
        {:error, error} -> throw(Browser.reason(error))
      end
    else
      throw(@bad_state)
    end
  end

  @doc "Signs out here and sends the browser to where Kinde signs it out too."
  @spec out(PlugSession.conn(), Browser.t()) :: PlugSession.conn()
  def out(conn, browser) do
    if Navigation.unasked?(conn), do: PlugSession.refuse(conn), else: sign_out(conn, browser)
  end

  defp sign_out(conn, browser) do
    with {:ok, session} <- session_to_end(browser),
         {:ok, url} <- Session.logout(session, redirect: browser.client.logout_redirect_uri) do
      conn
      |> Browser.put(Browser.renamed(browser, nil))
      |> PlugSession.renew()
      |> PlugSession.redirect(url)
    else
      {:error, error} -> throw(Browser.reason(error))
    end
  end

  defp session_to_end(browser) do
    with {:ok, nil} <- Browser.session(browser),
         {:ok, core} <- CoreClient.of(browser.client),
         do: Session.new(core)
  end
end
