defmodule KindeClientSDK.ExpiryTest do
  # The configuration is one for all.
  use ExUnit.Case, async: false

  import Kinde.Support.DocumentedApp

  alias Kinde.Support.Emulator

  setup do
    %{emulator: Emulator.start!()}
  end

  # Signs in with tokens that have expired already, but no longer ago than the leeway for clocks that differ.
  defp expired(emulator, sign_in) do
    last_for(emulator, 10)
    Emulator.post(emulator, "/clock", %{shift_seconds: -30})
    result = sign_in.()
    Emulator.post(emulator, "/clock", %{reset: true})
    last_for(emulator, 3600)
    result
  end

  defp last_for(emulator, seconds) do
    application = "/applications?client_id=emulator_web"
    Emulator.control(emulator, "PATCH", application, %{access_token_seconds: seconds})
  end

  defp expired_machine_token(emulator) do
    exp = System.os_time(:second) - 20
    Emulator.mint(emulator, %{template: "m2m", client_id: "emulator_m2m", claims: %{exp: exp}})
  end

  test "an expired access token is nobody's, until it is renewed", %{emulator: emulator} do
    configured([], fn ->
      conn = expired(emulator, fn -> signed_in(emulator) end)
      token = KindeClientSDK.get_all_data(conn).access_token
      refute KindeClientSDK.authenticated?(conn)
      assert KindeClientSDK.get_auth_status(conn) == :unauthenticated

      {conn, client} = KindeClientSDK.get_token(conn)
      assert client.auth_status == :authenticated
      assert KindeClientSDK.authenticated?(conn)
      assert KindeClientSDK.get_all_data(conn).access_token != token
    end)
  end

  test "get_token renews one that is about to expire", %{emulator: emulator} do
    Emulator.control(emulator, "PATCH", "/settings", %{refresh_keeps_access_token: false})
    last_for(emulator, 30)
    conn = signed_in(emulator)
    token = KindeClientSDK.get_all_data(conn).access_token
    last_for(emulator, 3600)

    for _again <- 1..2, do: assert({_conn, %{auth_status: :authenticated}} = KindeClientSDK.get_token(conn))
    assert KindeClientSDK.get_all_data(conn).access_token != token
    # For the code, and once.
    assert Emulator.count(emulator, "/oauth2/token") == 2
  end

  test "a question renews it", %{emulator: emulator} do
    configured([], fn ->
      conn = expired(emulator, fn -> signed_in(emulator) end)
      assert %{org_code: "org_" <> _} = KindeClientSDK.get_permissions(conn)
      assert KindeClientSDK.authenticated?(conn)
    end)
  end

  test "asking for the user renews it too, and without a refresh token nobody is there", %{emulator: emulator} do
    configured([], fn ->
      conn = expired(emulator, fn -> signed_in(emulator) end)
      assert %{email: "ada@example.com"} = KindeClientSDK.get_user_detail(conn)
      assert KindeClientSDK.authenticated?(conn)

      scopes = [scopes: "openid profile email"]
      sign_in = fn -> signed_in(emulator, :authorization_code, scopes) end
      conn = expired(emulator, sign_in)
      assert KindeClientSDK.get_all_data(conn).refresh_token == nil
      assert KindeClientSDK.get_user_detail(conn) == nil
    end)
  end

  test "a machine's token is renewed too, even where a user was signed in before", %{emulator: emulator} do
    configured([], fn ->
      conn = signed_in(emulator)
      {_conn, machine} = init(conn(), emulator, :client_credentials)
      answer = %{access_token: expired_machine_token(emulator), token_type: "bearer", expires_in: 0}
      fault = %{path: "/oauth2/token", times: 1, status: 200, body: answer}
      Emulator.post(emulator, "/faults", Map.put(fault, :headers, %{"Content-Type" => "application/json"}))
      KindeClientSDK.login(conn, machine)

      conn = next(conn)
      refute KindeClientSDK.authenticated?(conn)
      assert KindeClientSDK.get_claims(conn)["gty"] == ["client_credentials"]
      assert KindeClientSDK.authenticated?(conn)
    end)
  end

  test "a sign-in that was revoked ends, and get_token says why", %{emulator: emulator} do
    configured([], fn ->
      conn = expired(emulator, fn -> signed_in(emulator) end)
      Emulator.post(emulator, "/tokens/revoke", %{email: "ada@example.com"})
      assert KindeClientSDK.get_user_detail(conn) == nil
      assert is_binary(catch_throw(KindeClientSDK.get_token(conn)))
      refute KindeClientSDK.authenticated?(conn)

      assert catch_throw(KindeClientSDK.get_claims(conn)) ==
               "Request is missing required authentication credential"
    end)
  end

  test "trouble on the way signs nobody out", %{emulator: emulator} do
    configured([], fn ->
      conn = expired(emulator, fn -> signed_in(emulator) end)
      fault = %{path: "/oauth2/token", status: 503, times: 20, body: "away"}
      Emulator.post(emulator, "/faults", fault)
      reason = catch_throw(KindeClientSDK.get_claims(conn))
      assert is_binary(reason) and reason != "Request is missing required authentication credential"
      assert KindeClientSDK.get_user_detail(conn) == nil

      Emulator.control(emulator, "DELETE", "/faults")
      assert %{} = KindeClientSDK.get_claims(conn)
    end)
  end
end
