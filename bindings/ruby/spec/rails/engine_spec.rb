# frozen_string_literal: true

require "support/browser"
require "support/rails_application"

RSpec.describe KindeSdk::Engine do
  include Browsers

  # Another one does not share its cookies.
  def browser
    Browser.new(RailsApplication, emulator)
  end

  def page(browser, path = "/")
    answer = browser.get(path)
    raise answer.body[%r{<h2.*?</h2>}m] || answer.body unless answer.ok?

    JSON.parse(answer.body, symbolize_names: true)
  end

  def user
    { id: /\Akp_/, email: "ada@example.com", first_name: "Ada", last_name: "Lovelace" }
  end

  before do
    configure(callback_url: "http://localhost:3000/kinde_sdk/callback",
              seal_keys: [RailsApplication.key_generator.generate_key("kinde session seal", 32).unpack1("H*")])
  end

  let(:tab) { browser }

  it "signs in" do
    expect(tab.sign_in("/kinde_sdk/auth").status).to eq(302)
    expect(tab.location).to eq("http://example.org/")
    expect(page(tab)).to match(user: user, logged_in: true, present: true, expired: false, permission: true, alert: nil,
                               cart: nil, tokens: nil, csrf: nil, view: "true")
  end

  it "knows nobody before that" do
    expect(page(tab)).to match(user: nil, logged_in: false, present: false, expired: true, permission: nil, alert: nil,
                               cart: nil, tokens: nil, csrf: nil, view: "false")
  end

  it "keeps no tokens in the session of Rails" do
    tab.sign_in("/kinde_sdk/auth")
    expect(tab.cookies.keys).to include("_app", "kinde_session")
    expect(page(tab)[:tokens]).to be_nil
  end

  it "has the classes of Kinde's APIs made where everything is loaded at the start" do
    expect(Rails.application.config.eager_load_namespaces).to include(KindeApi)
    expect(KindeApi).to respond_to(:eager_load!)
  end

  it "registers" do
    expect(tab.get("/kinde_sdk/register").headers["Location"]).to include("prompt=create")
  end

  it "leads to where the user wanted to go" do
    tab.sign_in("/kinde_sdk/auth", return_to: "/mgmt?a=b")
    expect(tab.location).to eq("http://example.org/mgmt?a=b")
  end

  it "signs in in two tabs" do
    first = tab.get("/kinde_sdk/auth").headers["Location"]
    second = tab.get("/kinde_sdk/auth", return_to: "/mgmt").headers["Location"]
    tab.come_back(first)
    tab.come_back(second)
    expect(tab.location).to end_with("/mgmt")
    expect(page(tab)[:logged_in]).to be(true)
  end

  %i[get post].each do |method|
    it "signs out by #{method.upcase}" do
      tab.sign_in("/kinde_sdk/auth")
      tab.get("/session/cart/tea")
      tab.public_send(method, "/kinde_sdk/logout")
      expect(tab.location).to start_with("#{emulator.url}/logout?redirect=")
      expect(tab.cookies).not_to include("kinde_session")
      expect(page(tab)).to include(user: nil, logged_in: false, cart: nil)
      tab.get("/kinde_sdk/logout_callback")
      expect(tab.location).to eq("http://example.org/")
    end
  end

  it "renews the tokens" do
    tab.sign_in("/kinde_sdk/auth")
    before = emulator.count("/oauth2/token")
    tab.get("/kinde_sdk/refresh_token")
    expect(tab.location).to eq("http://example.org/")
    expect(emulator.count("/oauth2/token")).to eq(before + 1)
    expect(page(tab, "/renew")).to eq(renewed: true)
    expect(page(tab)).to include(logged_in: true, alert: nil)
  end

  it "says that there is nothing to renew" do
    tab.get("/kinde_sdk/refresh_token")
    expect(page(tab)[:alert]).to include("could not be renewed")
    expect(page(tab, "/renew")).to eq(renewed: false)
  end

  it "keeps a user signed in whose tokens cannot be renewed now" do
    tab.sign_in("/kinde_sdk/auth")
    emulator.post("/faults", { path: "/oauth2/token", status: 503, times: nil })
    tab.get("/kinde_sdk/refresh_token")
    expect(page(tab)).to include(logged_in: true, alert: /could not be renewed/)
  end

  it "keeps what was renewed although the page failed" do
    emulator.patch("/applications?client_id=emulator_web", { access_token_seconds: 30 })
    tab.sign_in("/kinde_sdk/auth")
    tab.get("/fail")
    expect(tab.last_response.status).to eq(500)
    expect(tab.set_cookies.grep(/kinde_session/)).not_to be_empty
    expect(page(tab)[:logged_in]).to be(true)
  end

  it "sets what is current" do
    tab.sign_in("/kinde_sdk/auth")
    expect(page(tab, "/current")).to match(same: true, expires_at: Integer, bearer: /\AeyJ/)
    expect(KindeSdk::Current.session).to be_nil
    expect(page(browser, "/current")).to match(same: true, expires_at: nil, bearer: nil)
  end

  it "takes what is current from any session" do
    KindeSdk::Current.set_session({ kinde_token_store: { "access_token" => "a", "expires_at" => 1 } })
    expect(KindeSdk::Current.token_store.bearer_token).to eq("a")
    KindeSdk::Current.clear_session
    expect(KindeSdk::Current.token_store).to be_nil
  end

  it "keeps sessions in a store" do
    configure(store_url: "memory:")
    tab.sign_in("/kinde_sdk/auth")
    expect(tab.cookies["kinde_session"].bytesize).to be < 80
    expect(page(tab)[:logged_in]).to be(true)
    stolen = tab.twin
    tab.get("/kinde_sdk/logout")
    expect(page(stolen)[:logged_in]).to be(false)
  end

  describe "tokens that the application got" do
    it "sign their user in" do
      tab.post("/tokens", JSON.generate(sign_in.to_h))
      expect(page(tab)).to include(user: user, logged_in: true)
    end

    it "give the session of Rails a new id, and a new token against forgery" do
      tab.get("/session/cart/tea")
      tab.get("/session/_csrf_token/known")
      own = tab.cookies.fetch("_app")
      tab.post("/tokens", JSON.generate(sign_in.to_h))
      expect(tab.cookies.fetch("_app")).not_to eq(own)
      expect(page(tab)).to include(cart: "tea", csrf: nil)
    end

    it "do not show their user what another one left in the session" do
      tab.sign_in("/kinde_sdk/auth")
      tab.get("/session/cart/tea")
      tab.post("/tokens", JSON.generate(access_token: emulator.mint(email: "grace@example.com")))
      expect(page(tab)).to include(logged_in: true, cart: nil)
      expect(page(tab)[:user]).not_to include(email: "ada@example.com")
    end

    it "end the session of who was signed in before" do
      configure(store_url: "memory:")
      tab.sign_in("/kinde_sdk/auth")
      former = tab.twin
      tab.post("/tokens", JSON.generate(access_token: emulator.mint(email: "grace@example.com")))
      expect(page(former)).to include(logged_in: false)
    end
  end

  describe "users whom an earlier version signed in" do
    before { configure(callback_url: Emulator::CALLBACK_URL) }

    # @return [Browser] with the session that the earlier version left
    def with_session(kept)
      browser.tap { |tab| tab.post("/session", JSON.generate(kept)) }
    end

    let(:kept) { sign_in.slice(:access_token, :refresh_token, :expires_at).to_h }

    it "stay signed in" do
      tab = with_session({ "kinde_token_store" => kept.transform_keys(&:to_s), "kinde_user" => { "id" => "kp_1" } })
      expect(page(tab)).to include(logged_in: true)
      expect(page(tab)).to include(logged_in: true, tokens: nil, user: { id: "kp_1" })
    end

    it "stay signed in with an expired token, which is renewed" do
      expired = emulator.mint(claims: { exp: Time.now.to_i - 3600 })
      tab = with_session({ "kinde_token_store" => { **kept, access_token: expired } })
      expect(page(tab)).to include(logged_in: true, tokens: nil)
    end

    it "are not believed if their tokens are forged" do
      forged = emulator.mint(sign: "foreign")
      tab = with_session({ "kinde_token_store" => { access_token: forged } })
      expect(page(tab)).to include(logged_in: false, tokens: nil)
    end

    it "do not disturb if what was kept is nonsense" do
      tab = with_session({ "kinde_token_store" => "nonsense" })
      expect(page(tab)).to include(logged_in: false, tokens: nil)
    end

    it "stay signed in when the keys cannot be fetched now" do
      good = kept
      configure(domain: "http://127.0.0.1:1", expected_issuer: emulator.url)
      tab = with_session({ "kinde_token_store" => good })
      expect(page(tab)).to include(logged_in: false)
      configure(domain: emulator.url, expected_issuer: nil)
      expect(page(tab)).to include(logged_in: true)
    end
  end

  it "writes tokens into the session of Rails if it is told to" do
    configure(legacy_session_keys: true)
    tab.sign_in("/kinde_sdk/auth")
    kept = page(tab)[:tokens]
    expect(kept.keys).to eq(%i[access_token refresh_token expires_at])
    tab.get("/kinde_sdk/refresh_token")
    expect(page(tab)[:tokens][:refresh_token]).not_to eq(kept[:refresh_token])
    tab.get("/kinde_sdk/logout")
    expect(page(tab)).to include(tokens: nil, logged_in: false)
  end

  [true, false].each do |legacy|
    it "leaves nobody in the session of Rails whom the application signed out, #{"with legacy keys" if legacy}" do
      configure(legacy_session_keys: legacy)
      tab.sign_in("/kinde_sdk/auth")
      tab.get("/session/cart/tea")
      tab.get("/leave")
      expect(page(tab)).to include(user: nil, tokens: nil, logged_in: false, cart: "tea")
    end
  end

  it "leaves nobody in the session of Rails whose session Kinde ended" do
    configure(legacy_session_keys: true)
    with_expired_token { tab.sign_in("/kinde_sdk/auth") }
    emulator.post("/tokens/revoke", { email: "ada@example.com" })
    page(tab)
    expect(page(tab)).to include(user: nil, tokens: nil, logged_in: false)
  end

  it "does not bring a former user back from what an earlier version left" do
    configure(callback_url: Emulator::CALLBACK_URL)
    kept = sign_in.slice(:access_token, :refresh_token, :expires_at).to_h
    configure(callback_url: "http://localhost:3000/kinde_sdk/callback")
    tab.post("/session", JSON.generate({ "kinde_token_store" => kept }))
    emulator.post("/login", { email: "grace@example.com" })
    tab.sign_in("/kinde_sdk/auth")
    expect(page(tab)).to include(tokens: nil)
  end

  it "comes to the first page of an application that is mounted below others" do
    KindeSdk::AuthController.relative_url_root = "/shop"
    tab.sign_in("/kinde_sdk/auth")
    expect(tab.location).to eq("http://example.org/shop/")
  ensure
    KindeSdk::AuthController.relative_url_root = nil
  end

  it "writes nothing into a session that the application does not have" do
    session = Struct.new(:enabled?).new(false)
    expect { KindeSdk::SessionKeys.write(session, nil) }.not_to raise_error
  end

  it "serves an application without sessions" do
    emulator.post("/login", { error: "access_denied", times: 1 })
    said = ruby(<<~RUBY, "-I", File.expand_path("..", __dir__), require: %w[logger rails action_controller/railtie kinde_sdk support/browser support/emulator])
      #{settings_code.sub('/callback"', '/kinde_sdk/callback"')}
      class Api < Rails::Application
        config.load_defaults 6.1
        config.api_only = true
        config.eager_load = false
        config.root = #{__dir__.dump}
        config.secret_key_base = "s" * 64
        config.hosts.clear
        config.logger = Logger.new(IO::NULL)
        config.action_dispatch.show_exceptions = false
        routes.append do
          mount KindeSdk::Engine, at: "/kinde_sdk"
          get "me", to: "me#show"
        end
      end
      Api.initialize!
      class MeController < ActionController::API
        include AuthHelper

        def show
          render json: logged_in?
        end
      end
      emulator = Emulator.allocate.tap { |emulator| emulator.instance_variable_set(:@url, #{emulator.url.dump}) }
      browser = Browser.new(Api, emulator)
      show = -> { puts browser.get("/me").body }
      show.call
      browser.sign_in("/kinde_sdk/auth")
      puts browser.location
      emulator.post("/login", { email: "ada@example.com" })
      browser.sign_in("/kinde_sdk/auth")
      show.call
      browser.get("/kinde_sdk/logout")
      show.call
    RUBY
    expect(said.split).to eq(%w[false http://example.org/ true false])
  end

  describe "rules of security" do
    it "signs out by POST with the application's own pages alone" do
      ActionController::Base.allow_forgery_protection = true
      tab.sign_in("/kinde_sdk/auth")
      expect(tab.post("/kinde_sdk/logout").status).to eq(422)
      expect(page(tab)[:logged_in]).to be(true)
    ensure
      ActionController::Base.allow_forgery_protection = false
    end

    it "takes no callback by HEAD" do
      tab.get("/kinde_sdk/auth")
      callback = emulator.browse(tab.location).request_uri
      expect(tab.head(callback).status).to eq(400)
      tab.get(callback)
      expect(page(tab)[:logged_in]).to be(true)
    end

    it "checks the state" do
      attacker = browser
      attacker.get("/kinde_sdk/auth")
      callback = emulator.browse(attacker.location).request_uri
      tab.get("/kinde_sdk/auth")
      tab.get(callback)
      expect(tab.location).to eq("http://example.org/")
      expect(page(tab)).to include(logged_in: false, user: nil, alert: /not signed in/)
    end

    it "checks the nonce" do
      emulator.post("/lies", { token: "id", claims: { nonce: "another" }, times: 1 })
      tab.sign_in("/kinde_sdk/auth")
      expect(page(tab)).to include(logged_in: false, user: nil, alert: /not signed in/)
    end

    it "leads to no other site" do
      tab.get("/kinde_sdk/auth", return_to: "//evil.example/")
      expect(tab.location).to eq("http://example.org/")
      expect(page(tab)).to include(alert: /could not be started/)
    end

    it "shows nothing of what a callback says" do
      tab.get("/kinde_sdk/callback", error: "access_denied", error_description: "<script>")
      expect(page(tab)[:alert]).not_to include("script")
    end

    it "gives the session of Rails a new id, and a new token against forgery" do
      tab.get("/session/cart/tea")
      tab.get("/session/_csrf_token/known")
      own = tab.cookies.fetch("_app")
      tab.sign_in("/kinde_sdk/auth")
      expect(tab.cookies.fetch("_app")).not_to eq(own)
      expect(page(tab)).to include(cart: "tea", csrf: nil)
    end

    it "does not show a user what another one left in the session" do
      tab.sign_in("/kinde_sdk/auth")
      tab.get("/session/cart/tea")
      emulator.post("/login", { email: "grace@example.com" })
      tab.sign_in("/kinde_sdk/auth")
      expect(page(tab)).to include(cart: nil, user: include(email: "grace@example.com"))
    end

    it "leaves a user signed in who goes back to a callback" do
      tab.get("/kinde_sdk/auth")
      callback = emulator.browse(tab.location).request_uri
      2.times { tab.get(callback) }
      expect(page(tab)).to include(logged_in: true, alert: nil)
    end

    it "does nothing for a browser that fetches ahead, and for HEAD" do
      tab.sign_in("/kinde_sdk/auth")
      %w[auth register logout refresh_token client_credentials_auth].each do |name|
        tab.get("/kinde_sdk/#{name}", {}, "HTTP_X_SEC_PURPOSE" => "prefetch")
        expect(tab.last_response.status).to eq(400)
        expect(tab.last_response.headers["Cache-Control"]).to eq("no-store")
        expect(tab.set_cookies.grep(/kinde_session/)).to be_empty
        expect(tab.head("/kinde_sdk/#{name}").status).to eq(400)
      end
      expect(page(tab)[:logged_in]).to be(true)
    end

    it "does not hand its signed-in user to another application's session" do
      tab.sign_in("/kinde_sdk/auth")
      configure(client_id: "emulator_spa", client_secret: nil)
      expect(page(tab)[:logged_in]).to be(false)
    end
  end

  describe "the token of the application itself" do
    around do |example|
      # Not the one of other tests: the library keeps its token.
      ENV.update("KINDE_MANAGEMENT_CLIENT_ID" => "rails_machine", "KINDE_MANAGEMENT_CLIENT_SECRET" => "secret" * 8)
      example.run
    ensure
      $redis = nil
      ENV.delete("KINDE_MANAGEMENT_CLIENT_ID")
      ENV.delete("KINDE_MANAGEMENT_CLIENT_SECRET")
    end

    before do
      emulator.control(:put, "/applications?client_id=rails_machine",
                       { client_id: "rails_machine", kind: "m2m", client_secret: "secret" * 8, audiences: ["#{emulator.url}/api"] })
    end

    let(:path) { "/kinde_sdk/client_credentials_auth" }

    def machine_requests
      emulator.requests("/oauth2/token").select { |request| request[:form][:grant_type] == ["client_credentials"] }
    end

    it "is not got unless the application says so" do
      tab.sign_in("/kinde_sdk/auth")
      expect(tab.get(path).status).to eq(404)
      expect(machine_requests).to be_empty
    end

    it "is never got by an anonymous visit" do
      configure(client_credentials_route: true)
      expect(tab.get(path).status).to eq(403)
      expect(machine_requests).to be_empty
    end

    it "is got by whom the application allows" do
      configure(client_credentials_route: ->(client) { client.permission_granted?("manage:members") })
      kept = {}
      $redis = Object.new
      $redis.define_singleton_method(:set) { |key, value, ex:| kept[key] = [value, ex] }
      tab.sign_in("/kinde_sdk/auth")
      expect(tab.get(path).status).to eq(302)
      expect(tab.location).to eq("http://example.org/mgmt")
      expect(kept["kinde_m2m_token"]).to match([/\AeyJ/, Integer])

      emulator.post("/login", { email: "grace@example.com" })
      other = browser
      other.sign_in("/kinde_sdk/auth")
      expect(other.get(path).status).to eq(403)
    end

    it "leads to / with an alert if it cannot be got" do
      configure(client_credentials_route: true)
      ENV["KINDE_MANAGEMENT_CLIENT_SECRET"] = "wrong"
      tab.sign_in("/kinde_sdk/auth")
      tab.get(path)
      expect(page(tab)[:alert]).to include("no token")
    end
  end

  it "derives the key of sessions from the application's secret" do
    KindeSdk.config.seal_keys = nil
    ActiveSupport.run_load_hooks(:after_initialize, RailsApplication.instance)
    expect(KindeSdk.config.seal_keys).to match([/\A\h{64}\z/])
  end

  it "lets an application start that has no secret, as tasks do that precompile assets" do
    said = ruby(<<~RUBY, env: { "RAILS_ENV" => "production", "SECRET_KEY_BASE" => nil }, require: %w[logger rails action_controller/railtie kinde_sdk])
      class Secretless < Rails::Application
        config.eager_load = false
        config.root = #{__dir__.dump}
        config.logger = Logger.new(IO::NULL)
      end
      Secretless.initialize!
      p KindeSdk.config.seal_keys
    RUBY
    expect(said).to eq("nil\n")
  end

  it "raises for a mistake of the developer's" do
    configure(seal_keys: nil)
    tab.get("/kinde_sdk/auth")
    expect(tab.last_response.status).to eq(500)
    expect(tab.last_response.body).to include("seal_keys")
  end
end
