defmodule KindeClientSDK.MachineTest do
  use ExUnit.Case, async: true

  import Kinde.Support.DocumentedApp

  alias Kinde.Support.Emulator

  setup_all do
    %{emulator: Emulator.start!()}
  end

  test "login gets a token and leaves conn as it is", %{emulator: emulator} do
    {conn, client} = init(conn(), emulator, :client_credentials)
    refute KindeClientSDK.authenticated?(conn)
    assert KindeClientSDK.login(conn, client) == conn

    conn = next(conn)
    assert KindeClientSDK.authenticated?(conn)
    assert KindeClientSDK.get_auth_status(conn) == :authenticated
    assert KindeClientSDK.get_claim(conn, "iss") == %{name: "iss", value: emulator.url}
    assert KindeClientSDK.get_claims(conn)["gty"] == ["client_credentials"]
    assert KindeClientSDK.get_permissions(conn) == %{org_code: nil, permissions: nil}
    assert %{is_granted: false} = KindeClientSDK.get_permission(conn, "read:todos")
    assert KindeClientSDK.get_user_detail(conn) == nil

    data = KindeClientSDK.get_all_data(conn)
    assert %{refresh_token: nil, id_token: nil, user: nil} = data
    assert %DateTime{} = data.login_time_stamp
    assert is_integer(data.expires_in) and data.token["access_token"] == data.access_token
  end

  test "get_token gets a token too", %{emulator: emulator} do
    {conn, _client} = init(conn(), emulator, :client_credentials)

    assert {^conn, %{auth_status: :authenticated, grant_type: :client_credentials}} =
             KindeClientSDK.get_token(conn)

    assert KindeClientSDK.authenticated?(next(conn))
  end

  test "audience and scopes of the application are asked for, those of users are not", %{emulator: emulator} do
    additional = %{audience: "https://api.example.com"}
    {conn, client} = init(conn(), emulator, :client_credentials, additional_params: additional)
    conn = KindeClientSDK.login(conn, client)
    assert "https://api.example.com" in KindeClientSDK.get_claims(conn)["aud"]

    {conn, client} = init(conn(), emulator, :client_credentials)
    conn = KindeClientSDK.login(conn, client, additional)
    assert "https://api.example.com" in KindeClientSDK.get_claims(conn)["aud"]

    {conn, client} =
      init(conn(), emulator, :client_credentials,
        additional_params: additional,
        scopes: "openid offline no:such_scope"
      )

    assert catch_throw(KindeClientSDK.login(conn, client)) =~ "scope"
  end

  test "Kinde is told who calls" do
    emulator = Emulator.start!()
    {conn, client} = init(conn(), emulator, :client_credentials)
    KindeClientSDK.login(conn, client)
    [request] = Emulator.get(emulator, "/requests?path=/oauth2/token")["requests"]
    assert request["headers"]["kinde-sdk"] == "Elixir/" <> KindeSDK.SDK.Utils.get_current_app_version()
  end

  test "a client without scopes", %{emulator: emulator} do
    {conn, client} = init(conn(), emulator, :client_credentials)
    assert conn |> KindeClientSDK.login(%{client | scopes: nil}) |> KindeClientSDK.authenticated?()
  end

  test "a refused application is not signed in, and hears why", %{emulator: emulator} do
    {conn, client} = init(conn(), emulator, :client_credentials)
    conn = KindeClientSDK.login(conn, client)
    assert KindeClientSDK.authenticated?(conn)

    reason = catch_throw(KindeClientSDK.login(conn, %{client | client_secret: "wrong"}))
    assert is_binary(reason)
    refute KindeClientSDK.authenticated?(conn)
    assert KindeClientSDK.get_all_data(conn).access_token == nil
  end

  test "additional parameters are checked", %{emulator: emulator} do
    {conn, client} = init(conn(), emulator, :client_credentials)

    assert catch_throw(KindeClientSDK.login(conn, client, %{audience: 1})) ==
             "Please supply a valid audience. Expected: string"
  end

  test "logging out forgets the token", %{emulator: emulator} do
    {conn, client} = init(conn(), emulator, :client_credentials)
    answer = conn |> KindeClientSDK.login(client) |> KindeClientSDK.logout()
    assert answer.status == 302

    for conn <- [conn, next(answer)] do
      refute KindeClientSDK.authenticated?(conn)
      assert KindeClientSDK.get_all_data(conn).token == nil
    end
  end
end
