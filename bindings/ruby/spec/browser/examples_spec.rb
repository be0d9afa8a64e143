# frozen_string_literal: true

require "support/chromium"
require "support/example_server"

%w[sinatra rails].each do |name|
  RSpec.describe "The example for #{name}", :browser do
    before(:context) do
      @kinde = Emulator.new
      @server = ExampleServer.new(name, env: { "KINDE_DOMAIN" => @kinde.url, "KINDE_CLIENT_ID" => Emulator::WEB[:client_id],
                                               "KINDE_CLIENT_SECRET" => Emulator::WEB[:client_secret] })
    end

    after(:context) do
      @server&.stop
      @kinde&.stop
    end

    before do
      @kinde.reset
      # The emulator asks who signs in, as Kinde does.
      @kinde.post("/login", { email: nil })
    end

    def sign_in_as_ada
      browser.visit(@server.url)
      browser.click_link("Sign in")
      fill_in_sign_in_page("ada@example.com", organization: "Acme")
      browser.assert_selector("h1", text: "Hello Ada")
    end

    it "signs in, and shows what Kinde knows" do
      sign_in_as_ada
      browser.click_link("Account")
      expect(browser.find("#user")).to have_attributes(text: "Ada Lovelace ada@example.com")
      expect(browser.find("#organization").text).to eq("org_acme")
      expect(browser.find("#permissions").text).to include("manage:members")
      expect(browser.find("#flags").text).to match(/theme: \w+/)
      browser.click_link("Members")
      browser.assert_text("Whoever reads this may manage members.")
    end

    it "takes what Kinde signed of what happened" do
      post = ->(body) { Net::HTTP.post(URI("#{@server.url}/webhooks/kinde"), body, "Content-Type" => "application/jwt").code }
      expect(post.call("no webhook")).to eq("400")
      expect(post.call(@kinde.post("/webhooks", { type: "user.created", event_id: "event_of_#{name}" }).fetch(:token))).to eq("200")
      Timeout.timeout(10) { Thread.pass until @server.said.include?("user.created event_of_#{name}") }
    end

    it "registers" do
      browser.visit(@server.url)
      browser.click_link("register")
      browser.fill_in("email", with: "emmy@example.com")
      browser.fill_in("given_name", with: "Emmy")
      browser.fill_in("family_name", with: "Noether")
      browser.click_button("Create account")
      browser.assert_selector("h1", text: "Hello Emmy")
    end

    it "leads to the page that the user wanted" do
      browser.visit("#{@server.url}/account?from=mail")
      fill_in_sign_in_page("ada@example.com", organization: "Globex")
      browser.assert_selector("h1", text: "Account")
      expect(browser.current_url).to eq("#{@server.url}/account?from=mail")
      expect(browser.find("#organization").text).to eq("org_globex")
    end

    it "signs in in two tabs at once" do
      first = browser.current_window
      browser.visit("#{@server.url}/account")
      second = browser.open_new_window
      browser.switch_to_window(second)
      browser.visit("#{@server.url}/members")
      browser.switch_to_window(first)
      fill_in_sign_in_page("ada@example.com", organization: "Acme")
      browser.assert_selector("h1", text: "Account")
      browser.switch_to_window(second)
      fill_in_sign_in_page("ada@example.com", organization: "Acme")
      browser.assert_selector("h1", text: "Members")
    end

    it "renews the access token during a click" do
      # Tokens live, but not much longer, until one comes during the click.
      @kinde.patch("/settings", { refresh_keeps_access_token: false })
      @kinde.patch("/applications?client_id=emulator_web", { access_token_seconds: 50 })
      sign_in_as_ada
      @kinde.patch("/applications?client_id=emulator_web", { access_token_seconds: 3600 })
      @kinde.control(:delete, "/requests")
      @kinde.post("/faults", { path: "/oauth2/token", form: { grant_type: "refresh_token" }, hang: true })
      clicked = Thread.new { browser.click_link("Account") }
      @kinde.get("/requests/wait?path=/oauth2/token&count=1&timeout_ms=20000")
      @kinde.post("/release")
      clicked.join
      browser.assert_selector("#organization", text: "org_acme")
      browser.click_link("Members")
      browser.assert_selector("h1", text: "Members")
      expect(@kinde.requests("/oauth2/token").size).to eq(1)
    end

    it "signs out" do
      sign_in_as_ada
      browser.click_button("Sign out")
      browser.assert_selector("h1", text: "Nobody is signed in")
      expect(browser.driver.browser.manage.all_cookies.map { |cookie| cookie[:name] }).not_to include(/kinde_session/)
      browser.visit("#{@server.url}/account")
      browser.assert_selector("h1", text: "Sign in")
    end

    it "lets nobody in who lacks the permission" do
      browser.visit("#{@server.url}/members")
      fill_in_sign_in_page("grace@example.com")
      browser.assert_selector("h1", text: "Not allowed")
      browser.assert_no_text("Whoever reads this")
    end

    it "begins anew when a link has expired" do
      browser.visit("#{@server.url}/account")
      browser.find("summary").click
      browser.click_button("Stale link: login_link_expired")
      fill_in_sign_in_page("ada@example.com", organization: "Acme")
      browser.assert_selector("h1", text: /Account|Hello Ada/)
    end

    it "says when the sign-in was refused" do
      browser.visit("#{@server.url}/account")
      browser.find("summary").click
      browser.click_button("Refuse: access_denied")
      browser.assert_text(/That did not work|You were not signed in/)
      browser.visit(@server.url)
      browser.assert_selector("h1", text: "Nobody is signed in")
    end

    it "keeps its cookies from scripts" do
      sign_in_as_ada
      expect(browser.evaluate_script("document.cookie")).not_to include("kinde_session")
    end
  end
