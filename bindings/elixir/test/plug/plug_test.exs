defmodule Kinde.PlugTest do
  use ExUnit.Case, async: true

  alias Kinde.Support.{Browser, Emulator}
  alias Plug.Conn

  @seal_keys [String.duplicate("k", 32)]

  setup_all do
    %{emulator: Emulator.start!()}
  end

  defp client(emulator, settings \\ []) do
    emulator |> Emulator.client(Keyword.merge([seal_keys: @seal_keys, clock_leeway_seconds: 1], settings))
  end

  defp browser(emulator, options, others \\ []) do
    {settings, options} = Keyword.pop(options, :settings, [])
    options = Keyword.put_new_lazy(options, :client, fn -> client(emulator, settings) end)
    Browser.new(Browser.application(options, others), emulator)
  end

  for keep <- [:store, :cookies] do
    describe "with keep: #{inspect(keep)}" do
      @keep keep

      test "signs in, answers questions, and signs out", %{emulator: emulator} do
        browser = browser(emulator, keep: @keep)
        assert Browser.greeted(browser) == "nobody"
        browser = Browser.sign_in(browser)
        assert {browser.conn.status, Browser.location(browser)} == {302, "/"}
        assert Browser.greeted(browser) == "ada@example.com"
        assert Browser.get(browser, "/todos").conn.status == 200
        signed_in = browser
        browser = Browser.post(browser, "/logout")
        assert Browser.location(browser) =~ "#{emulator.url}/logout?redirect="
        assert Browser.cookie_names(browser) -- ["_app"] == []
        assert Browser.greeted(browser) == "nobody"
        if @keep == :store, do: assert(Browser.greeted(signed_in) == "nobody")
      end

      test "leads the user to where he wanted to go", %{emulator: emulator} do
        browser = browser(emulator, keep: @keep)

        assert browser |> Browser.sign_in("/login?return_to=/orders%3Fpage%3D2") |> Browser.location() ==
                 "/orders?page=2"

        assert browser |> Browser.sign_in("/orders/7?page=3") |> Browser.location() == "/orders/7?page=3"
      end

      test "lets sign-ins that begin at the same time alone, on a first visit", %{emulator: emulator} do
        browser = browser(emulator, keep: @keep)
        # Both are asked before either is answered.
        tabs = for path <- ["/orders/1", "/orders/2"], do: Browser.get(browser, path)
        browser = Enum.reduce(tabs, browser, &Browser.answer(&2, &1.conn))
        [first, second] = Enum.map(tabs, &Browser.location/1)
        browser = Browser.come_back(browser, second)
        assert Browser.location(browser) == "/orders/2"
        browser = Browser.come_back(browser, first)
        assert Browser.location(browser) == "/orders/1"
        assert Browser.greeted(browser) == "ada@example.com"
        assert Browser.sign_ins(browser) == []
      end

      test "does not touch the session of whoever is signed in when a sign-in begins", %{emulator: emulator} do
        browser = emulator |> browser(keep: @keep) |> Browser.sign_in()
        before = List.keyfind(browser.jar, "kinde_session", 0)
        # A form of another site comes without cookies.
        form = Browser.post(%{browser | jar: []}, "/login")
        browser = Browser.answer(browser, form.conn)
        assert List.keyfind(browser.jar, "kinde_session", 0) == before
        assert Browser.greeted(browser) == "ada@example.com"
      end

      test "ends sign-ins under way with a sign-out", %{emulator: emulator} do
        browser = emulator |> browser(keep: @keep) |> Browser.sign_in() |> Browser.get("/login")
        begun = Browser.location(browser)
        assert [_one] = Browser.sign_ins(browser)
        browser = Browser.post(browser, "/logout")
        assert Browser.sign_ins(browser) == []
        assert Browser.come_back(browser, begun).conn.status == 400
        assert Browser.greeted(browser) == "nobody"
      end

      test "goes on after an expired link, to the same place", %{emulator: emulator} do
        own = emulator_of_its_own()
        browser = browser(own, keep: @keep)
        Emulator.post(own, "/login", %{error: "login_link_expired", times: 1})
        browser = Browser.sign_in(browser, "/orders/7")
        assert String.starts_with?(Browser.location(browser), own.url)
        assert [_one] = Browser.sign_ins(browser)
        assert Browser.greeted(browser) == "nobody"
        browser = Browser.come_back(browser, Browser.location(browser))
        assert Browser.location(browser) == "/orders/7"
        assert Browser.sign_ins(browser) == []
        assert emulator.url != own.url
      end

      test "has few sign-ins under way: the oldest goes", %{emulator: emulator} do
        browser = browser(emulator, keep: @keep)

        browser =
          Enum.reduce(1..20, browser, fn number, browser -> Browser.get(browser, "/orders/#{number}") end)

        bytes =
          browser.jar
          |> Enum.map(fn {name, value} -> byte_size(name) + byte_size(value) + 3 end)
          |> Enum.sum()

        assert bytes < 3_000
        assert Browser.come_back(browser, Browser.location(browser)) |> Browser.location() == "/orders/20"
      end

      test "takes no callback that another browser began", %{emulator: emulator} do
        attacker = emulator |> browser(keep: @keep) |> Browser.get("/login")
        callback = Browser.callback(attacker, Browser.location(attacker))
        victim = Browser.get(%{attacker | jar: []}, callback)
        assert victim.conn.status == 400
        assert Browser.greeted(victim) == "nobody"
      end

      test "takes no callback twice, but leaves a user signed in who goes back to it", %{emulator: emulator} do
        browser = emulator |> browser(keep: @keep) |> Browser.get("/login")
        callback = Browser.callback(browser, Browser.location(browser))
        again = Browser.get(browser, callback)
        assert {again.conn.status, Browser.location(again)} == {302, "/"}
        back = Browser.get(again, callback)
        assert {back.conn.status, Browser.location(back)} == {302, "/"}
        assert Browser.greeted(back) == "ada@example.com"
        # The cookies from before the callback.
        assert Browser.get(browser, callback).conn.status == 400
      end

      test "gives the session of Plug a new id at the sign-in, and nothing known of it holds", %{
        emulator: emulator
      } do
        table = :ets.new(:sessions, [:public])

        pages = fn conn ->
          conn
          |> Conn.put_session("cart", "tea")
          |> Conn.put_session("_csrf_token", "known")
          |> Browser.page("")
        end

        browser =
          browser(emulator, [keep: @keep], session: [store: :ets, key: "_app", table: table], pages: pages)

        browser = Browser.get(browser, "/cart")
        {_name, planted} = List.keyfind(browser.jar, "_app", 0)
        browser = Browser.sign_in(browser)
        {_name, renewed} = List.keyfind(browser.jar, "_app", 0)
        assert renewed != planted
        assert :ets.lookup(table, planted) == []
        assert [{_sid, %{"cart" => "tea"} = session}] = :ets.lookup(table, renewed)
        refute Map.has_key?(session, "_csrf_token")
        browser = Browser.post(browser, "/logout")
        assert :ets.lookup(table, renewed) == []
        assert List.keyfind(browser.jar, "_app", 0) != {"_app", renewed}
        assert Enum.all?(:ets.tab2list(table), fn {_sid, session} -> session == %{} end)
      end

      test "empties the session of Plug when another user takes its place", %{emulator: emulator} do
        own = emulator_of_its_own()
        pages = fn conn -> conn |> Conn.put_session("cart", "tea") |> Browser.page("") end
        table = :ets.new(:sessions, [:public])
        browser = browser(own, [keep: @keep], session: [store: :ets, key: "_app", table: table], pages: pages)
        browser = browser |> Browser.sign_in() |> Browser.get("/cart") |> Browser.sign_in()
        assert [{_sid, %{"cart" => "tea"}}] = :ets.tab2list(table)
        Emulator.post(own, "/login", %{email: "grace@example.com"})
        browser = Browser.sign_in(browser)
        assert Browser.greeted(browser) == "grace@example.com"
        assert [{_sid, session}] = :ets.tab2list(table)
        refute Map.has_key?(session, "cart")
        assert emulator.url != own.url
      end

      test "renews an access token that is about to expire, once", %{emulator: emulator} do
        own = emulator_of_its_own()
        Emulator.control(own, "PATCH", "/applications?client_id=emulator_web", %{access_token_seconds: 30})
        Emulator.control(own, "PATCH", "/settings", %{refresh_keeps_access_token: false})
        browser = own |> browser(keep: @keep) |> Browser.sign_in()
        Emulator.control(own, "PATCH", "/applications?client_id=emulator_web", %{access_token_seconds: 3600})
        before = Emulator.count(own, "/oauth2/token")
        browser = Browser.get(browser, "/")
        assert browser.conn.resp_body == "ada@example.com"
        assert Browser.greeted(browser) == "ada@example.com"
        assert Emulator.count(own, "/oauth2/token") == before + 1
        assert emulator.url != own.url
      end

      test "keeps what an action changed", %{emulator: emulator} do
        pages = fn conn ->
          if conn.path_info == ["refresh"], do: :ok = Kinde.Session.refresh(Kinde.Plug.session(conn))
          Browser.page(conn, Kinde.Session.access_token!(Kinde.Plug.session(conn)))
        end

        own = emulator_of_its_own()
        Emulator.control(own, "PATCH", "/settings", %{refresh_keeps_access_token: false})
        browser = own |> browser([keep: @keep], pages: pages) |> Browser.sign_in()
        former = Browser.get(browser, "/token").conn.resp_body
        browser = Browser.get(browser, "/refresh")
        assert browser.conn.resp_body != former
        assert Browser.get(browser, "/token").conn.resp_body == browser.conn.resp_body
        assert emulator.url != own.url
      end

      test "ends a session that Kinde ended", %{emulator: emulator} do
        own = emulator_of_its_own()
        Emulator.control(own, "PATCH", "/applications?client_id=emulator_web", %{access_token_seconds: 30})
        browser = own |> browser(keep: @keep) |> Browser.sign_in()

        Emulator.post(own, "/faults", %{
          path: "/oauth2/token",
          status: 400,
          body: ~s({"error":"invalid_grant"}),
          times: 1
        })

        browser = Browser.get(browser, "/")
        assert browser.conn.resp_body == "nobody"
        assert Browser.cookie_names(browser) -- ["_app"] == []
        assert emulator.url != own.url
      end

      test "keeps an unexpired token good when Kinde is away", %{emulator: emulator} do
        own = emulator_of_its_own()
        Emulator.control(own, "PATCH", "/applications?client_id=emulator_web", %{access_token_seconds: 30})
        browser = own |> browser(keep: @keep) |> Browser.sign_in()
        Emulator.post(own, "/faults", %{path: "/oauth2/token", status: 503, times: nil})
        assert Browser.greeted(browser) == "ada@example.com"
        assert emulator.url != own.url
      end

      test "answers 503 when Kinde is away during a sign-in, and hands other failures to the application", %{
        emulator: emulator
      } do
        own = emulator_of_its_own()
        failed = fn conn, error -> Browser.page(conn, inspect(error.code)) end
        browser = browser(own, [keep: @keep], routes: %{callback: [on_failure: failed]})
        Emulator.post(own, "/login", %{error: "access_denied", times: 1})
        assert Browser.sign_in(browser).conn.resp_body == ":access_denied"
        browser = browser(own, keep: @keep)
        Emulator.post(own, "/faults", %{path: "/oauth2/token", status: 503, times: nil})
        answer = Browser.sign_in(browser)
        assert answer.conn.status == 503
        assert [_seconds] = Conn.get_resp_header(answer.conn, "retry-after")
        assert Browser.sign_ins(answer) == []
        assert emulator.url != own.url
      end
    end
  end

  defp emulator_of_its_own, do: Emulator.start!()

  describe "sessions in the store" do
    test "send nothing but an id", %{emulator: emulator} do
      browser = emulator |> browser(keep: :store) |> Browser.sign_in()
      assert Browser.cookie_names(browser) == ["_app"]
      assert [{"_app", cookie}] = browser.jar
      assert byte_size(cookie) < 400
    end

    test "set no cookie again while the id stays", %{emulator: emulator} do
      browser = emulator |> browser(keep: :store) |> Browser.sign_in() |> Browser.get("/")
      assert browser.conn.resp_body == "ada@example.com"
      assert Browser.set_cookies(browser) == []
    end

    test "end when another sign-in takes their place", %{emulator: emulator} do
      browser = emulator |> browser(keep: :store) |> Browser.sign_in()
      again = Browser.sign_in(browser)
      assert Browser.greeted(again) == "ada@example.com"
      assert Browser.greeted(browser) == "nobody"
    end

    test "are not signed out when the store is away", %{emulator: emulator} do
      # A store that refuses connections.
      {:ok, socket} = :gen_tcp.listen(0, ip: {127, 0, 0, 1})
      {:ok, port} = :inet.port(socket)
      :ok = :gen_tcp.close(socket)
      client = client(emulator, store_url: "redis://127.0.0.1:#{port}", store_timeout_ms: 300)

      pages = fn conn ->
        case conn.path_info do
          ["stored"] ->
            conn |> Conn.put_session("kinde_session_id", String.duplicate("a", 43)) |> Browser.page("")

          ["public"] ->
            Browser.page(conn, "#{inspect(conn.assigns.kinde_user)}")
        end
      end

      browser = browser(emulator, [client: client], pages: pages)
      assert browser |> Browser.get("/login") |> Map.get(:conn) |> Map.get(:status) == 503
      browser = Browser.get(browser, "/stored")
      answer = Browser.get(browser, "/public")
      assert answer.conn.resp_body == "nil"
      assert Browser.set_cookies(answer) == []
      assert Browser.get(browser, "/orders").conn.status == 503
      assert Browser.get(browser, "/todos").conn.status == 503
      assert Browser.post(browser, "/logout").conn.status == 503
      assert %Kinde.Error{code: :store} = error = catch_error(Browser.get(browser, "/"))
      assert Plug.Exception.status(error) == 503
      assert Plug.Exception.status(%Kinde.Error{code: :config}) == 500
    end

    test "say what comes before the plug", %{emulator: emulator} do
      assert_raise ArgumentError, ~r/session not fetched/, fn ->
        emulator |> browser([keep: :store], session: false) |> Browser.get("/")
      end

      assert_raise ArgumentError, ~r/put `plug Kinde.Plug/, fn ->
        Kinde.Plug.require_authenticated(Plug.Test.conn(:get, "/"))
      end
    end
  end

  describe "sessions in cookies" do
    test "need a key, which is for developers to hear", %{emulator: emulator} do
      browser = browser(emulator, [keep: :cookies, client: Emulator.client(emulator)], session: false)
      assert %Kinde.Error{code: :config} = catch_error(Browser.get(browser, "/login"))
    end

    test "do without the session of Plug", %{emulator: emulator} do
      browser = emulator |> browser([keep: :cookies], session: false) |> Browser.sign_in()
      assert Browser.greeted(browser) == "ada@example.com"
      assert Browser.post(browser, "/logout").jar == []
    end

    test "are kept from scripts, other sites and caches", %{emulator: emulator} do
      browser = emulator |> browser([keep: :cookies], session: false) |> Browser.get("/login")
      assert [cookie] = Browser.set_cookies(browser)

      assert cookie =~ ~r/; HttpOnly/ and cookie =~ "SameSite=Lax" and cookie =~ "max-age=900" and
               cookie =~ "path=/"

      refute cookie =~ "secure"
      assert Conn.get_resp_header(browser.conn, "cache-control") == ["no-store"]
    end

    test "go over HTTPS only where the application does", %{emulator: emulator} do
      browser = browser(emulator, [keep: :cookies], session: false)
      assert [cookie] = %{browser | scheme: "https"} |> Browser.get("/login") |> Browser.set_cookies()
      assert cookie =~ "; secure"
      # A proxy ends TLS.
      proxied =
        browser(emulator, [keep: :cookies, settings: [redirect_uri: "https://app.example.com/callback"]],
          session: false
        )

      proxied = Browser.get(proxied, "/login")
      assert [cookie] = Browser.set_cookies(proxied)
      assert cookie =~ "; secure"
      proxied = Browser.come_back(proxied, Browser.location(proxied))
      assert Browser.cookie_names(proxied) == ["kinde_session"]
      assert Enum.all?(Browser.set_cookies(proxied), &(&1 =~ "; secure"))
      bound = browser(emulator, [keep: :cookies, cookie_name: "__Host-kinde"], session: false)
      assert [cookie] = bound |> Browser.get("/login") |> Browser.set_cookies()
      assert cookie =~ ~r/\A__Host-kinde_[0-9a-f]{16}=/ and cookie =~ "; secure"
    end

    test "are split where they are too long for one", %{emulator: emulator} do
      own = emulator_of_its_own()
      many = for _ <- 1..200, do: Base.encode16(:crypto.strong_rand_bytes(16))
      client = client(own)
      token = Emulator.mint(own, %{claims: %{permissions: many}})

      pages = fn conn ->
        {:ok, conn} = Kinde.Plug.sign_in(conn, Kinde.Session.from_tokens!(client, access_token: token))
        Browser.page(conn, "")
      end

      asks = fn conn -> Browser.page(conn, "#{Kinde.Plug.permission?(conn, hd(many))}") end
      pages = fn conn -> if conn.path_info == ["take"], do: pages.(conn), else: asks.(conn) end

      browser =
        own |> browser([keep: :cookies, client: client], session: false, pages: pages) |> Browser.get("/take")

      assert "kinde_session.1" in Browser.cookie_names(browser)
      assert Enum.all?(Browser.set_cookies(browser), &(byte_size(&1) <= 4096))
      assert Browser.get(browser, "/ask").conn.resp_body == "true"
      # One of them is gone.
      broken = %{browser | jar: List.keydelete(browser.jar, "kinde_session.1", 0)} |> Browser.get("/ask")
      assert broken.conn.resp_body == "false"
      assert broken.jar == []
      assert emulator.url != own.url
    end

    test "are not what somebody else sealed, or any bytes", %{emulator: emulator} do
      browser = emulator |> browser([keep: :cookies], session: false) |> Browser.sign_in()

      other =
        browser(emulator, [keep: :cookies, settings: [seal_keys: [String.duplicate("o", 32)]]], session: false)

      answer = Browser.get(%{other | jar: browser.jar}, "/")
      assert answer.conn.resp_body == "nobody"
      assert answer.jar == []

      for cookie <- [
            "kinde_session=\xff\xfe",
            "kinde_session=a; kinde_session=b",
            "kinde_session=",
            "=; ;;kinde_session",
            "\0"
          ] do
        assert Browser.get(%{browser | jar: []}, "/", [{"cookie", cookie}]).conn.resp_body == "nobody"
      end

      {_name, sealed} = List.keyfind(browser.jar, "kinde_session", 0)
      foreign = Browser.get(%{browser | jar: []}, "/", [{"cookie", "theirs=\xff; kinde_session=#{sealed}"}])
      assert foreign.conn.resp_body == "ada@example.com"
    end
  end

  describe "what needs a user" do
    test "has none whose access token expired and cannot be renewed now", %{emulator: emulator} do
      client = client(emulator)
      token = Emulator.mint(emulator, %{claims: %{exp: System.os_time(:second) - 120}})
      over = Kinde.Session.from_tokens!(client, access_token: token)

      pages = fn conn ->
        {:ok, conn} = Kinde.Plug.sign_in(conn, over)
        assert %Kinde.Session{} = Kinde.Plug.session(conn)

        Browser.page(
          conn,
          inspect({conn.assigns.kinde_session, Kinde.Plug.user(conn), Kinde.Plug.authenticated?(conn)})
        )
      end

      browser = emulator |> browser([client: client, keep: :store], pages: pages) |> Browser.get("/take")
      assert browser.conn.resp_body == "{nil, nil, false}"
      assert Browser.get(browser, "/orders").conn.status == 302
    end

    test "answers 401 to what is no page that a user goes to", %{emulator: emulator} do
      browser = browser(emulator, keep: :store)

      for {method, headers} <- [
            {"POST", []},
            {"HEAD", []},
            {"GET", [{"sec-fetch-mode", "cors"}]},
            {"GET", [{"sec-purpose", "prefetch;prerender"}]}
          ] do
        answer = Browser.request(browser, method, "/orders", headers)
        assert answer.conn.status == 401
        assert answer.jar == []
      end
    end

    test "sends to a page of the application, if there is one", %{emulator: emulator} do
      browser = browser(emulator, [keep: :store], routes: %{orders: [to: "/sign-in"]})

      assert browser |> Browser.get("/orders/7?a=b&c=d") |> Browser.location() ==
               "/sign-in?return_to=%2Forders%2F7%3Fa%3Db%26c%3Dd"
    end

    test "answers 403 without the permission", %{emulator: emulator} do
      browser = browser(emulator, keep: :store)
      assert Browser.get(browser, "/rockets").conn.status == 302
      browser = Browser.sign_in(browser)
      assert Browser.get(browser, "/todos").conn.resp_body == "todos"
      assert Browser.get(browser, "/rockets").conn.status == 403
      denied = fn conn -> Conn.send_resp(conn, 404, "no such page") end
      routes = %{rockets: [permission: "launch:rockets", on_denied: denied]}

      browser =
        emulator |> browser([keep: :store], routes: routes) |> Browser.sign_in() |> Browser.get("/rockets")

      assert {browser.conn.status, browser.conn.resp_body, browser.conn.halted} == {404, "no such page", true}
    end

    test "asks which permission" do
      for nothing <- [[], [permission: []], [to: "/"]] do
        assert_raise ArgumentError, ~r/which permission/, fn ->
          Kinde.Plug.init({:require_permission, nothing})
        end
      end
    end
  end

  test "closes the LiveViews of a user who signs out", %{emulator: emulator} do
    browser = emulator |> browser(keep: :store, endpoint: __MODULE__.Endpoint) |> Browser.sign_in()
    Browser.post(browser, "/logout")
    assert_received {:broadcast, "kinde:" <> _random, "disconnect", %{}}
  end

  defmodule Endpoint do
    def broadcast(topic, event, message), do: send(self(), {:broadcast, topic, event, message})
  end
end
