defmodule KindeClientSDK.InitTest do
  # The configuration is one for all.
  use ExUnit.Case, async: false

  import Kinde.Support.DocumentedApp

  alias Kinde.Support.Emulator

  @domain "https://example.kinde.com"
  @redirect_uri "https://app.example.com/callback"
  @arguments [@domain, @redirect_uri, "an_id", "a_secret", :authorization_code, "https://app.example.com/"]

  defp init_with(arguments), do: apply(KindeClientSDK, :init, [conn() | arguments])

  test "the struct has the documented fields" do
    assert {conn, client} = init_with(@arguments)

    assert client |> Map.from_struct() |> Map.delete(:cache_pid) == %{
             domain: @domain,
             redirect_uri: @redirect_uri,
             logout_redirect_uri: "https://app.example.com/",
             client_id: "an_id",
             client_secret: "a_secret",
             authorization_endpoint: @domain <> "/oauth2/auth",
             token_endpoint: @domain <> "/oauth2/token",
             logout_endpoint: @domain <> "/logout",
             grant_type: :authorization_code,
             auth_status: :unauthenticated,
             additional_params: %{},
             scopes: "openid profile email offline"
           }

    assert Process.alive?(client.cache_pid)
    assert client.cache_pid == KindeClientSDK.get_cache_pid(conn)
    assert KindeClientSDK.get_kinde_client(conn) == client
  end

  test "the struct cannot be built without its required fields" do
    assert_raise ArgumentError, fn -> struct!(KindeClientSDK, domain: @domain) end
  end

  test "inspect shows no secret" do
    {conn, client} = init_with(@arguments)
    refute inspect(client) =~ "a_secret"
    refute inspect(conn, limit: :infinity) =~ "a_secret"
  end

  test "with scopes, and with additional parameters" do
    {_conn, client} = init_with(@arguments ++ ["openid"])
    assert {client.scopes, client.additional_params} == {"openid", %{}}

    {_conn, client} = init_with(@arguments ++ ["openid", %{org_name: "Acme"}])
    assert {client.scopes, client.additional_params} == {"openid", %{org_name: "Acme"}}
  end

  test "a slash at the end of the domain does not matter" do
    {_conn, client} = init_with(List.replace_at(@arguments, 0, @domain <> "/"))
    assert client.token_endpoint == @domain <> "/oauth2/token"
  end

  test "a domain or address that is none" do
    for bad <- [
          "test.c",
          "",
          nil,
          12,
          :atom,
          "https://",
          "ftp://example.com",
          "https://exa mple.com",
          <<255>>
        ] do
      assert catch_throw(init_with(List.replace_at(@arguments, 0, bad))) == "Please provide valid domain"

      assert catch_throw(init_with(List.replace_at(@arguments, 1, bad))) ==
               "Please provide valid redirect_uri"
    end

    for bad <- ["https://example.kinde.com/path", "http://example.kinde.com"] do
      assert catch_throw(init_with(List.replace_at(@arguments, 0, bad))) == "Please provide valid domain"
    end

    for bad <- ["https://app.example.com/callback#fragment"] do
      assert catch_throw(init_with(List.replace_at(@arguments, 1, bad))) ==
               "Please provide valid redirect_uri"
    end
  end

  test "additional parameters that are none" do
    for {bad, text} <- [
          {%{audience: 12_345}, "Please supply a valid audience. Expected: string"},
          {%{org_name: nil}, "Please supply a valid org_name. Expected: string"},
          {%{prompt: "none"}, "Please provide correct additional, prompt"},
          {%{"audience" => "x"}, "Please provide correct additional, audience"},
          {%{{1, 2} => "x"}, "Please provide correct additional, {1, 2}"}
        ] do
      assert catch_throw(init_with(@arguments ++ ["openid", bad])) == text
    end

    assert_raise FunctionClauseError, fn -> init_with(@arguments ++ ["openid", "audience"]) end
  end

  test "what else is wrong is told by what needs it" do
    {conn, client} = init_with(List.replace_at(@arguments, 2, nil))
    assert catch_throw(KindeClientSDK.login(conn, client)) =~ "client_id"
    {conn, client} = init_with(List.replace_at(@arguments, 2, self()))
    assert is_binary(catch_throw(KindeClientSDK.login(conn, client)))
    refute KindeClientSDK.authenticated?(conn)
  end

  test "an empty secret or logout address is none" do
    for place <- [3, 5] do
      {conn, client} = init_with(List.replace_at(@arguments, place, ""))
      assert KindeClientSDK.login(conn, client).status == 302
    end
  end

  test "the configured secret is that of the configured applications alone" do
    {conn, _client} = init_with(@arguments)
    {:via, module, {id, session_id, settings}} = Plug.Conn.get_session(conn, :kinde_cache_pid)

    # As another node named a browser of an application that this node has not met.
    met_elsewhere = fn client_id ->
      name = {id <> client_id, session_id, put_elem(settings, 2, client_id)}
      session = %{kinde_cache_pid: {:via, module, name}}
      KindeClientSDK.get_kinde_client(Plug.Test.init_test_session(Plug.Test.conn(:get, "/"), session))
    end

    configured([backend_client_id: "back", frontend_client_id: "front", client_secret: "configured"], fn ->
      assert %{client_id: "back", client_secret: "configured"} = met_elsewhere.("back")
      assert %{client_id: "front", client_secret: "configured"} = met_elsewhere.("front")
      assert %{client_id: "other", client_secret: nil} = met_elsewhere.("other")
    end)
  end

  test "the environment says where sign-ins are kept, and the configuration is before it" do
    {conn, client} = init_with(@arguments)

    variables = %{
      "KINDE_STORE_URL" => "redis://127.0.0.1:1",
      "KINDE_SEAL_KEYS" => String.duplicate("k", 43)
    }

    former = Map.new(variables, fn {name, _value} -> {name, System.get_env(name)} end)
    System.put_env(variables)

    try do
      assert catch_throw(KindeClientSDK.login(conn, client)) =~ "127.0.0.1:1"

      configured([settings: [store_url: "memory:"]], fn ->
        assert KindeClientSDK.login(conn, client).status == 302
      end)
    after
      System.put_env(former)
    end
  end

  test "the configured scope and additional parameters are used" do
    configured([scope: "openid email", additional_parameters: %{audience: "https://api.example.com"}], fn ->
      {conn, client} = init_with(@arguments)

      assert {client.scopes, client.additional_params} ==
               {"openid email", %{audience: "https://api.example.com"}}

      assert %{"scope" => "openid email", "audience" => "https://api.example.com"} =
               conn |> KindeClientSDK.login(client) |> sent()

      {_conn, client} = init_with(@arguments ++ ["profile", %{}])
      assert {client.scopes, client.additional_params} == {"profile", %{}}
    end)
  end

  test "a client of the configuration stands in where init made none" do
    assert KindeClientSDK.get_kinde_client(conn()) == nil
    assert catch_throw(KindeClientSDK.save_kinde_client(conn())) == "Please provide valid domain"

    keys = [
      domain: @domain,
      redirect_url: @redirect_uri,
      backend_client_id: "an_id",
      client_secret: "a_secret",
      logout_redirect_url: "https://app.example.com/"
    ]

    configured(keys, fn ->
      assert %KindeClientSDK{client_id: "an_id", scopes: "openid profile email offline"} =
               KindeClientSDK.get_kinde_client(conn())

      assert KindeClientSDK.save_kinde_client(conn()) == :ok
      assert KindeClientSDK.get_cache_pid(conn()) == nil
      assert location(KindeClientSDK.logout(conn())) =~ @domain <> "/logout?"
    end)

    keys = [
      domain: @domain,
      redirect_url: @redirect_uri,
      frontend_client_id: "front",
      scope: "openid",
      additional_parameters: %{org_code: "org_1"}
    ]

    configured(keys, fn ->
      assert %{
               client_id: "front",
               client_secret: nil,
               scopes: "openid",
               additional_params: %{org_code: "org_1"}
             } = KindeClientSDK.get_kinde_client(conn())
    end)
  end

  test "an old link in a browser without a cookie begins a sign-in of the configured application" do
    emulator = Emulator.start!()
    {_conn, client} = init(conn(), emulator)

    keys = [
      domain: client.domain,
      redirect_url: client.redirect_uri,
      backend_client_id: client.client_id,
      client_secret: client.client_secret
    ]

    configured(keys, fn ->
      reauth = Base.url_encode64("{}", padding: false)
      query = URI.encode_query(error: "login_link_expired", reauth_state: reauth)
      {conn, %{auth_status: :authenticating}} = KindeClientSDK.get_token(conn("/callback?" <> query))
      {conn, %{auth_status: :authenticated}} = conn |> come_back(emulator) |> KindeClientSDK.get_token()
      assert KindeClientSDK.get_user_detail(next(conn)).email == "ada@example.com"

      for path <- ["/", "/callback?code=x&state=y", "/callback?error=access_denied"] do
        assert catch_throw(KindeClientSDK.get_token(conn(path))) ==
                 "Authentication failed because it tries to validate state"
      end
    end)
  end

  test "a client can be saved" do
    {conn, client} = init_with(@arguments)
    assert KindeClientSDK.save_kinde_client(conn) == :ok
    assert KindeClientSDK.save_kinde_client(conn, %{client | scopes: "openid"}) == :ok
    assert KindeClientSDK.get_kinde_client(conn).scopes == "openid"
    assert KindeClientSDK.get_kinde_client(next(conn)).scopes == "openid"
    assert KindeClientSDK.save_kinde_client(conn(), client) == :ok

    {conn, _client} = apply(KindeClientSDK, :init, [next(conn) | @arguments])
    assert KindeClientSDK.get_kinde_client(next(conn)).scopes == "openid profile email offline"
  end

  test "one browser gets one process, however often init is called" do
    {conn, client} = init_with(@arguments)

    for _again <- 1..50, reduce: conn do
      conn ->
        {conn, again} = apply(KindeClientSDK, :init, [next(conn) | @arguments])
        assert again.cache_pid == client.cache_pid
        conn
    end
  end

  test "another application is another sign-in" do
    {conn, client} = init_with(@arguments)
    {_conn, other} = apply(KindeClientSDK, :init, [next(conn) | List.replace_at(@arguments, 2, "another_id")])
    assert other.cache_pid != client.cache_pid

    elsewhere = List.replace_at(@arguments, 0, "https://other.kinde.com")
    {_conn, other} = apply(KindeClientSDK, :init, [next(conn) | elsewhere])
    assert other.cache_pid != client.cache_pid
  end

  test "the session of Plug has to be fetched" do
    unfetched = Plug.Test.conn(:get, "/")
    assert_raise ArgumentError, fn -> apply(KindeClientSDK, :init, [unfetched | @arguments]) end
    assert_raise ArgumentError, fn -> KindeClientSDK.authenticated?(unfetched) end
  end
end
