# frozen_string_literal: true

require "support/browser"

RSpec.describe KindeSdk::Rack::Middleware do
  include Browsers

  before { configure(seal_keys: ["k" * 32]) }

  shared_examples "sessions" do
    it "signs in, answers questions, and signs out" do
      browser = browser { |kinde, _| [kinde.user&.fetch(:email), kinde.permission?("read:todos"), kinde.permission?("x")].inspect }
      expect(browser.get("/").body).to eq([nil, false, false].inspect)
      expect(browser.sign_in.status).to eq(302)
      expect(browser.location).to eq("/")
      expect(browser.get("/").body).to eq(["ada@example.com", true, false].inspect)
      browser.get("/logout")
      expect(browser.location).to start_with("#{emulator.url}/logout?redirect=")
      expect(browser.cookies).to be_empty
      expect(browser.get("/").body).to eq([nil, false, false].inspect)
    end

    it "leads the user to where he wanted to go" do
      browser = browser()
      browser.sign_in(return_to: "/orders?page=2")
      expect(browser.location).to eq("/orders?page=2")
    end

    it "lets a user sign in in two tabs" do
      browser = browser()
      first = browser.get("/login").headers["Location"]
      second = browser.get("/login", return_to: "/second").headers["Location"]
      expect(browser.come_back(first).status).to eq(302)
      browser.come_back(second)
      expect(browser.location).to eq("/second")
      expect(browser.get("/").body).to eq("ada@example.com")
    end

    it "begins a new session at the sign-in" do
      browser = browser()
      browser.get("/login")
      before = browser.cookies
      browser.come_back(browser.location)
      expect(browser.cookies).not_to eq(before)
      planted = Browser.new(browser.app, emulator)
      before.each { |name, value| planted.set_cookie("#{name}=#{value}") }
      expect(planted.get("/").body).to eq("nobody")
    end

    it "sets no cookie when nothing changed" do
      browser = browser()
      browser.get("/")
      expect(browser.set_cookies).to be_empty
      browser.sign_in
      browser.get("/")
      expect(browser.set_cookies).to be_empty
    end

    it "renews an access token that is about to expire, once" do
      emulator.patch("/applications?client_id=emulator_web", { access_token_seconds: 30 })
      browser = browser { |kinde, _| 3.times.map { kinde.permission?("read:todos") }.inspect }
      browser.sign_in
      emulator.patch("/applications?client_id=emulator_web", { access_token_seconds: 3600 })
      emulator.post("/tokens/expire", { kind: "access" })
      before = emulator.count("/oauth2/token")
      expect(browser.get("/").body).to eq("[true, true, true]")
      expect(browser.get("/").body).to eq("[true, true, true]")
      expect(emulator.count("/oauth2/token")).to eq(before + 1)
    end

    it "keeps an unexpired token good when Kinde is away" do
      emulator.patch("/applications?client_id=emulator_web", { access_token_seconds: 30 })
      browser = browser()
      browser.sign_in
      emulator.post("/faults", { path: "/oauth2/token", status: 503, times: nil })
      expect(browser.get("/").body).to eq("ada@example.com")
      expect(browser.cookies).not_to be_empty
    end

    it "does not sign a user out whose expired token cannot be renewed now" do
      browser = browser()
      with_expired_token { browser.sign_in }
      emulator.post("/faults", { path: "/oauth2/token", status: 503, times: nil })
      expect(browser.get("/").body).to eq("nobody")
      emulator.control(:delete, "/faults")
      expect(browser.get("/").body).to eq("ada@example.com")
    end

    it "renews nothing when auto_refresh_tokens is off" do
      configure(auto_refresh_tokens: false)
      browser = browser()
      with_expired_token { browser.sign_in }
      before = emulator.count("/oauth2/token")
      # It is told of each request all the same: a session that is used lives on.
      expect(KindeSdk::Core::Native).to receive(:kinde_session_ensure_fresh).and_call_original
      expect(browser.get("/").body).to eq("nobody")
      expect(emulator.count("/oauth2/token")).to eq(before)
    end

    it "renews for twenty requests at once with one call" do
      browser = browser()
      with_expired_token { browser.sign_in }
      before = emulator.count("/oauth2/token")
      twins = Array.new(20) { browser.twin }
      expect(twins.map { |twin| Thread.new { twin.get("/").body } }.map(&:value)).to all(eq("ada@example.com"))
      expect(emulator.count("/oauth2/token")).to eq(before + 1)
    end

    it "ends a session that Kinde ended" do
      browser = browser()
      with_expired_token { browser.sign_in }
      emulator.post("/tokens/revoke", { email: "ada@example.com" })
      expect(browser.get("/").body).to eq("nobody")
      expect(browser.get("/").body).to eq("nobody")
    end
  end

  context "with sealed cookies" do
    include_examples "sessions"

    it "protects them" do
      browser = browser()
      browser.sign_in
      expect(browser.set_cookies).to all(match(/\Akinde_session/).and(include("HttpOnly", "SameSite=Lax", "path=/")))
      expect(browser.set_cookies.join).not_to include("; secure")
      browser.get("/login", {}, "rack.url_scheme" => "https", "HTTPS" => "on")
      expect(browser.set_cookies).to all(include("; secure"))
    end

    it "protects them behind a proxy that ends TLS" do
      configure(callback_url: "https://app.example.com/callback")
      browser = browser()
      browser.get("/login")
      expect(browser.set_cookies).to all(include("; secure"))
    end

    it "splits a session that is too long for one cookie" do
      emulator.patch("/applications?client_id=emulator_web", { extra_id_token_claims: { about: SecureRandom.hex(2000) } })
      browser = browser()
      browser.sign_in
      expect(browser.set_cookies.map(&:bytesize)).to all(be <= 4096)
      expect(browser.cookies.keys).to include("kinde_session", "kinde_session.1")
      expect(browser.get("/").body).to eq("ada@example.com")
    end

    it "does without a part of the session that is missing, and deletes the rest" do
      browser = browser()
      browser.sign_in
      browser.clear_cookies
      browser.set_cookie("kinde_session=2.abc.def")
      expect(browser.get("/").body).to eq("nobody")
      expect(browser.set_cookies).to all(match(/max-age=0/))
      expect(browser.cookies).to be_empty
    end

    it "does not open what somebody else sealed" do
      browser = browser()
      browser.sign_in
      configure(seal_keys: ["z" * 32])
      expect(browser.get("/").body).to eq("nobody")
      expect(browser.cookies).to be_empty
    end

    it "opens what a former key sealed" do
      browser = browser()
      browser.sign_in
      configure(seal_keys: ["z" * 32, "k" * 32])
      expect(browser.get("/").body).to eq("ada@example.com")
    end

    it "is not disturbed by foreign cookies" do
      browser = browser()
      browser.sign_in
      header = browser.cookies.map { |pair| pair.join("=") }.join("; ")
      answer = Browser.new(browser.app, emulator).get("/", {}, "HTTP_COOKIE" => "x=\xff\xfe; #{header}; y=\"a, b\"".b)
      expect(answer.body).to eq("ada@example.com")
    end

    it "keeps what was renewed although the application failed later" do
      browser = browser { |kinde, _| kinde.authenticated? && [500, { "Content-Type" => "text/plain" }, ["oops"]] }
      with_expired_token { browser.sign_in }
      expect(browser.get("/").status).to eq(500)
      expect(browser.set_cookies).not_to be_empty
    end
  end

  context "with a store" do
    before { configure(seal_keys: nil, store_url: "memory:") }

    include_examples "sessions"

    it "sends nothing but an id" do
      browser = browser()
      browser.sign_in
      expect(browser.cookies.keys).to eq(["kinde_session"])
      expect(browser.cookies["kinde_session"].bytesize).to be < 80
      expect(browser.set_cookies).to all(include("HttpOnly", "SameSite=Lax"))
    end

    it "sets no cookie again while the id stays" do
      browser = browser { |kinde, _| kinde.refresh.inspect }
      browser.sign_in
      expect(browser.get("/").body).to eq("true")
      expect(browser.set_cookies).to be_empty
    end

    it "ends the session in whose place another user's comes" do
      browser = browser()
      browser.sign_in
      former = browser.twin
      emulator.post("/login", { email: "grace@example.com" })
      browser.sign_in
      expect(browser.get("/").body).to eq("grace@example.com")
      expect(former.get("/").body).to eq("nobody")
    end

    it "ends a session everywhere when the user signs out" do
      browser = browser()
      browser.sign_in
      stolen = browser.twin
      browser.get("/logout")
      expect(stolen.get("/").body).to eq("nobody")
    end

    it "answers 503 when the store is away while a user signs in or out" do
      browser = browser()
      browser.sign_in
      signed_in = browser.cookies
      away = KindeSdk::StoreError.new("away", status: :store)
      allow_any_instance_of(KindeSdk::Core::Session).to receive(:save).and_raise(away)
      allow_any_instance_of(KindeSdk::Core::Session).to receive(:logout).and_raise(away)
      %w[/login /logout].each do |path|
        expect(browser.get(path).status).to eq(503)
        expect(browser.last_response.headers["Location"]).to be_nil
      end
      expect(browser.cookies).to eq(signed_in)
    end

    it "raises when the store is away, instead of signing anybody out" do
      configure(store_url: "redis://127.0.0.1:1", seal_keys: ["k" * 32])
      browser = browser()
      browser.set_cookie("kinde_session=#{KindeSdk.config.core_client.split_cookie(value: "A" * 43).first[:value]}")
      expect { browser.get("/") }.to raise_error(KindeSdk::StoreError)
    end
  end

  it "opens nothing for a request that does not ask" do
    configure(seal_keys: nil, domain: nil)
    browser = browser { "hello" }
    browser.set_cookie("kinde_session=garbage")
    expect(browser.get("/").body).to eq("hello")
    expect(browser.set_cookies).to be_empty
  end

  it "opens nothing for a request that does not ask, whatever callback_url is" do
    configure(callback_url: "http://local host/callback")
    browser = browser { "hello" }
    expect(browser.get("/").body).to eq("hello")
    expect { browser.get("/login") }.to raise_error(KindeSdk::ConfigurationError, /callback_url/)
  end

  it "says how to make a key when there is none" do
    configure(seal_keys: nil)
    expect { browser.get("/") }.to raise_error(KindeSdk::ConfigurationError, /seal_keys.*openssl rand -base64 32/)
  end

  it "lets the application lead through the sign-in itself" do
    browser = browser(login_path: nil, register_path: nil, logout_path: nil) do |kinde, env|
      case env["PATH_INFO"]
      when "/in" then kinde.login!(return_to: "/home", org_code: "org_globex")
      when "/new" then kinde.register!
      when "/org" then kinde.create_org!(org_name: "New")
      when "/callback" then kinde.handle_callback.inspect
      when "/out" then kinde.logout!(redirect: "http://localhost:3000/callback")
      else kinde.client&.get_organization.inspect
      end
    end
    expect(browser.get("/").body).to eq("nil")
    expect(browser.sign_in("/in").body).to include('"signed_in"', '"/home"')
    expect(browser.get("/").body).to eq({ org_code: "org_globex" }.inspect)
    expect(browser.get("/new").headers["Location"]).to include("prompt=create")
    expect(browser.get("/org").headers["Location"]).to include("is_create_org=true", "org_name=New")
    expect(browser.get("/out").headers["Location"]).to end_with("/logout?redirect=http%3A%2F%2Flocalhost%3A3000%2Fcallback")
  end

  it "answers about flags and roles" do
    browser = browser do |kinde, _|
      [kinde.flag("theme"), kinde.flag("absent"), kinde.flag("absent", 7), kinde.role?("absent"), kinde.inspect].inspect
    end
    expect(browser.get("/").body).to start_with([nil, nil, 7, false].inspect.chop)
    browser.sign_in
    expect(browser.get("/").body).to start_with("[\"").and(include("nil, 7, false, \"#<KindeSdk::Rack::Authentication>\""))
  end

  describe "rules of security" do
    ["https://evil.example/", "//evil.example", "/\\evil.example", "\\/evil.example", "/%5Cevil.example", "/\t/evil.example",
     "/%09/evil.example\r\nSet-Cookie: a=b", "https:evil.example", "http://localhost:3000@evil.example/",
     "http://localhost:3000.evil.example/", " //evil.example", "javascript:alert(1)"].each do |place|
      it "does not lead to #{place.inspect}" do
        browser = browser()
        expect(browser.get("/login", return_to: place).status).to eq(400)
        expect(browser.last_response.body).not_to include("evil", "alert")
      end
    end

    it "does not take a callback that belongs to another browser" do
      victim = browser()
      attacker = browser()
      attacker.get("/login")
      callback = emulator.browse(attacker.location).request_uri
      expect(victim.get(callback).status).to eq(400)
      expect(victim.get("/").body).to eq("nobody")
    end

    it "does not take a callback without state" do
      browser = browser()
      browser.get("/login")
      code = emulator.callback(browser.location).fetch("code")
      expect(browser.get("/callback", code: code).status).to eq(400)
      expect(browser.get("/").body).to eq("nobody")
    end

    it "does not take an ID token of another sign-in" do
      browser = browser()
      emulator.post("/lies", { token: "id", claims: { nonce: "another" }, times: 1 })
      expect(browser.sign_in.status).to eq(400)
      expect(browser.get("/").body).to eq("nobody")
    end

    it "shows nothing of what a callback says" do
      browser = browser()
      answer = browser.get("/callback", error: "<b>nonsense", error_description: "<script>nonsense", state: "nonsense")
      expect(answer).to have_attributes(status: 400, body: include("did not work"))
      expect(answer.body).not_to include("nonsense")
    end

    it "takes no callback twice, but leaves a user signed in who goes back to it" do
      browser = browser()
      browser.get("/login")
      callback = emulator.browse(browser.location).request_uri
      browser.get(callback)
      expect(browser.get(callback).status).to eq(302)
      expect(browser.location).to eq("/")
      expect(browser.get("/").body).to eq("ada@example.com")
      expect(Browser.new(browser.app, emulator).get(callback).status).to eq(400)
    end

    { "HTTP_SEC_PURPOSE" => "prefetch;prerender", "HTTP_PURPOSE" => "prefetch", "HTTP_X_MOZ" => "prefetch",
      "HTTP_X_SEC_PURPOSE" => "prefetch", "HTTP_X_PURPOSE" => "preview" }.each do |name, value|
      it "does nothing for a browser that fetches ahead: #{name}" do
        browser = browser()
        browser.sign_in
        %w[/login /register /logout].each do |path|
          answer = browser.get(path, {}, name => value)
          expect(answer.status).to eq(400)
          expect(answer.headers["Cache-Control"]).to eq("no-store")
          expect(browser.set_cookies).to be_empty
        end
        expect(browser.get("/").body).to eq("ada@example.com")
      end
    end

    it "does nothing for an image that a user put onto a page of this site" do
      browser = browser()
      browser.sign_in
      browser.get("/logout", {}, "HTTP_SEC_FETCH_SITE" => "same-origin", "HTTP_SEC_FETCH_MODE" => "no-cors",
                                 "HTTP_SEC_FETCH_DEST" => "image")
      expect(browser.last_response.status).to eq(400)
      expect(browser.get("/").body).to eq("ada@example.com")
    end

    it "does nothing for HEAD" do
      browser = browser()
      browser.sign_in
      %w[/login /register /logout].each do |path|
        expect(browser.head(path)).to have_attributes(status: 400, body: "")
        expect(browser.set_cookies).to be_empty
      end
      browser.get("/login")
      callback = emulator.browse(browser.location).request_uri
      expect(browser.head(callback).status).to eq(400)
      expect(browser.get(callback).status).to eq(302)
    end

    it "does nothing for an image on another site" do
      browser = browser()
      browser.sign_in
      browser.get("/logout", {}, "HTTP_SEC_FETCH_SITE" => "cross-site", "HTTP_SEC_FETCH_MODE" => "no-cors")
      expect(browser.last_response.status).to eq(400)
      expect(browser.set_cookies).to be_empty
      browser.get("/logout", {}, "HTTP_SEC_FETCH_SITE" => "cross-site", "HTTP_SEC_FETCH_MODE" => "navigate")
      expect(browser.last_response.status).to eq(302)
    end

    it "keeps shared caches from handing a session to somebody else" do
      browser = browser do |kinde, _|
        kinde.session.login_url
        [200, { "Content-Type" => "text/plain", "Cache-Control" => "public, max-age=60" }.freeze, ["x"]]
      end
      expect(browser.get("/").headers["Cache-Control"]).to eq("no-store")
    end

    it "renews the application's own session at the sign-in" do
      inner = described_class.new(->(env) { [200, { "Content-Type" => "text/plain" }, [(env["rack.session"]["cart"] ||= "tea")]] },
                                  login_path: "/login")
      browser = Browser.new(Rack::Session::Pool.new(inner), emulator)
      browser.get("/")
      own = browser.cookies.fetch("rack.session")
      browser.sign_in
      expect(browser.cookies.fetch("rack.session")).not_to eq(own)
      expect(browser.get("/").body).to eq("tea")
    end

    it "does not hand arbitrary parameters to Kinde" do
      url = browser.get("/login", redirect_uri: "https://evil.example/", scope: "x", prompt: "none", login_hint: "a@b.c")
                   .headers["Location"]
      expect(url).to include("login_hint=a%40b.c")
      expect(url).not_to match(/evil|prompt=none|scope=x(?:&|\z)/)
    end
  end

  it "restarts a sign-in whose link expired" do
    browser = browser()
    emulator.post("/login", { error: "login_link_expired", times: 1 })
    browser.sign_in
    expect(browser.location).to start_with("#{emulator.url}/oauth2/auth")
    emulator.post("/login", { email: "ada@example.com" })
    browser.come_back(browser.location)
    expect(browser.get("/").body).to eq("ada@example.com")
  end

  it "hands a failed sign-in to the application" do
    browser = browser(on_failure: ->(_, error) { [403, { "Content-Type" => "text/plain" }, [error.status.to_s]] })
    emulator.post("/login", { error: "access_denied", error_description: "no", times: 1 })
    expect(browser.sign_in.body).to eq("access_denied")
  end

  it "answers 503 when Kinde is away" do
    browser = browser()
    emulator.post("/faults", { path: "/oauth2/token", status: 503, times: nil })
    expect(browser.sign_in.status).to eq(503)
  end

  it "signs out by POST too" do
    browser = browser()
    browser.sign_in
    expect(browser.post("/logout").status).to eq(302)
    expect(browser.get("/").body).to eq("nobody")
  end

  it "answers while a body is streamed, and changes nothing then" do
    seen = []
    browser = browser do |kinde, _|
      body = Enumerator.new do |lines|
        lines << kinde.authenticated?.to_s
        kinde.login! rescue seen << $!.message
      end
      [200, { "Content-Type" => "text/plain" }, body]
    end
    with_expired_token { browser.sign_in }
    before = emulator.count("/oauth2/token")
    expect(browser.get("/").body).to eq("false")
    expect(seen).to contain_exactly(/answer was sent/)
    expect(emulator.count("/oauth2/token")).to eq(before)
  end

  it "shares a session with an application inside" do
    inner = described_class.new(->(env) { [200, { "Content-Type" => "text/plain" }, [env["kinde"].authenticated?.to_s]] },
                                login_path: "/in")
    browser = Browser.new(described_class.new(inner), emulator)
    browser.sign_in("/in")
    expect(browser.get("/").body).to eq("true")
    expect(browser.get("/in").status).to eq(302)
    expect(browser.set_cookies.map { |cookie| cookie[/\A[^=]+/] }.tally.values).to all(eq(1))
  end

  it "takes over a user whom the application knows from elsewhere" do
    tokens = sign_in
    browser = browser(adopt: ->(_, client) { client.session_from_tokens(tokens.to_h) })
    expect(browser.get("/").body).to eq("ada@example.com")
    tokens = nil
    expect(browser.get("/").body).to eq("ada@example.com")
  end

  describe "bad input" do
    it "is refused by name" do
      refused = browser do |kinde, _|
        [-> { kinde.login_url({ nonsense: 1 }) }, -> { kinde.login_url(nil) }, -> { kinde.login_url([]) },
         -> { kinde.login_url({ login_hint: "\xff" }) }, -> { kinde.login_url({ return_to: "/#{"x" * 1_000_000}" }) },
         -> { kinde.register_url(7) }, -> { kinde.logout(redirect: 7) }, -> { kinde.tokens = nil }, -> { kinde.tokens = "x" },
         -> { kinde.tokens = { access_token: 7 } }, -> { kinde.tokens = { access_token: "x" * 1_000_000 } },
         -> { kinde.handle_callback(nil) }, -> { kinde.handle_callback("state=\0&code=x") },
         -> { kinde.handle_callback("x" * 1_000_000) }].map do |call|
          call.call
          "taken"
        rescue KindeSdk::Failure, ArgumentError => e
          e.class.name
        end.inspect
      end
      expect(refused.get("/").body).not_to include("taken")
    end

    it "has no permission, role or flag" do
      asked = browser do |kinde, _|
        [nil, 7, "", "\xff", "a\0b", "x" * 1_000_000, "read:todos".encode("UTF-16")].map do |name|
          [kinde.permission?(name), kinde.role?(name), kinde.flag(name, :default)]
        rescue ArgumentError
          :refused
        end.inspect
      end
      asked.sign_in
      body = asked.get("/").body
      expect(body).to start_with("[[false, false, :default], [false, false, :default], [false, false, :default], :refused, :refused")
      expect(body).to end_with("[true, false, :default]]")
    end

    ["/login?return_to=%ff", "/login?return_to=%00", "/login?return_to[]=/", "/login?a=1&a[b]=1", "/callback?code=%ff&state=%00",
     "/callback?state=a&state=b&code=c", "/callback?#{"x" * 10_000}", "/callback"].each do |address|
      it "does no harm in #{address[0, 40]}" do
        browser = browser()
        expect(browser.get(address).status).to eq(400).or eq(302)
        expect(browser.get("/").body).to eq("nobody")
      end
    end

    it "does no harm in a query that is none" do
      ["%&a=%ff&a[b]=1", "a#{"[a]" * 20_000}=1", "a=1&" * 5000].each do |query|
        env = Rack::MockRequest.env_for("/login").merge("QUERY_STRING" => query)
        expect(browser.app.call(env).first).to eq(302)
      end
    end

    it "may be mounted below another application" do
      browser = browser(login_path: "/shop/login", callback_path: "/shop/callback")
      configure(callback_url: "http://localhost:3000/shop/callback")
      mounted = Browser.new(Rack::URLMap.new("/shop" => browser.app), emulator)
      emulator.patch("/applications?client_id=emulator_web", { redirect_uris: ["http://localhost:3000/shop/callback"] })
      mounted.sign_in("/shop/login")
      expect(mounted.location).to eq("/shop/")
      mounted.sign_in("/shop/login", return_to: "/shop/a;b?c=d")
      expect(mounted.location).to eq("/shop/a;b?c=d")
    end
  end

  it "asks for the audience that tokens must have" do
    configure(expected_audience: "https://api.example.com")
    browser = browser { |kinde, _| kinde.session.claim("aud").inspect }
    expect(browser.get("/login").headers["Location"]).to include("audience=https")
  end
end
