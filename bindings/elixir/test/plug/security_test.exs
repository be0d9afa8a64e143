defmodule Kinde.Plug.SecurityTest do
  use ExUnit.Case, async: true

  alias Kinde.Support.{Browser, Emulator}

  setup_all do
    %{emulator: Emulator.start!()}
  end

  defp browser(emulator, options, others \\ []) do
    client = Emulator.client(emulator, seal_keys: [String.duplicate("k", 32)], clock_leeway_seconds: 1)
    Browser.new(Browser.application([client: client] ++ options, others), emulator)
  end

  for place <- [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example/",
        "https://app.example.com@evil.example/",
        "javascript:x"
      ] do
    test "does not lead to #{place}", %{emulator: emulator} do
      browser =
        emulator
        |> browser(keep: :store)
        |> Browser.get("/login?return_to=#{URI.encode_www_form(unquote(place))}")

      assert browser.conn.status == 400
      assert Browser.sign_ins(browser) == []
    end
  end

  test "does not lead to a page whose path is another host, but signs in", %{emulator: emulator} do
    browser = emulator |> browser(keep: :store) |> Browser.get("//orders")

    conn = %{
      browser.conn
      | state: :unset,
        status: nil,
        resp_cookies: %{},
        halted: false,
        request_path: "//evil.example/orders"
    }

    conn = %{conn | resp_headers: [], method: "GET"}
    answer = Kinde.Plug.require_authenticated(conn)
    assert answer.status == 302

    browser =
      Browser.come_back(
        Browser.answer(browser, answer),
        browser |> Browser.answer(answer) |> Browser.location()
      )

    assert Browser.location(browser) == "/"
  end

  test "takes whatever bytes a browser sends", %{emulator: emulator} do
    browser = browser(emulator, keep: :store)

    for query <- [
          "\xff",
          "state=\xff&code=\xff",
          "state=%ff&code=%ff",
          "state=a&state=b",
          "%",
          "=",
          "&&",
          "state",
          "\0"
        ] do
      assert Browser.get(browser, "/callback?" <> query).conn.status == 400
    end

    for query <- ["a=\xff", String.duplicate("a", 5_000), "%0d%0aset-cookie:a=b"] do
      assert Browser.get(browser, "/orders?" <> query).conn.status == 302
    end

    refuted = browser(emulator, [keep: :store], routes: %{orders: [to: "/sign-in"]})

    assert refuted |> Browser.get("/orders?a=\xff\n") |> Browser.location() ==
             "/sign-in?return_to=%2Forders%3Fa%3D%FF%0A"
  end

  test "shows nothing of what a callback says", %{emulator: emulator} do
    browser =
      emulator
      |> browser(keep: :store)
      |> Browser.get("/callback?error=<script>&error_description=<script>&state=x")

    assert browser.conn.status == 400
    refute browser.conn.resp_body =~ "script"
  end

  test "does not hand arbitrary parameters to Kinde", %{emulator: emulator} do
    browser =
      emulator
      |> browser(keep: :store)
      |> Browser.get(
        "/login?org_code=org_acme&redirect_uri=https://evil.example&scope=all&state=s&prompt=none&lang[]=x"
      )

    asked = URI.decode_query(URI.parse(Browser.location(browser)).query)
    assert asked["org_code"] == "org_acme"
    assert asked["redirect_uri"] =~ "http://127.0.0.1"

    refute asked["scope"] == "all" or asked["state"] == "s" or Map.has_key?(asked, "lang") or
             asked["prompt"] == "none"
  end

  test "hands what the application says to Kinde, before what the query says", %{emulator: emulator} do
    routes = %{login: [params: [org_code: "org_acme"], return_to: "/orders"], register: []}
    browser = browser(emulator, [keep: :store], routes: routes)

    asked = fn path ->
      URI.decode_query(URI.parse(browser |> Browser.get(path) |> Browser.location()).query)
    end

    assert asked.("/login?org_code=org_other")["org_code"] == "org_acme"
    assert browser |> Browser.sign_in("/login?return_to=/elsewhere") |> Browser.location() == "/orders"
    assert asked.("/register")["prompt"] == "create"

    assert asked.("/create_org?org_name=Acme") |> Map.take(["is_create_org", "org_name"]) == %{
             "is_create_org" => "true",
             "org_name" => "Acme"
           }
  end

  for {name, value} <- [
        {"sec-purpose", "prefetch"},
        {"purpose", "prefetch"},
        {"x-sec-purpose", "prefetch"},
        {"x-moz", "prefetch"},
        {"x-purpose", "preview"},
        {"sec-fetch-dest", "image"}
      ] do
    test "does nothing when nobody asked: #{name} #{value}", %{emulator: emulator} do
      browser = emulator |> browser(keep: :store) |> Browser.sign_in()

      for path <- ["/login", "/register", "/logout"] do
        answer = Browser.get(browser, path, [{unquote(name), unquote(value)}])
        assert answer.conn.status == 400
        assert Browser.set_cookies(answer) == []
      end

      assert Browser.greeted(browser) == "ada@example.com"
    end
  end

  test "does nothing for HEAD, for another site's scripts, and begins no sign-ins for scripts", %{
    emulator: emulator
  } do
    browser = emulator |> browser(keep: :store) |> Browser.sign_in()

    for path <- ["/login", "/logout", "/callback?code=x"],
        do: assert(Browser.request(browser, "HEAD", path).conn.status == 400)

    foreign = [{"sec-fetch-site", "cross-site"}, {"sec-fetch-mode", "no-cors"}, {"sec-fetch-dest", "empty"}]
    assert Browser.get(browser, "/logout", foreign).conn.status == 400

    assert Browser.get(browser, "/login", [{"sec-fetch-mode", "cors"}, {"sec-fetch-site", "same-origin"}]).conn.status ==
             400

    assert Browser.greeted(browser) == "ada@example.com"
    own = [{"sec-fetch-site", "same-origin"}, {"sec-fetch-mode", "cors"}, {"sec-fetch-dest", "empty"}]
    assert Browser.post(browser, "/logout", own).conn.status == 302
  end

  test "signs out by GET when the user follows a link", %{emulator: emulator} do
    browser = emulator |> browser(keep: :store) |> Browser.sign_in()

    followed = [
      {"sec-fetch-mode", "navigate"},
      {"sec-fetch-dest", "document"},
      {"sec-fetch-site", "cross-site"}
    ]

    assert browser |> Browser.get("/logout", followed) |> Browser.greeted() == "nobody"
  end

  test "has nothing in its options that is not meant" do
    for options <- [
          [],
          [client: :c, keep: :disk],
          [client: :c, cookie_name: "a b"],
          [client: :c, secure: 1],
          [client: :c, live_view: nil]
        ] do
      assert_raise ArgumentError, fn -> Kinde.Plug.init(options) end
    end

    assert_raise KeyError, fn -> Kinde.Plug.init(client: :c, keeep: :store) end
    assert_raise ArgumentError, fn -> Kinde.Plug.init({:login, retrun_to: "/"}) end
  end
end
