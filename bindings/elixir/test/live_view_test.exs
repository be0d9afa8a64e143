defmodule Kinde.LiveViewTest do
  use ExUnit.Case, async: true

  import ExUnit.CaptureLog

  alias Kinde.Support.{Browser, Emulator}
  alias Phoenix.LiveView.Socket
  alias Plug.Conn

  setup_all do
    emulator = Emulator.start!()
    %{emulator: emulator, client: client(emulator)}
  end

  defp client(emulator, settings \\ []) do
    Emulator.client(
      emulator,
      Keyword.merge([seal_keys: [String.duplicate("k", 32)], clock_leeway_seconds: 1], settings)
    )
  end

  defp mount(hook, client, session, options \\ []) do
    Kinde.LiveView.on_mount({hook, [client: client] ++ options}, %{}, session, %Socket{})
  end

  # A browser that has signed in, and what reads its session of Plug, which is all that a LiveView sees.
  defp signed_in(emulator, options) do
    test = self()

    pages = fn conn ->
      send(test, {:session, Conn.get_session(conn)})
      Browser.page(conn, "")
    end

    read = fn browser ->
      Browser.get(browser, "/read")
      assert_received {:session, session}
      session
    end

    {options |> Browser.application(pages: pages) |> Browser.new(emulator) |> Browser.sign_in(), read}
  end

  for options <- [[keep: :store], [keep: :cookies, live_view: true]] do
    describe "with #{inspect(options)}" do
      @options options

      test "knows who is signed in by the session of Plug alone", %{emulator: emulator, client: client} do
        {browser, read} = signed_in(emulator, [client: client] ++ @options)
        session = read.(browser)

        for hook <- [:fetch_session, :require_authenticated] do
          assert {:cont, socket} = mount(hook, client, session)
          assert socket.assigns.kinde_user.email == "ada@example.com"
          assert Kinde.Session.permission?(socket.assigns.kinde_session, "read:todos")
        end

        # Another process, as that of a LiveView is.
        assert {:cont, _socket} =
                 Task.await(Task.async(fn -> mount(:require_authenticated, client, session) end))

        after_logout = browser |> Browser.post("/logout") |> read.()
        assert {:halt, _socket} = mount(:require_authenticated, client, after_logout)
      end

      test "judges permissions", %{emulator: emulator, client: client} do
        {browser, read} = signed_in(emulator, [client: client] ++ @options)
        session = read.(browser)
        assert {:cont, _socket} = mount(:require_permission, client, session, permission: "read:todos")
        needed = [permission: ["read:todos", "launch:rockets"], denied_to: "/denied"]

        assert {:halt, %{redirected: {:redirect, %{to: "/denied"}}}} =
                 mount(:require_permission, client, session, needed)

        assert {:halt, %{redirected: {:redirect, %{to: "/in"}}}} =
                 mount(:require_permission, client, %{}, needed ++ [to: "/in"])

        assert_raise ArgumentError, fn -> mount(:require_permission, client, session) end
      end

      test "takes no access token that has expired" do
        emulator = Emulator.start!()
        client = client(emulator, auto_refresh: false)
        {browser, read} = signed_in(emulator, [client: client] ++ @options)
        session = read.(browser)
        expired = client(emulator, auto_refresh: false, clock_leeway_seconds: 1)
        # A session of another client of the same application, whose tokens are over.
        tokens = %{access_token: Emulator.mint(emulator, %{claims: %{exp: System.os_time(:second) - 120}})}
        over = Kinde.Session.from_tokens!(expired, tokens)
        refute Kinde.Session.authenticated?(over)

        session =
          if @options[:live_view],
            do: %{session | "kinde_claims" => Kinde.Session.seal!(over, content: "claims")},
            else: %{session | "kinde_session_id" => Kinde.Session.save!(over)}

        assert {:halt, %{assigns: %{kinde_user: nil, kinde_session: nil}}} =
                 mount(:require_authenticated, expired, session)
      end
    end
  end

  test "lets nobody in without a session, or with one that is none", %{client: client} do
    for session <- [
          %{},
          %{"kinde_session_id" => String.duplicate("a", 43)},
          %{"kinde_session_id" => "no id"},
          %{"kinde_session_id" => 7},
          %{"kinde_claims" => "forged"},
          %{"kinde_claims" => nil}
        ] do
      assert {:cont, %{assigns: %{kinde_user: nil, kinde_session: nil}}} =
               mount(:fetch_session, client, session)

      assert {:halt, %{redirected: {:redirect, %{to: "/login"}}}} =
               mount(:require_authenticated, client, session)
    end
  end

  test "puts no tokens into the session of Plug, and forgets the claims with the session", %{
    emulator: emulator,
    client: client
  } do
    {browser, read} = signed_in(emulator, client: client, keep: :cookies, live_view: true)
    %{"kinde_claims" => seal} = read.(browser)
    assert {:error, %Kinde.Error{}} = Kinde.Session.tokens(Kinde.Session.open!(client, seal))
    assert byte_size(seal) <= 2_400
    lost = %{browser | jar: List.keydelete(browser.jar, "kinde_session", 0)}
    lost = Browser.get(lost, "/read")
    refute Map.has_key?(read.(lost), "kinde_claims")
  end

  test "leaves claims out that would not fit into a cookie, and says so" do
    emulator = Emulator.start!()
    client = client(emulator)
    many = for _ <- 1..120, do: Base.encode16(:crypto.strong_rand_bytes(16))
    token = Emulator.mint(emulator, %{claims: %{permissions: many}})
    test = self()

    pages = fn conn ->
      {:ok, conn} = Kinde.Plug.sign_in(conn, Kinde.Session.from_tokens!(client, access_token: token))
      send(test, {:session, Conn.get_session(conn)})
      Browser.page(conn, "#{Kinde.Plug.permission?(conn, hd(many))}")
    end

    application = Browser.application([client: client, keep: :cookies, live_view: true], pages: pages)

    log =
      capture_log(fn ->
        assert Browser.get(Browser.new(application, emulator), "/take").conn.resp_body == "true"
      end)

    assert_received {:session, session}
    refute Map.has_key?(session, "kinde_claims")
    assert log =~ "too long for the session of Plug"
  end

  test "renews claims with the access token" do
    emulator = Emulator.start!()
    client = client(emulator)
    Emulator.control(emulator, "PATCH", "/applications?client_id=emulator_web", %{access_token_seconds: 30})
    Emulator.control(emulator, "PATCH", "/settings", %{refresh_keeps_access_token: false})
    {browser, read} = signed_in(emulator, client: client, keep: :cookies, live_view: true)
    Emulator.control(emulator, "PATCH", "/applications?client_id=emulator_web", %{access_token_seconds: 3600})
    browser = Browser.get(browser, "/")
    session = read.(browser)
    assert {:cont, socket} = mount(:require_authenticated, client, session)
    assert Kinde.Session.expires_at!(socket.assigns.kinde_session) > System.os_time(:second) + 3_000
  end

  test "sends nobody away when the store cannot be asked", %{emulator: emulator} do
    {:ok, socket} = :gen_tcp.listen(0, ip: {127, 0, 0, 1})
    {:ok, port} = :inet.port(socket)
    :ok = :gen_tcp.close(socket)
    client = client(emulator, store_url: "redis://127.0.0.1:#{port}", store_timeout_ms: 300)
    session = %{"kinde_session_id" => String.duplicate("a", 43)}
    assert %Kinde.Error{code: :store} = catch_error(mount(:require_authenticated, client, session))
  end
end
