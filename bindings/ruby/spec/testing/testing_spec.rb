# frozen_string_literal: true

require "support/browser"
require "support/rails_application"
require "action_dispatch/testing/integration"
require "kinde_sdk/testing"
require "kinde_sdk/testing/matchers"

RSpec.describe KindeSdk::Testing do
  include KindeSdk::Testing::Matchers

  # Nobody answers here: what works does so without a network.
  before { configure(domain: "https://nobody.kinde.invalid", client_id: "mine", seal_keys: nil) }

  describe ".sign_in" do
    it "gives a client of a user" do
      client = described_class.sign_in(user: { email: "ada@example.com", given_name: "Ada" }, permissions: ["read:orders"],
                                       roles: ["admin"], org_code: "org_1",
                                       flags: { theme: "dark", beta: true, limit: 3, box: { "a" => 1 } })
      expect(client.get_user_details).to include(email: "ada@example.com", given_name: "Ada", id: /\Akp_/)
      expect(client.get_organization).to eq(org_code: "org_1")
      expect(client.get_user_organizations).to eq(org_codes: ["org_1"])
      expect(client.permission_granted?("read:orders")).to be(true)
      expect(client.permission_granted?("write:orders")).to be(false)
      expect(client.has_roles?("admin")).to be(true)
      expect(client.get_string_flag("theme")).to eq("dark")
      expect(client.get_boolean_flag("beta")).to be(true)
      expect(client.get_integer_flag("limit")).to eq(3)
      expect(client.get_flag("box")[:value]).to eq("a" => 1)
    end

    it "works where nothing is configured" do
      KindeSdk.config = KindeSdk::Configuration.new
      expect(described_class.sign_in.get_user_details).to include(described_class::USER)
    end

    it "works with the audience and the issuer that are expected" do
      configure(expected_audience: "https://api.example.com", expected_issuer: "https://login.example.com")
      expect(described_class.sign_in.get_claim("aud")[:value]).to eq(["https://api.example.com"])
    end

    it "makes a token that has expired" do
      expect(described_class.sign_in(expires_in: -120)).not_to be_signed_in
    end

    it "takes claims" do
      client = described_class.sign_in(claims: { plan: "pro", permissions: nil })
      expect(client.get_claim("plan")[:value]).to eq("pro")
      expect(client.get_permissions[:permissions]).to eq([])
    end

    it "signs in over Rack::Test" do
      application = KindeSdk::Rack::Middleware.new(lambda do |env|
        [200, { "Content-Type" => "text/plain" }, [env["kinde"].permission?("x").inspect]]
      end)
      browser = Browser.new(application, nil)
      described_class.sign_in(permissions: ["x"], into: browser)
      expect(browser.get("/").body).to eq("true")
      described_class.sign_out(into: browser)
      expect(browser.get("/").body).to eq("false")
    end

    it "signs in under another name of the cookie" do
      browser = Browser.new(KindeSdk::Rack::Middleware.new(lambda do |env|
        [200, { "Content-Type" => "text/plain" }, [env["kinde"].authenticated?.inspect]]
      end, cookie_name: "__Host-app"), nil)
      described_class.sign_in(into: browser, cookie_name: "__Host-app")
      expect(browser.get("/").body).to eq("true")
      described_class.sign_out(into: browser, cookie_name: "__Host-app")
      expect(browser.get("/").body).to eq("false")
    end

    it "signs in in Capybara's browser" do
      require "capybara"
      page = Capybara::Session.new(:rack_test, KindeSdk::Rack::Middleware.new(lambda do |env|
        [200, { "Content-Type" => "text/plain" }, [env["kinde"].user.inspect]]
      end))
      described_class.sign_in(user: { email: "ada@example.com" }, into: page.driver)
      page.visit("/")
      expect(page.text).to include("ada@example.com")
    end

    it "signs in over a store" do
      configure(store_url: "memory:")
      browser = Browser.new(KindeSdk::Rack::Middleware.new(lambda do |env|
        [200, { "Content-Type" => "text/plain" }, [env["kinde"].authenticated?.inspect]]
      end), nil)
      described_class.sign_in(into: browser)
      expect(browser.get("/").body).to eq("true")
    end

    it "signs in in an integration session of Rails, with a session that fills several cookies" do
      session = ActionDispatch::Integration::Session.new(RailsApplication)
      described_class.sign_in(permissions: ["read:todos"], claims: { about: SecureRandom.hex(2500) }, into: session)
      session.get("/")
      expect(JSON.parse(session.response.body)).to include("logged_in" => true, "permission" => true)
      described_class.sign_out(into: session)
      session.get("/")
      expect(JSON.parse(session.response.body)).to include("logged_in" => false)
    end

    it "says what it can sign in into" do
      expect { described_class.sign_in(into: Object.new) }.to raise_error(ArgumentError, /Rack::Test/)
    end
  end

  it "signs tokens that the library verifies, and that others do not have" do
    expect(KindeSdk.validate_jwt_token(described_class.tokens)).to include(:access_token, :id_token)
    expect { KindeSdk.validate_jwt_token(access_token: emulator.mint(claims: { iss: "https://nobody.kinde.invalid" })) }
      .to raise_error(JWT::DecodeError)
  end

  it "signs bearer tokens" do
    api = KindeSdk::Rack::BearerAuth.new(->(_) { [200, {}, []] }, audience: "https://api.example.com", scopes: "read:x")
    token = described_class.tokens(claims: { aud: ["https://api.example.com"], scp: ["read:x"] })[:access_token]
    expect(api.call({ "HTTP_AUTHORIZATION" => "Bearer #{token}" }).first).to eq(200)
  end

  describe KindeSdk::Testing::Matchers do
    let(:client) { KindeSdk::Testing.sign_in(permissions: ["a"], roles: ["r"], flags: { f: 1, off: false }) }

    it "expects" do
      expect(client).to be_signed_in.and have_permission("a").and have_role("r")
      expect(client).to have_feature_flag("f").and have_feature_flag("off").with_value(false)
      expect(nil).not_to be_signed_in
      expect(client).not_to have_permission("b")
      expect(client).not_to have_role("s")
      expect(client).not_to have_feature_flag("g")
      expect(client).not_to have_feature_flag("f").with_value(2)
    end

    it "says what is there instead" do
      expect { expect(client).to have_permission("b") }.to raise_error(/"b".*\["a"\]/)
      expect { expect(client).to have_role("b") }.to raise_error(/"b".*\["r"\]/)
      expect { expect(client).to have_feature_flag("f").with_value(2) }.to raise_error(/value 2.*"f"=>1/)
      expect { expect(nil).to be_signed_in }.to raise_error(/nobody/)
    end

    it "takes what a request brings along" do
      configure(seal_keys: ["k" * 32])
      env = {}
      KindeSdk::Rack::Middleware.new(->(_) { [200, {}, []] }).call(env)
      expect(env["kinde"]).not_to be_signed_in
      expect(env["kinde"]).not_to have_permission("a")
      expect(env["kinde"]).not_to have_feature_flag("a")
    end
  end
end
