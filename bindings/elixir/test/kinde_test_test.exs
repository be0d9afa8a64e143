defmodule Kinde.TestTest do
  use ExUnit.Case, async: true

  alias Kinde.Support.{Browser, Emulator}
  alias Kinde.Test, as: Testing

  # Nothing listens there.
  @settings [
    domain: "http://127.0.0.1:1",
    client_id: "mine",
    client_secret: "secret",
    redirect_uri: "http://127.0.0.1:1/callback"
  ]

  defp started(settings \\ []) do
    name = :"#{__MODULE__}.#{System.unique_integer([:positive])}"

    start_supervised!({Kinde.Client, [name: name, prepare: false] ++ Keyword.merge(@settings, settings)},
      id: name
    )

    name
  end

  test "signs a user in without a network" do
    client = started()

    session =
      Testing.sign_in(client,
        user: %{email: "ada@example.com", given_name: "Adä \"x\"\n"},
        permissions: ["read:orders"],
        roles: ["admin"],
        flags: %{"theme" => "dark", beta: true, limit: 3},
        org_code: "org_1",
        claims: %{"plan" => "pro"}
      )

    assert Kinde.Session.authenticated?(session)

    assert %{email: "ada@example.com", given_name: "Adä \"x\"\n", family_name: "User"} =
             Kinde.Session.user!(session)

    assert Kinde.Session.permission?(session, "read:orders")
    refute Kinde.Session.permission?(session, "write:orders")
    assert Kinde.Session.role?(session, "admin")

    assert {Kinde.Session.string_flag!(session, "theme"), Kinde.Session.boolean_flag!(session, "beta")} ==
             {"dark", true}

    assert Kinde.Session.integer_flag!(session, "limit") == 3
    assert Kinde.Session.organization!(session) == %{org_code: "org_1"}
    assert Kinde.Session.organizations!(session) == %{org_codes: ["org_1"]}
    assert Kinde.Session.claim!(session, "plan") == "pro"
  end

  test "makes tokens that have expired" do
    client = started(clock_leeway_seconds: 1)
    refute Kinde.Session.authenticated?(Testing.sign_in(client, expires_in: -120))

    %{access_token: token, expires_at: expires_at} = Testing.tokens(client, expires_in: -120)
    assert %{"iat" => issued_at, "exp" => ^expires_at} = KindeSDK.SDK.Utils.parse_jwt(token)
    assert issued_at < expires_at
  end

  test "changes a client once" do
    name = started()
    assert Testing.start(name) == Testing.start(Testing.start(name))
  end

  test "makes bearer tokens" do
    client = started()

    options =
      Kinde.Plug.Bearer.init(client: client, audience: "https://api.example.com", scopes: ["read:orders"])

    asked = fn claims ->
      token = Testing.tokens(client, claims: claims).access_token
      conn = Plug.Conn.put_req_header(Plug.Test.conn(:get, "/"), "authorization", "Bearer " <> token)
      Kinde.Plug.Bearer.call(conn, options)
    end

    refute asked.(%{aud: ["https://api.example.com"], scp: ["read:orders"]}).halted
    refute asked.(%{"aud" => ["https://api.example.com"], "scp" => ["read:orders"]}).halted
    assert asked.(%{aud: ["https://api.example.com"]}).status == 403
    assert asked.(%{}).status == 401
  end

  test "serves an application that starts no client in its tests, with the audience that it asks for" do
    name = :"#{__MODULE__}.#{System.unique_integer([:positive])}"
    Testing.start(name, audience: "https://api.example.com")
    session = Testing.sign_in(name)
    assert Kinde.Session.claim!(session, "aud") == ["https://api.example.com"]
  end

  for options <- [[keep: :store], [keep: :cookies], [keep: :cookies, cookie_name: "mine", live_view: true]] do
    test "signs a conn in, and out, with #{inspect(options)}" do
      options = unquote(options)
      client = started()
      conn = Plug.Test.conn(:get, "/") |> Plug.Test.init_test_session(%{"cart" => "tea"})
      conn = Testing.conn_signed_in(conn, [client: client, permissions: ["read:todos"]] ++ options)
      asked = &Kinde.Plug.call(&1, Kinde.Plug.init([client: client] ++ options))
      assert Kinde.Plug.user(asked.(conn)).email == "test@example.com"
      assert Kinde.Plug.permission?(asked.(conn), "read:todos")
      assert Plug.Conn.get_session(conn, "cart") == "tea"
      session = Plug.Conn.get_session(conn)

      if options[:cookie_name] != "mine" and options[:keep] == :cookies do
        refute Map.has_key?(session, "kinde_claims")
      else
        hook = {:require_permission, client: client, permission: "read:todos"}
        assert {:cont, _socket} = Kinde.LiveView.on_mount(hook, %{}, session, %Phoenix.LiveView.Socket{})
      end

      conn = Testing.conn_signed_out(conn, options)
      assert Kinde.Plug.user(asked.(conn)) == nil
    end
  end

  test "needs a name to tell a client by" do
    assert_raise ArgumentError, ~r/a name/, fn -> Testing.sign_in(Kinde.Client.new!(@settings)) end
  end

  test "takes no tokens of Kinde any more" do
    emulator = Emulator.start!()
    client = started(Emulator.settings(emulator, seal_keys: [String.duplicate("k", 32)]))
    Testing.start(client)
    application = Browser.application(client: client)
    browser = application |> Browser.new(emulator) |> Browser.get("/login")
    assert browser |> Browser.come_back(Browser.location(browser)) |> Browser.greeted() == "nobody"
  end

  test "sends webhooks without a network" do
    client = started()
    event = [type: "user.deleted", data: %{user: %{id: "kp_1"}}, event_id: "event_1"]
    body = Testing.webhook(client, event)

    assert {:ok, %Kinde.Webhook{type: "user.deleted", event_id: "event_1"} = webhook} =
             Kinde.Webhook.decode(client, body)

    assert webhook.data == %{"user" => %{"id" => "kp_1"}}
    assert {:ok, %Kinde.Webhook{type: "user.created"}} = Kinde.Webhook.decode(client, Testing.webhook(client))
    old = Testing.webhook(client, timestamp: "2024-01-01T00:00:00Z")
    assert {:error, %Kinde.Error{}} = Kinde.Webhook.decode(client, old)
  end
end
