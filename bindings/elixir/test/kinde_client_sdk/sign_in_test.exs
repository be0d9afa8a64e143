defmodule KindeClientSDK.SignInTest do
  use ExUnit.Case, async: true

  import Kinde.Support.DocumentedApp

  alias Kinde.Support.Emulator

  @bad_state "Authentication failed because it tries to validate state"

  setup_all do
    %{emulator: Emulator.start!()}
  end

  for grant_type <- [:authorization_code, :authorization_code_flow_pkce] do
    test "a user signs in with #{grant_type}", %{emulator: emulator} do
      {conn, client} = init(conn(), emulator, unquote(grant_type))
      assert KindeClientSDK.get_auth_status(conn) == :unauthenticated

      conn = KindeClientSDK.login(conn, client)
      assert {conn.status, conn.state} == {302, :set}
      assert location(conn) =~ "#{emulator.url}/oauth2/auth?"

      sent = sent(conn)
      assert sent["response_type"] == "code"
      assert sent["scope"] == "openid profile email offline"
      assert sent["code_challenge_method"] == "S256"
      refute Map.has_key?(sent, "code_verifier")
      assert KindeClientSDK.get_auth_status(next(conn)) == :authenticating
      refute KindeClientSDK.authenticated?(next(conn))

      {conn, client} = conn |> come_back(emulator) |> KindeClientSDK.get_token()
      assert client.auth_status == :authenticated
      assert client.grant_type == unquote(grant_type)

      conn = next(conn)
      assert KindeClientSDK.authenticated?(conn)
      assert KindeClientSDK.get_auth_status(conn) == :authenticated
      assert %{email: "ada@example.com", given_name: "Ada"} = KindeClientSDK.get_user_detail(conn)
    end
  end

  test "an application without a secret", %{emulator: emulator} do
    conn = signed_in(emulator, :authorization_code_flow_pkce, client_id: "emulator_spa", client_secret: nil)
    assert KindeClientSDK.authenticated?(conn)
    assert KindeClientSDK.get_kinde_client(conn).client_secret == nil
  end

  test "a client that was put together without init" do
    emulator = Emulator.start!()

    {_conn, client} =
      init(conn(), emulator, :authorization_code, client_id: "emulator_spa", client_secret: nil)

    client = %{
      client
      | client_id: "emulator_web",
        client_secret: "emulator-web-secret-0123456789abcdefghijkl"
    }

    {conn, _client} =
      conn() |> KindeClientSDK.login(client) |> come_back(emulator) |> KindeClientSDK.get_token()

    assert KindeClientSDK.authenticated?(next(conn))
  end

  test "the page for new users is another one", %{emulator: emulator} do
    {conn, client} = init(conn(), emulator)
    conn = KindeClientSDK.register(conn, client)
    assert %{"prompt" => "create"} = sent(conn)
    refute Map.has_key?(sent(conn), "is_create_org")
    assert {%{}, %{auth_status: :authenticated}} = conn |> come_back(emulator) |> KindeClientSDK.get_token()
  end

  test "an organization can be made", %{emulator: emulator} do
    {conn, client} = init(conn(), emulator)
    assert %{"is_create_org" => "true"} = conn |> KindeClientSDK.create_org(client) |> sent()

    assert %{"is_create_org" => "true", "org_name" => "Acme Two", "prompt" => "create"} =
             conn |> KindeClientSDK.create_org(client, %{org_name: "Acme Two"}) |> sent()
  end

  test "parameters of a call win over those of the client", %{emulator: emulator} do
    additional = %{org_code: "org_acme", audience: "https://api.example.com"}
    {conn, client} = init(conn(), emulator, :authorization_code, additional_params: additional)
    assert client.additional_params == additional

    conn = KindeClientSDK.login(conn, client, %{org_code: "org_globex"})
    assert %{"org_code" => "org_globex", "audience" => "https://api.example.com"} = sent(conn)

    {conn, _client} = conn |> come_back(emulator) |> KindeClientSDK.get_token()
    assert KindeClientSDK.get_organization(conn) == %{org_code: "org_globex"}
    assert "https://api.example.com" in KindeClientSDK.get_claims(conn)["aud"]
  end

  test "additional parameters are checked", %{emulator: emulator} do
    {conn, client} = init(conn(), emulator)

    for function <- [&KindeClientSDK.login/3, &KindeClientSDK.register/3, &KindeClientSDK.create_org/3] do
      assert catch_throw(function.(conn, client, %{org_code: 12_345})) ==
               "Please supply a valid org_code. Expected: string"

      assert catch_throw(function.(conn, client, %{org_code_test: "12345"})) ==
               "Please provide correct additional, org_code_test"
    end
  end

  test "an unknown grant type", %{emulator: emulator} do
    {conn, client} = init(conn(), emulator, :implicit, client_id: "emulator_web")
    assert catch_throw(KindeClientSDK.login(conn, client)) == "Please provide correct grant_type"
    assert catch_throw(KindeClientSDK.get_token(conn)) == "Please provide correct grant_type"
  end

  test "a callback with a state that is not ours", %{emulator: emulator} do
    {conn, client} = init(conn(), emulator)
    conn = KindeClientSDK.login(conn, client)

    for query <- ["code=x&state=foreign", "code=x", "state=", "error=access_denied"] do
      assert catch_throw(KindeClientSDK.get_token(next(conn, "/callback?" <> query))) == @bad_state
    end

    assert {%{}, %{auth_status: :authenticated}} = conn |> come_back(emulator) |> KindeClientSDK.get_token()
  end

  test "get_token where nobody has begun to sign in", %{emulator: emulator} do
    assert catch_throw(KindeClientSDK.get_token(conn("/callback?code=x&state=y"))) == @bad_state
    {conn, client} = init(conn(), emulator)
    assert catch_throw(KindeClientSDK.get_token(conn)) == @bad_state
    conn = KindeClientSDK.login(conn, client)
    assert catch_throw(KindeClientSDK.get_token(next(conn))) == @bad_state
  end

  test "a callback without a code", %{emulator: emulator} do
    {conn, client} = init(conn(), emulator)
    conn = KindeClientSDK.login(conn, client)
    callback = next(conn, "/callback?state=" <> sent(conn)["state"])
    assert catch_throw(KindeClientSDK.get_token(callback)) == "Not found code param"
    assert KindeClientSDK.get_auth_status(callback) == :unauthenticated
  end

  test "an error of the callback is thrown by its description", %{emulator: emulator} do
    for {query, text} <- [
          {"&error=access_denied&error_description=No+entry", "No entry"},
          {"&error=access_denied", "access_denied"}
        ] do
      {conn, client} = init(conn(), emulator)
      conn = KindeClientSDK.login(conn, client)
      callback = next(conn, "/callback?state=" <> sent(conn)["state"] <> query)
      assert catch_throw(KindeClientSDK.get_token(callback)) == text
      refute KindeClientSDK.authenticated?(callback)
    end
  end

  test "a failed exchange leaves the user signed out and says why", %{emulator: emulator} do
    {conn, client} = init(conn(), emulator)
    conn = KindeClientSDK.login(conn, client)
    callback = next(conn, "/callback?code=invented&state=" <> sent(conn)["state"])
    reason = catch_throw(KindeClientSDK.get_token(callback))
    assert is_binary(reason) and reason != @bad_state

    assert KindeClientSDK.get_auth_status(callback) == :unauthenticated
    assert KindeClientSDK.get_all_data(callback).access_token == nil
    assert KindeClientSDK.get_user_detail(callback) == nil
  end

  test "a failed exchange does not leave the sign-in of before", %{emulator: emulator} do
    {conn, client} = init(conn(), emulator)
    first_tab = KindeClientSDK.login(conn, client)
    second_tab = KindeClientSDK.login(next(first_tab), client)
    {conn, _client} = first_tab |> come_back(emulator) |> KindeClientSDK.get_token()

    callback = next(conn, "/callback?code=invented&state=" <> sent(second_tab)["state"])
    assert is_binary(catch_throw(KindeClientSDK.get_token(callback)))
    refute KindeClientSDK.authenticated?(next(conn))
  end

  test "two tabs sign in", %{emulator: emulator} do
    {conn, client} = init(conn(), emulator)
    first_tab = KindeClientSDK.login(conn, client, %{org_code: "org_acme"})
    second_tab = KindeClientSDK.login(next(first_tab), client, %{org_code: "org_globex"})

    {conn, _client} = first_tab |> come_back(emulator) |> KindeClientSDK.get_token()
    assert KindeClientSDK.get_organization(conn) == %{org_code: "org_acme"}

    callback = next(conn, Emulator.browse(emulator, location(second_tab)))
    {conn, _client} = KindeClientSDK.get_token(callback)
    assert KindeClientSDK.get_organization(conn) == %{org_code: "org_globex"}
  end

  describe "with a Plug.Session of its own" do
    setup do
      table = :ets.new(:sessions, [:public])
      %{table: table, options: Plug.Session.init(store: :ets, table: table, key: "_app")}
    end

    defp open(options, path, cookie) do
      conn = Plug.Test.conn(:get, path)
      conn = if cookie, do: Plug.Test.put_req_cookie(conn, "_app", cookie), else: conn
      conn |> Plug.Session.call(options) |> Plug.Conn.fetch_session()
    end

    # What a browser does with the cookie of an answer: it takes the place of the one before.
    defp answered(conn, cookie) do
      case Plug.Conn.send_resp(conn, conn.status || 200, "").resp_cookies do
        %{"_app" => %{value: value}} -> value
        %{} -> cookie
      end
    end

    test "a page that takes long does not undo a sign-in", %{emulator: emulator, options: options} do
      {conn, client} = options |> open("/login", nil) |> init(emulator)
      login = KindeClientSDK.login(conn, client)
      cookie = answered(login, nil)

      {slow, _client} = options |> open("/", cookie) |> init(emulator)
      address = Emulator.browse(emulator, location(login))
      {callback, _client} = options |> open(address, cookie) |> KindeClientSDK.get_token()
      cookie = answered(slow, answered(callback, cookie))

      assert options |> open("/", cookie) |> KindeClientSDK.authenticated?()
    end

    test "it gets a new id with the sign-in and with the logout", context do
      {conn, client} = context.options |> open("/login", nil) |> init(context.emulator)
      login = KindeClientSDK.login(conn, client)
      first = answered(login, nil)

      address = Emulator.browse(context.emulator, location(login))
      {callback, _client} = context.options |> open(address, first) |> KindeClientSDK.get_token()
      second = answered(callback, first)
      assert [{^second, _session}] = :ets.tab2list(context.table)
      assert second != first

      logout = context.options |> open("/logout", second) |> KindeClientSDK.logout()
      third = answered(logout, second)
      assert [{^third, _session}] = :ets.tab2list(context.table)
      assert third != second
    end
  end

  test "many browsers at once do not get into each other's way", %{emulator: emulator} do
    organizations = Stream.cycle(["org_acme", "org_globex"])

    1..40
    |> Enum.zip(organizations)
    |> Task.async_stream(
      fn {_number, organization} ->
        {conn, client} = init(conn(), emulator)
        login = KindeClientSDK.login(conn, client, %{org_code: organization})
        {conn, _client} = login |> come_back(emulator) |> KindeClientSDK.get_token()
        assert KindeClientSDK.get_organization(next(conn)) == %{org_code: organization}
      end,
      max_concurrency: 20,
      timeout: 30_000
    )
    |> Enum.each(&assert {:ok, true} = &1)
  end

  test "a callback that is loaded again", %{emulator: emulator} do
    {conn, client} = init(conn(), emulator)
    login = KindeClientSDK.login(conn, client)
    address = Emulator.browse(emulator, location(login))
    {conn, _client} = KindeClientSDK.get_token(next(login, address))
    token = KindeClientSDK.get_all_data(conn).access_token

    {again, %{auth_status: :authenticated}} = KindeClientSDK.get_token(next(conn, address))
    assert KindeClientSDK.get_all_data(again).access_token == token
    assert {%{}, %{auth_status: :authenticated}} = KindeClientSDK.get_token(next(conn))
  end

  test "a callback whose parameters a test has put into the conn", %{emulator: emulator} do
    {conn, client} = init(conn(), emulator)
    login = KindeClientSDK.login(conn, client)
    %URI{query: query} = login |> location() |> then(&Emulator.browse(emulator, &1)) |> URI.parse()
    callback = %{next(login, "/callback") | query_params: URI.decode_query(query)}
    assert {%{}, %{auth_status: :authenticated}} = KindeClientSDK.get_token(callback)
  end

  test "whoever knew the browser's session before the sign-in knows nothing of it", %{emulator: emulator} do
    {conn, client} = init(conn(), emulator)
    login = KindeClientSDK.login(conn, client)
    GenServer.cast(client.cache_pid, {:add_kinde_data, {:basket, [1]}})
    :sys.get_state(client.cache_pid)
    {signed_in, _client} = login |> come_back(emulator) |> KindeClientSDK.get_token()
    assert KindeClientSDK.authenticated?(next(signed_in))

    for former <- [conn, login] do
      refute KindeClientSDK.authenticated?(next(former))
      assert GenServer.call(Plug.Conn.get_session(former, :kinde_cache_pid), {:get_kinde_data, :basket}) == []
      assert KindeClientSDK.get_all_data(next(former)).access_token == nil
    end
  end

  test "signing in again signs out first", %{emulator: emulator} do
    conn = signed_in(emulator)
    client = KindeClientSDK.get_kinde_client(conn)
    login = KindeClientSDK.login(conn, client)

    assert KindeClientSDK.get_auth_status(next(login)) == :authenticating
    refute KindeClientSDK.authenticated?(conn)

    assert catch_throw(KindeClientSDK.get_permissions(next(login))) ==
             "Request is missing required authentication credential"
  end

  test "logging out clears everything", %{emulator: emulator} do
    conn = signed_in(emulator)
    refresh_token = KindeClientSDK.get_all_data(conn).refresh_token
    pid = KindeClientSDK.get_cache_pid(conn)
    GenServer.cast(pid, {:add_kinde_data, {:basket, [1]}})

    answer = KindeClientSDK.logout(conn)
    assert answer.status == 302
    assert location(answer) =~ "#{emulator.url}/logout?"
    assert sent(answer)["redirect"] == "http://127.0.0.1:1/logged-out"

    for conn <- [next(answer), conn] do
      refute KindeClientSDK.authenticated?(conn)
      assert KindeClientSDK.get_auth_status(conn) == :unauthenticated
      assert conn |> KindeClientSDK.get_all_data() |> Map.values() |> Enum.all?(&is_nil/1)
      assert KindeClientSDK.get_user_detail(conn) == nil
    end

    for key <- [:kinde_access_token, :kinde_token, :kinde_user, :basket] do
      assert GenServer.call(pid, {:get_kinde_data, key}) in [[], [{key, nil}]]
    end

    assert %{"revoked" => true} =
             Enum.find(
               Emulator.get(emulator, "/tokens/refresh")["refresh_tokens"],
               &(&1["token"] == refresh_token)
             )

    # The client is there for the next sign-in.
    assert %KindeClientSDK{} = client = KindeClientSDK.get_kinde_client(next(answer))
    assert KindeClientSDK.login(next(answer), client).status == 302
  end

  test "logging out where nobody is signed in", %{emulator: emulator} do
    {conn, _client} = init(conn(), emulator)
    assert location(KindeClientSDK.logout(conn)) =~ "#{emulator.url}/logout?"

    for none <- [nil, ""] do
      {conn, _client} = init(conn(), emulator, :authorization_code, logout_redirect_uri: none)
      assert location(KindeClientSDK.logout(conn)) =~ ~r"/logout$"
    end

    assert catch_throw(KindeClientSDK.logout(conn())) == "Please provide valid domain"
  end

  test "an old link begins the sign-in anew", %{emulator: emulator} do
    {conn, client} = init(conn(), emulator)
    conn = KindeClientSDK.login(conn, client)
    reauth = Base.url_encode64(~s({"login_hint":"ada@example.com"}), padding: false)
    query = URI.encode_query(error: "login_link_expired", reauth_state: reauth, state: sent(conn)["state"])

    {conn, client} = KindeClientSDK.get_token(next(conn, "/callback?" <> query))
    assert client.auth_status == :authenticating
    assert conn.status == 302
    assert sent(conn)["login_hint"] == "ada@example.com"
    assert {%{}, %{auth_status: :authenticated}} = conn |> come_back(emulator) |> KindeClientSDK.get_token()
  end

  test "an old link begins the sign-in anew in a browser that has begun none", %{emulator: emulator} do
    reauth = Base.url_encode64(~s({"login_hint":"ada@example.com"}), padding: false)

    for more <- [%{}, %{state: "of another browser"}] do
      query = URI.encode_query(Map.merge(%{error: "login_link_expired", reauth_state: reauth}, more))
      {conn, _client} = init(conn(), emulator)

      {conn, %{auth_status: :authenticating}} = KindeClientSDK.get_token(next(conn, "/callback?" <> query))
      assert {conn.status, sent(conn)["login_hint"]} == {302, "ada@example.com"}
      assert {%{}, %{auth_status: :authenticated}} = conn |> come_back(emulator) |> KindeClientSDK.get_token()
      assert catch_throw(KindeClientSDK.get_token(conn("/callback?" <> query))) == @bad_state
    end
  end

  test "an old link begins the sign-in anew after one that failed", %{emulator: emulator} do
    {conn, client} = init(conn(), emulator)
    conn = KindeClientSDK.login(conn, client)
    failed = next(conn, "/callback?state=" <> sent(conn)["state"])
    assert catch_throw(KindeClientSDK.get_token(failed)) == "Not found code param"
    assert KindeClientSDK.get_auth_status(failed) == :unauthenticated

    reauth = Base.url_encode64("{}", padding: false)
    query = URI.encode_query(error: "login_link_expired", reauth_state: reauth)
    {conn, %{auth_status: :authenticating}} = KindeClientSDK.get_token(next(failed, "/callback?" <> query))
    assert KindeClientSDK.get_auth_status(next(conn)) == :authenticating
  end

  test "Kinde being away is said", %{emulator: _emulator} do
    {conn, client} = init(conn(), %{url: "http://127.0.0.1:1"})
    login = KindeClientSDK.login(conn, client)
    callback = next(login, "/callback?code=x&state=" <> sent(login)["state"])
    assert catch_throw(KindeClientSDK.get_token(callback)) =~ "127.0.0.1"
  end

  test "functions of users and grants refuse what is no client", %{emulator: emulator} do
    {conn, _client} = init(conn(), emulator)

    for client <- [nil, %{}, "client"], function <- [:login, :register, :create_org, :save_kinde_client] do
      assert_raise FunctionClauseError, fn -> apply(KindeClientSDK, function, [conn, client]) end
    end
  end

  test "the grant type in the words of OAuth" do
    assert KindeClientSDK.get_grant_type(:client_credentials) == :client_credentials
    assert KindeClientSDK.get_grant_type(:authorization_code) == :authorization_code
    assert KindeClientSDK.get_grant_type(:authorization_code_flow_pkce) == :authorization_code

    for other <- [:invalid, nil, "authorization_code", 1] do
      assert catch_throw(KindeClientSDK.get_grant_type(other)) == "Please provide correct grant_type"
    end
  end

  describe "a page that nobody asked for" do
    @headers [
      {"sec-purpose", "prefetch;prerender"},
      {"purpose", "prefetch"},
      {"x-moz", "prefetch"},
      {"sec-fetch-dest", "image"}
    ]

    defp refused?(conn),
      do: {conn.status, conn.state, Plug.Conn.get_resp_header(conn, "location")} == {400, :set, []}

    test "begins no sign-in, and signs nobody out", %{emulator: emulator} do
      conn = signed_in(emulator)
      client = KindeClientSDK.get_kinde_client(conn)

      for {name, value} <- @headers do
        ahead = Plug.Conn.put_req_header(next(conn), name, value)
        assert ahead |> KindeClientSDK.login(client) |> refused?()
        assert ahead |> KindeClientSDK.register(client) |> refused?()
        assert ahead |> KindeClientSDK.create_org(client) |> refused?()
        assert ahead |> KindeClientSDK.logout() |> refused?()
        assert KindeClientSDK.authenticated?(next(conn))
      end

      assert %{next(conn) | method: "HEAD"} |> KindeClientSDK.logout() |> refused?()
      clicked = Plug.Conn.put_req_header(next(conn), "sec-fetch-dest", "document")
      assert KindeClientSDK.logout(clicked).status == 302
      refute KindeClientSDK.authenticated?(next(conn))
    end
  end
end
