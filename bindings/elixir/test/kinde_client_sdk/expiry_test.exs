defmodule KindeClientSDK.ExpiryTest do
  # The configuration is one for all.
  use ExUnit.Case, async: false

  import Kinde.Support.DocumentedApp

  alias Kinde.Support.Emulator

  @exact [settings: [clock_leeway_seconds: 0]]

  setup do
    emulator = Emulator.start!()
    Emulator.control(emulator, "PATCH", "/applications?client_id=emulator_web", %{access_token_seconds: 2})
    %{emulator: emulator}
  end

  defp expire(conn) do
    Process.sleep(2_100)
    next(conn)
  end

  test "an expired access token is nobody's, until it is renewed", %{emulator: emulator} do
    configured(@exact, fn ->
      conn = signed_in(emulator)
      assert KindeClientSDK.authenticated?(conn)
      token = KindeClientSDK.get_all_data(conn).access_token

      conn = expire(conn)
      refute KindeClientSDK.authenticated?(conn)
      assert KindeClientSDK.get_auth_status(conn) == :unauthenticated

      {conn, client} = KindeClientSDK.get_token(conn)
      assert client.auth_status == :authenticated
      assert KindeClientSDK.authenticated?(conn)
      assert KindeClientSDK.get_all_data(conn).access_token != token
    end)
  end

  test "a question renews it", %{emulator: emulator} do
    configured(@exact, fn ->
      conn = expire(signed_in(emulator))
      assert %{org_code: "org_" <> _} = KindeClientSDK.get_permissions(conn)
      assert KindeClientSDK.authenticated?(conn)
    end)
  end

  test "a machine's token is renewed too, even where a user was signed in before", %{emulator: emulator} do
    Emulator.control(emulator, "PATCH", "/applications?client_id=emulator_m2m", %{access_token_seconds: 2})

    configured(@exact, fn ->
      conn = signed_in(emulator)
      {_conn, machine} = init(conn(), emulator, :client_credentials)
      KindeClientSDK.login(conn, machine)
      assert KindeClientSDK.get_claims(conn)["gty"] == ["client_credentials"]

      conn = expire(conn)
      refute KindeClientSDK.authenticated?(conn)
      assert KindeClientSDK.get_claims(conn)["gty"] == ["client_credentials"]
      assert KindeClientSDK.authenticated?(conn)
    end)
  end

  test "a sign-in that was revoked ends, and get_token says why", %{emulator: emulator} do
    configured(@exact, fn ->
      conn = signed_in(emulator)
      Emulator.post(emulator, "/tokens/revoke", %{email: "ada@example.com"})
      conn = expire(conn)
      assert is_binary(catch_throw(KindeClientSDK.get_token(conn)))
      refute KindeClientSDK.authenticated?(conn)

      assert catch_throw(KindeClientSDK.get_claims(conn)) ==
               "Request is missing required authentication credential"
    end)
  end

  test "trouble on the way signs nobody out", %{emulator: emulator} do
    configured(@exact, fn ->
      conn = expire(signed_in(emulator))
      fault = %{path: "/oauth2/token", status: 503, times: 20, body: "away"}
      Emulator.post(emulator, "/faults", fault)
      reason = catch_throw(KindeClientSDK.get_claims(conn))
      assert is_binary(reason) and reason != "Request is missing required authentication credential"

      Emulator.control(emulator, "DELETE", "/faults")
      assert %{} = KindeClientSDK.get_claims(conn)
    end)
  end
end
