defmodule Kinde.SessionTest do
  use ExUnit.Case, async: true

  alias Kinde.{Error, Session, Support.Emulator, Token}

  setup_all do
    %{emulator: Emulator.start!()}
  end

  setup %{emulator: emulator} do
    Emulator.reset(emulator)
    client = Emulator.client(emulator, seal_keys: [String.duplicate("k", 43)])
    %{client: client}
  end

  defp signed_in(context, params \\ []), do: Emulator.signed_in(context.emulator, context.client, params)

  test "nobody is signed in at first", %{client: client} do
    session = Session.new!(client)
    refute Session.authenticated?(session)
    refute Session.permission?(session, "read:todos")
    refute Session.role?(session, "admin")
    refute Session.has?(session, permissions: ["read:todos"])
    assert {:error, %Error{code: :not_authenticated}} = Session.user(session)
    assert {:error, %Error{code: :not_authenticated}} = Session.permissions(session)
    assert {:error, %Error{code: :not_authenticated}} = Session.boolean_flag(session, "is_dark_mode", true)
    assert_raise Error, fn -> Session.access_token!(session) end
  end

  test "a user signs in, and is asked about", context do
    session = signed_in(context)
    assert Session.authenticated?(session)
    assert %{email: "ada@example.com", given_name: "Ada", id: "kp_" <> _} = Session.user!(session)
    assert Session.organization!(session) == %{org_code: "org_acme"}
    assert "org_globex" in Session.organizations!(session).org_codes
    assert Session.permission?(session, "read:todos")
    refute Session.permission?(session, "fly")
    assert %{org_code: "org_acme", permissions: [_ | _] = permissions} = Session.permissions!(session)
    assert "read:todos" in permissions
    assert Session.role?(session, "admin")
    assert %{roles: [%{key: "admin", name: _, id: _} | _]} = Session.roles!(session)
    assert Session.has?(session, permissions: ["read:todos"], roles: [:admin])
    refute Session.has?(session, %{roles: ["admin", "pilot"]})
    assert_raise Error, ~r/bogus/, fn -> Session.has?(session, bogus: ["admin"]) end
    assert Session.claim!(session, "org_code") == "org_acme"
    assert Session.claim!(session, "nothing") == nil
    assert Session.claim!(session, "email", :id) == "ada@example.com"
    assert Session.claim!(session, "org_code", :access) == "org_acme"
    assert Session.permission?(session, "read:todos", :access)
    refute Session.permission?(session, "read:todos", :id)
    refute Session.role?(session, "admin", :id)
    assert %{"sub" => "kp_" <> _} = Session.claims!(session)
    assert %{"email" => "ada@example.com"} = Session.claims!(session, :id)
    assert Session.expires_at!(session) > System.os_time(:second)
  end

  test "feature flags have types and defaults", context do
    session = signed_in(context)
    assert {:ok, value} = Session.boolean_flag(session, "is_dark_mode")
    assert is_boolean(value)
    assert {:ok, limit} = Session.integer_flag(session, "competitions_limit")
    assert is_integer(limit)
    assert {:ok, "" <> _} = Session.string_flag(session, "theme")
    assert Session.boolean_flag!(session, "missing", true) == true
    assert Session.integer_flag!(session, "missing", 7) == 7
    assert Session.string_flag!(session, "missing", "x") == "x"
    assert Session.boolean_flag(session, "is_dark_mode", nil) == {:ok, value}
    assert {:error, %Error{code: :flag_not_found}} = Session.boolean_flag(session, "missing")
    assert {:error, %Error{code: :flag_type}} = Session.integer_flag(session, "theme", 1)
    assert %{code: "theme", type: "string", is_default: false} = Session.flag!(session, "theme")
    assert %{value: nil, is_default: true} = Session.flag!(session, "missing", default: nil)
    assert %{value: %{"a" => [1]}} = Session.flag!(session, "missing", default: %{a: [1]})
    assert {:error, %Error{code: :flag_type}} = Session.flag(session, "theme", type: "boolean")
    assert %{feature_flags: flags} = Session.flags!(session)
    assert %{key: "theme", type: "string", value: _} = Enum.find(flags, &(&1.key == "theme"))
  end

  test "parameters of the sign-in are sent, and come back", context do
    session = Session.new!(context.client)

    url =
      Session.login_url!(session, org_code: "org_globex", return_to: "/orders", login_hint: "ada@example.com")

    assert url =~ "org_code=org_globex"
    callback = Emulator.browse(context.emulator, url)

    assert {:ok, %{outcome: :signed_in, return_to: "/orders", url: nil}} =
             Session.handle_callback(session, callback)

    assert Session.organization!(session) == %{org_code: "org_globex"}
    assert Session.register_url!(Session.new!(context.client)) =~ "prompt=create"
    assert Session.create_org_url!(Session.new!(context.client), org_name: "Acme") =~ "org_name=Acme"
  end

  test "an old link leads to a new sign-in", context do
    Emulator.post(context.emulator, "/login", %{error: "login_link_expired", times: 1})
    session = Session.new!(context.client)
    callback = Emulator.browse(context.emulator, Session.login_url!(session))
    assert {:ok, %{outcome: :restart, url: "http" <> _}} = Session.handle_callback(session, callback)
    refute Session.authenticated?(session)
  end

  test "a callback of somebody else is refused, and leaves nobody signed in", context do
    session = Session.new!(context.client)
    Session.login_url!(session)
    assert {:error, %Error{code: :state_mismatch}} = Session.handle_callback(session, "code=x&state=y")
    refute Session.authenticated?(session)
  end

  test "what Kinde refuses is told", context do
    Emulator.post(context.emulator, "/login", %{
      error: "access_denied",
      error_description: "not you",
      times: 1
    })

    session = Session.new!(context.client)
    callback = Emulator.browse(context.emulator, Session.login_url!(session))
    assert {:error, %Error{} = error} = Session.handle_callback(session, callback)

    assert {error.code, error.oauth_error, error.oauth_description} ==
             {:access_denied, "access_denied", "not you"}

    assert_raise Error, ~r/not you/, fn -> raise error end
  end

  test "tokens are renewed when they are about to expire", context do
    session = signed_in(context)
    assert Session.ensure_fresh(session) == {:ok, false}
    assert Emulator.count(context.emulator, "/oauth2/token") == 1
    assert Session.ensure_fresh(session, 100_000) == {:ok, true}
    assert Session.refresh(session) == :ok
    assert Session.refresh!(session) == :ok
    assert Session.authenticated?(session)
  end

  test "questions to an expired token fail, and those with ? answer false", context do
    token = Emulator.mint(context.emulator, %{claims: %{exp: System.os_time(:second) - 3600}})
    session = Session.from_tokens!(context.client, access_token: token)
    refute Session.authenticated?(session)
    refute Session.permission?(session, "read:todos")
    assert {:error, %Error{code: :token_expired, claim: "exp"}} = Session.permissions(session)
  end

  test "tokens that are there make a session, and are hidden", context do
    tokens = Session.tokens!(signed_in(context))
    assert %Token{token_type: "bearer"} = tokens
    refute inspect(tokens) =~ tokens.access_token
    refute inspect(tokens, structs: true) =~ tokens.refresh_token
    assert {:ok, session} = Session.from_tokens(context.client, tokens)
    assert Session.user!(session).email == "ada@example.com"
    assert {:ok, other} = Session.from_tokens(context.client, %{access_token: tokens.access_token})
    assert Session.permission?(other, "read:todos")
    refute inspect(session) =~ "ey"
    assert {:error, %Error{}} = Session.from_tokens(context.client, access_token: "x")
  end

  test "tokens may be as long as the library takes them", context do
    permissions = for number <- 1..1_300, do: "permission:number:#{number}"
    access = Emulator.mint(context.emulator, %{claims: %{permissions: permissions}})
    id = Emulator.mint(context.emulator, %{template: "id", claims: %{long: String.duplicate("x", 30_000)}})
    assert byte_size(access) + byte_size(id) > 64 * 1024

    session = Session.from_tokens!(context.client, access_token: access, id_token: id)
    assert Session.permissions!(session).permissions == permissions
    assert {:ok, long} = Session.claim(session, "long", :id)
    assert byte_size(long) == 30_000
  end

  test "signing out forgets, and gives the address of Kinde", context do
    session = signed_in(context)
    id = Session.save!(session)
    assert {:ok, url} = Session.logout(session)
    assert url =~ "/logout?"
    refute Session.authenticated?(session)
    assert {:error, %Error{code: :session_not_found}} = Session.load(context.client, id)
    other = signed_in(context)
    assert Session.logout_url!(other) =~ "/logout?"
    refute Session.authenticated?(other)
  end

  test "sessions are kept in a store", context do
    session = Session.new!(context.client)
    url = Session.login_url!(session)
    id = Session.save!(session)
    assert {:ok, begun} = Session.load(context.client, id)

    assert {:ok, %{outcome: :signed_in}} =
             Session.handle_callback(begun, Emulator.browse(context.emulator, url))

    assert {:ok, new_id} = Session.save(begun)
    assert new_id != id
    assert Session.user!(Session.load!(context.client, new_id)).email == "ada@example.com"
    assert {:error, %Error{code: :session_not_found}} = Session.load(context.client, id)
    assert Session.delete(context.client, new_id) == :ok
    assert {:error, %Error{code: :session_not_found}} = Session.load(context.client, new_id)
  end

  test "all sessions of a user end at once", context do
    ids = for _number <- 1..3, do: Session.save!(signed_in(context))
    sub = Session.user!(Session.load!(context.client, hd(ids))).id
    assert Session.revoke_all(context.client, sub) == :ok
    for id <- ids, do: assert({:error, %Error{code: :session_not_found}} = Session.load(context.client, id))
  end

  test "sessions are sealed into text, and cookies", context do
    session = signed_in(context)
    revision = Session.revision(session)
    sealed = Session.seal!(session)
    assert Session.user!(Session.open!(context.client, sealed)).email == "ada@example.com"
    assert {:error, %Error{code: :session_invalid}} = Session.open(context.client, sealed <> "x")

    claims = Session.seal!(session, content: "claims")
    assert byte_size(claims) < byte_size(sealed)
    assert Session.permission?(Session.open!(context.client, claims), "read:todos")

    Session.login_url!(session)
    assert Session.revision(session) != revision

    assert {:ok, %{"cookies" => [first | _others] = cookies}} =
             Kinde.Cookie.split(context.client, value: sealed, path: "/app", max_age_seconds: 60)

    assert %{"name" => "kinde_session", "delete" => false, "set_cookie" => "kinde_session=" <> _} = first

    assert first["attributes"] == %{
             "path" => "/app",
             "domain" => nil,
             "max_age" => 60,
             "expires" => nil,
             "http_only" => true,
             "secure" => true,
             "same_site" => "Lax"
           }

    header = Enum.map_join(cookies, "; ", &"#{&1["name"]}=#{&1["value"]}")
    names = Enum.map(cookies, & &1["name"])

    assert Kinde.Cookie.join(context.client, cookies: header) ==
             {:ok, %{"value" => sealed, "parts" => names}}

    assert {:ok, %{"cookies" => [%{"name" => "kinde_session", "value" => "", "delete" => true} | _]}} =
             Kinde.Cookie.split(context.client, present: header)

    assert {:ok, %{"value" => nil}} = Kinde.Cookie.join(context.client, cookies: nil)
  end

  test "Kinde is asked what is so now", context do
    session = signed_in(context)
    assert {:ok, %{org_code: "org_acme", permissions: [_ | _]}} = Session.fetch(session, :permissions)
    assert {:ok, %{roles: [_ | _]}} = Session.fetch(session, "roles")
    assert Session.fetch_has(session, permissions: ["read:todos"]) == {:ok, true}
    assert Session.fetch_has!(session, roles: ["pilot"]) == false
    assert {:error, %Error{code: :invalid_argument}} = Session.fetch(session, :weather)

    # The names are the same ones whatever else the VM has loaded.
    assert {:ok, %{plans: [plan], entitlements: [entitlement | _]}} = Session.fetch(session, :entitlements)
    assert %{key: "pro", subscribed_on: _} = plan
    assert %{feature_key: _, price_name: _, entitlement_limit_max: _, fixed_charge: _} = entitlement
    refute Enum.any?(Map.keys(entitlement), &is_binary/1)
    assert {:ok, %{updated_at: _, email_verified: true}} = Session.fetch(session, :user_profile)
  end

  test "an application signs in itself", %{emulator: emulator} do
    session = Session.new!(Kinde.Client.new!(Emulator.machine(emulator)))
    assert Session.client_credentials(session) == :ok
    assert Session.authenticated?(session)
    assert {:ok, "ey" <> _} = Session.access_token(session)
  end

  test "a session may be asked by any process, and outlives the one that made it", context do
    test = self()
    maker = spawn(fn -> send(test, {:made, signed_in(context)}) end)
    monitor = Process.monitor(maker)
    assert_receive {:made, session}, 60_000
    assert_receive {:DOWN, ^monitor, :process, _pid, :normal}, 60_000
    :erlang.garbage_collect()

    assert 1..100
           |> Task.async_stream(fn _number -> Session.permission?(session, "read:todos") end)
           |> Enum.all?(&(&1 == {:ok, true}))
  end
end
