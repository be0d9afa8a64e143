defmodule KindeClientSDK.TestTest do
  use ExUnit.Case, async: true

  import Kinde.Support.DocumentedApp

  setup do
    {conn, client} = init(conn(), %{url: "https://example.kinde.com"})
    %{conn: conn, client: client}
  end

  test "a user is signed in without a network", %{conn: conn, client: client} do
    options = [
      user: %{email: "ada@example.com"},
      org_code: "org_1",
      permissions: ["create:users"],
      flags: %{"theme" => "pink"}
    ]

    conn = next(KindeSDK.Test.conn_signed_in(conn, client, options))

    assert KindeClientSDK.authenticated?(conn)
    assert KindeClientSDK.get_user_detail(conn).email == "ada@example.com"
    assert KindeClientSDK.get_permission(conn, "create:users") == %{org_code: "org_1", is_granted: true}
    assert KindeClientSDK.get_organization(conn) == %{org_code: "org_1"}
    assert KindeClientSDK.get_user_organizations(conn) == %{org_codes: ["org_1"]}
    assert KindeClientSDK.get_string_flag(conn, "theme") == "pink"
    assert KindeClientSDK.get_kinde_client(conn).domain == client.domain
    assert {%{}, %{auth_status: :authenticated}} = KindeClientSDK.get_token(conn)
    assert [kinde_user: %{}] = GenServer.call(client.cache_pid, {:get_kinde_data, :kinde_user})

    answer = KindeClientSDK.logout(conn)
    assert location(answer) =~ "https://example.kinde.com/logout?"
    refute KindeClientSDK.authenticated?(conn)
  end

  test "and can be one whose token has expired", %{conn: conn, client: client} do
    conn = KindeSDK.Test.conn_signed_in(conn, client, expires_in: -3600)
    refute KindeClientSDK.authenticated?(conn)
    assert is_binary(catch_throw(KindeClientSDK.get_token(conn)))
  end

  test "by default anybody", %{conn: conn, client: client} do
    conn = KindeSDK.Test.conn_signed_in(conn, client)
    assert KindeClientSDK.get_user_detail(conn).email == "test@example.com"
    assert KindeClientSDK.get_permissions(conn).permissions == []
  end
end
