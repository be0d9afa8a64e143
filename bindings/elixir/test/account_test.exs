defmodule Kinde.AccountTest do
  use ExUnit.Case, async: true

  alias Kinde.{Account, Error, Session, Support.Emulator}

  setup do
    emulator = Emulator.start!()

    machine = [
      management_client_id: "emulator_m2m",
      management_client_secret: Emulator.machine(emulator)[:client_secret]
    ]

    %{emulator: emulator, session: Emulator.signed_in(emulator, Emulator.client(emulator, machine))}
  end

  test "what Kinde says now", %{session: session} do
    assert {:ok, %{org_code: "org_acme", permissions: permissions}} = Account.permissions(session)
    assert "read:todos" in permissions
    assert {:ok, %{roles: [%{id: _, key: "admin", name: _}]}} = Account.roles(session)
    assert %{feature_flags: flags} = Account.flags!(session)
    assert %{type: "boolean", value: true} = Enum.find(flags, &(&1.key == "beta_access"))
    assert {:ok, %{properties: properties}} = Account.properties(session)
    assert Enum.all?(properties, &match?(%{id: _, key: _, name: _, value: _}, &1))
    assert {:ok, %{plans: [%{key: "pro"}], entitlements: [_ | _]}} = Account.entitlements(session)
    assert {:ok, %{sub: "kp_" <> _, email: "ada@example.com"}} = Account.user_profile(session)
    assert {:ok, %{preferred_email: "ada@example.com"}} = Account.user_profile(session, version: "v1")
  end

  test "what is new is said, where the token still says what was", %{emulator: emulator, session: session} do
    changes = %{organizations: [%{code: "org_acme", roles: ["viewer"]}], feature_flags: %{theme: "green"}}
    Emulator.control(emulator, "PATCH", "/users?email=ada@example.com", changes)
    assert {:ok, %{roles: [%{key: "admin"}]}} = Session.roles(session)
    assert {:ok, %{roles: [%{key: "viewer"}]}} = Account.roles(session)
    assert Session.permission?(session, "create:todos")
    assert Account.has(session, permissions: ["create:todos"]) == {:ok, false}
    assert Enum.find(Account.flags!(session).feature_flags, &(&1.key == "theme")).value == "green"

    # With one call it counts.
    revision = Session.revision(session)
    assert Account.refresh_claims(session) == {:ok, true}
    refute Session.permission?(session, "create:todos")
    assert {:ok, %{roles: [%{key: "viewer"}]}} = Session.roles(session)
    assert Session.revision(session) != revision
  end

  test "one page of a list", %{session: session} do
    assert {:ok, %{permissions: [%{key: key}], metadata: %{has_more: true, next_page_starting_after: last}}} =
             Account.permissions(session, page_size: 1)

    assert {:ok, %{permissions: [%{key: other}]}} =
             Account.permissions(session, page_size: 1, starting_after: last)

    assert key != other

    assert {:error, %Error{code: :invalid_argument, field: "page_size"}} =
             Account.roles(session, page_size: 0)
  end

  test "entitlements and their limits", %{session: session} do
    %{entitlements: [%{feature_key: key, entitlement_limit_max: most} | _]} = Account.entitlements!(session)
    assert {:ok, %{feature_key: ^key}} = Account.entitlement(session, key)
    assert Account.entitlement_limit(session, key) == {:ok, most}
    assert is_integer(most)
    assert Account.entitlement(session, "no_such") == {:ok, nil}
    assert Account.entitlement_limit!(session, "no_such") == nil
    assert {:error, %Error{code: :invalid_argument, field: "key"}} = Account.entitlement(session, "")
  end

  test "conditions", %{session: session} do
    [%{price_name: price, feature_key: feature} | _] = Account.entitlements!(session).entitlements

    for {conditions, holds?} <- [
          {[], true},
          {[permissions: ["read:todos"], roles: ["admin"]], true},
          {[permissions: ["read:todos"], roles: ["pilot"]], false},
          {[feature_flags: ["beta_access", %{flag: "beta_access", value: true}]], true},
          {[feature_flags: [%{flag: "beta_access", value: false}]], false},
          {[billing_entitlements: [price], entitlements: [feature]], true},
          {%{"billing_entitlements" => ["Enterprise"]}, false},
          {[entitlements: ["no_such"]], false}
        ] do
      assert {conditions, Account.has(session, conditions)} == {conditions, {:ok, holds?}}
      assert Session.fetch_has!(session, conditions) == holds?
    end

    assert {:error, %Error{code: :invalid_argument}} = Account.has(session, permission: ["read:todos"])
  end

  test "the portal", %{session: session} do
    assert {:ok, "http" <> _ = url} = Account.portal_url(session)
    assert url =~ "portal_redirect"
    back = "https://app.example.com/account"
    assert Account.portal_url!(session, return_url: back, page: "plan_selection") =~ "portal_redirect"

    assert {:error, %Error{code: :invalid_argument, field: "return_url"}} =
             Account.portal_url(session, return_url: "/x")
  end

  test "no failure is taken for an answer", %{emulator: emulator, session: session} do
    Emulator.post(emulator, "/faults", %{path: "/account_api/v1/roles", status: 500, times: nil})
    assert {:error, %Error{http_status: 500}} = Account.has(session, roles: ["admin"])
    assert {:error, %Error{http_status: 500}} = Account.roles(session)
    nobody = Session.new!(session.client)
    assert {:error, %Error{code: :not_authenticated}} = Account.has(nobody, roles: ["admin"])
    assert {:error, %Error{code: :not_authenticated}} = Account.refresh_claims(nobody)
    assert_raise Error, fn -> Account.permissions!(nobody) end
  end
end