end

RSpec.describe "The example for rails", :browser do
  it "knows a user in each of Puma's processes" do
    server = ExampleServer.new("rails", "--workers", "2", env: { "KINDE_DOMAIN" => nil })
    browser.visit(server.url)
    browser.click_link("Sign in")
    fill_in_sign_in_page("ada@example.com", organization: "Acme")
    browser.assert_selector("h1", text: "Hello Ada")
    cookies = browser.driver.browser.manage.all_cookies.map { |cookie| cookie.values_at(:name, :value).join("=") }.join("; ")
    # Each by a connection of its own, which any process may take.
    pages = Array.new(20) { Thread.new { Net::HTTP.get(URI("#{server.url}/"), { "Cookie" => cookies }) } }.map(&:value)
    expect(pages).to all(include("Hello Ada"))
  ensure
    server&.stop
  end
end

RSpec.describe "The example for sinatra", :browser do
  it "brings its own emulator" do
    server = ExampleServer.new("sinatra", env: { "KINDE_DOMAIN" => nil })
    browser.visit(server.url)
    browser.click_link("Sign in")
    fill_in_sign_in_page("ada@example.com", organization: "Acme")
    browser.assert_selector("h1", text: "Hello Ada")
  ensure
    server&.stop
  end

  it "signs in under Puma's cluster mode with the application loaded before the fork" do
    server = ExampleServer.new("sinatra", "--workers", "2", "--preload", env: { "KINDE_DOMAIN" => nil })
    browser.visit(server.url)
    browser.click_link("Sign in")
    fill_in_sign_in_page("ada@example.com", organization: "Acme")
    browser.assert_selector("h1", text: "Hello Ada")
    10.times { |number| browser.click_link(number.even? ? "Members" : "Account") }
    browser.assert_selector("#organization", text: "org_acme")
    expect(server.said).to include("Preloading application").and match(/Workers: 2/)
  ensure
    server&.stop
  end

  it "says what to do where the port is taken" do
    taken = TCPServer.new("127.0.0.1", 0)
    expect { ExampleServer.new("sinatra", env: { "PORT" => taken.addr[1].to_s }) }.to raise_error(/PORT=3001/)
  ensure
    taken&.close
  end

  it "says what to do where there is no emulator" do
    expect { ExampleServer.new("sinatra", env: { "KINDE_DOMAIN" => nil, "KINDE_EMULATOR" => "/nowhere" }) }
      .to raise_error(/cargo build -p kinde-emulator/)
  end
end
