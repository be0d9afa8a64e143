# frozen_string_literal: true

require "support/browser"

RSpec.describe KindeSdk::Rack::SignIns do
  include Browsers

  # What a browser does that has asked for two pages before the first answer came.
  #
  # @return [Array<String>] where the answers lead
  def at_once(browser, *paths)
    tabs = paths.map { |path| browser.twin.tap { |tab| tab.get(path) } }
    tabs.each { |tab| tab.set_cookies.each { |cookie| browser.set_cookie(cookie) } }
    tabs.map(&:location)
  end

  def own_cookies(browser)
    browser.cookies.keys.grep(/\Akinde_session_/)
  end

  shared_examples "sign-ins" do
    it "do not disturb each other when they begin at the same time, in a browser without a session" do
      browser = browser()
      first, second = at_once(browser, "/login?return_to=/first", "/login?return_to=/second")
      browser.come_back(first)
      expect(browser.location).to eq("/first")
      browser.come_back(second)
      expect(browser.location).to eq("/second")
      expect(browser.get("/").body).to eq("ada@example.com")
    end

    it "leave no cookies behind" do
      browser = browser()
      browser.get("/login")
      expect(own_cookies(browser).size).to eq(1)
      browser.come_back(browser.location)
      expect(browser.cookies.keys).to eq(["kinde_session"])
      emulator.post("/login", { error: "access_denied", times: 1 })
      browser.sign_in
      expect(browser.cookies.keys).to eq(["kinde_session"])
    end

    it "do not touch the session of whoever is signed in" do
      browser = browser()
      browser.sign_in
      before = browser.cookies.fetch("kinde_session")
      # Without its cookies, as a browser posts a form of another site.
      Browser.new(browser.app, emulator).tap { |form| form.post("/login") }.set_cookies.each { |cookie| browser.set_cookie(cookie) }
      expect(browser.cookies.fetch("kinde_session")).to eq(before)
      expect(browser.get("/").body).to eq("ada@example.com")
    end

    it "end with a sign-out" do
      browser = browser()
      browser.sign_in
      browser.get("/login")
      begun = browser.location
      browser.get("/logout")
      expect(browser.cookies).to be_empty
      expect(browser.come_back(begun).status).to eq(400)
      expect(browser.get("/").body).to eq("nobody")
    end

    it "go on after an expired link, to the same place" do
      browser = browser()
      emulator.post("/login", { error: "login_link_expired", times: 1 })
      browser.sign_in(return_to: "/orders")
      expect(own_cookies(browser).size).to eq(1)
      browser.come_back(browser.location)
      expect(browser.location).to eq("/orders")
      expect(browser.cookies.keys).to eq(["kinde_session"])
    end

    { "a script" => { "HTTP_SEC_FETCH_SITE" => "same-origin", "HTTP_SEC_FETCH_MODE" => "cors" },
      "a browser that fetches a page ahead" => { "HTTP_SEC_PURPOSE" => "prefetch", "HTTP_SEC_FETCH_MODE" => "navigate" } }
      .each do |who, headers|
      it "are kept in the session where #{who} begins them" do
        browser = browser { |kinde, _| kinde.user&.fetch(:email) || kinde.login! }
        browser.get("/", {}, headers)
        expect(browser.cookies.keys).to eq(["kinde_session"])
        browser.come_back(browser.location)
        expect(browser.get("/").body).to eq("ada@example.com")
      end
    end
  end

  context "with sealed cookies" do
    before { configure(seal_keys: ["k" * 32]) }

    include_examples "sign-ins"

    it "live as long as the library takes their callbacks" do
      browser = browser()
      browser.get("/login")
      expect(browser.set_cookies).to contain_exactly(include("max-age=900", "HttpOnly", "SameSite=Lax", "path=/"))
      KindeSdk.config.set(:sign_in_lifetime_seconds, 60)
      browser.get("/login")
      expect(browser.set_cookies).to contain_exactly(include("max-age=60"))
    end

    # Begins sign-ins one after the other, with cookies in the order in which browsers send them: the oldest first.
    #
    # @return [Array] the cookies that are kept, and where the answers led
    def begin_all(application, returns)
      kept = {}
      begun = returns.map do |return_to|
        tab = Browser.new(application, emulator)
        tab.get("/login", { return_to: return_to }, "HTTP_COOKIE" => kept.map { |pair| pair.join("=") }.join("; "))
        tab.set_cookies.each do |cookie|
          name, value = cookie.split(";").first.split("=", 2)
          value.to_s.empty? ? kept.delete(name) : kept.store(name, value)
        end
        tab.location
      end
      [kept.map { |pair| pair.join("=") }, begun]
    end

    it "are not more than servers take: the oldest goes" do
      application = browser().app
      kept, begun = begin_all(application, Array.new(10) { |number| "/orders/#{number}" })
      expect(kept.size).to be_between(4, 8)
      expect(kept.join("; ").bytesize).to be <= 3000
      statuses = begun.map do |url|
        Browser.new(application, emulator).get(emulator.browse(url).request_uri, {}, "HTTP_COOKIE" => kept.join("; ")).status
      end
      expect(statuses).to eq(([400] * (10 - kept.size)) + ([302] * kept.size))
    end

    it "are not more than servers take where the addresses to return to are long" do
      kept, = begin_all(browser().app, Array.new(3) { "/#{SecureRandom.hex(1000)}" })
      expect(kept.size).to eq(1)
      expect(kept.join.bytesize).to be <= 4096
    end

    it "are bound to the host by the name of their cookies, if the session is" do
      browser = browser(cookie_name: "__Host-kinde_session")
      configure(callback_url: "https://app.example.com/callback")
      browser.get("/login")
      expect(browser.set_cookies).to contain_exactly(match(/\A__Host-kinde_session_\h{16}=/).and(include("; secure", "; path=/;")))
    end

    it "are not what a cookie of a similar name is" do
      browser = browser()
      browser.set_cookie("other_kinde_session_0123456789abcdef=x")
      browser.sign_in
      browser.get("/logout")
      expect(browser.cookies.keys).to eq(["other_kinde_session_0123456789abcdef"])
    end
  end

  context "with a store" do
    before { configure(seal_keys: nil, store_url: "memory:") }

    include_examples "sign-ins"

    it "take a callback once, also from a browser that kept its cookies" do
      browser = browser()
      browser.get("/login")
      copy = browser.twin
      callback = emulator.browse(browser.location).request_uri
      expect(browser.get(callback).status).to eq(302)
      expect(copy.get(callback).status).to eq(400)
    end
  end
end
