# frozen_string_literal: true

RSpec.describe "Kinde's Account API" do
  let(:client) { KindeSdk.client(sign_in) }

  def away(path, **fault)
    emulator.post("/faults", { path: "/account_api/v1/#{path}", times: nil, **fault })
  end

  it "says what is so now" do
    permissions = client.get_permissions(force_api: true)
    expect(permissions).to eq(client.get_permissions)
    expect(client.getPermissions).to eq(permissions)
    expect(client.all_permissions).to include("create:todos")
    expect(client.permission_granted?("create:todos", force_api: true)).to be(true)
    expect(client.get_roles(force_api: true)).to include(include(key: "admin"))
    expect(client.has_roles?("admin", force_api: true)).to be(true)
    expect(client.get_flags(force_api: true)).to include(include(key: "is_dark_mode", type: "boolean"))
    expect(client.get_flag("theme", force_api: true)).to include(code: "theme", type: "string", is_default: false)
    expect(client.get_boolean_flag("is_dark_mode", nil, force_api: true)).to be(true)
  end

  it "is asked by every question of a client that says so, and by none of a call that says otherwise" do
    client.force_api = true
    before = emulator.count("/account_api/v1/permissions")
    client.permission_granted?("create:todos")
    expect(emulator.count("/account_api/v1/permissions")).to be > before
    before = emulator.count("/account_api/v1/permissions")
    client.get_permissions(force_api: false)
    expect(emulator.count("/account_api/v1/permissions")).to eq(before)
  end

  it "is asked for roles that the token does not name" do
    emulator.patch("/applications?client_id=emulator_web", { access_token_claims: [] })
    expect(client.get_claim("roles")).to be_nil
    expect(client.get_roles).to include(include(key: "admin"))
    expect(client.get_roles(force_api: false)).to eq([])
  end

  it "gives lists by the page" do
    page = client.user_permissions(page_size: 2)
    expect(page.data.permissions.size).to eq(2)
    expect(page.data.permissions.first.key).to be_a(String)
    expect(page.metadata.has_more).to be(true)
    following = client.user_permissions(page_size: 2, starting_after: page.metadata.next_page_starting_after)
    expect(following.data.permissions.map(&:key) & page.data.permissions.map(&:key)).to be_empty
    expect(client.user_roles.data.roles.map(&:key)).to include("admin")
    expect(client.user_feature_flags.data.feature_flags.map(&:key)).to include("theme")
    expect(client.user_properties.data.properties).to be_an(Array)
    expect(client.entitlements.data.entitlements).to be_an(Array)
  end

  it "gives the profile" do
    expect(client.enhanced_user_profile.given_name).to eq("Ada")
    expect(client.oauth.get_user).to include(first_name: "Ada", preferred_email: "ada@example.com", id: /\Akp_/)
    expect(client.oauth.get_user_profile_v2.email).to eq("ada@example.com")
  end

  it "gives links to the portal" do
    link = client.portal_link(return_url: "https://app.example.com/")
    expect(link.url).to start_with("http")
    expect(client.generatePortalUrl("https://app.example.com/").url).to start_with("http")
    expect(client.generate_portal_url(domain: emulator.url, return_url: "https://app.example.com/")[:url]).to be_a(URI)
    text = "generatePortalUrl: returnUrl must be an absolute URL"
    expect { client.generatePortalUrl("/here") }.to raise_error(ArgumentError, text)
    expect { client.generate_portal_url(domain: emulator.url, return_url: nil) }.to raise_error(StandardError, text)
  end

  { 401 => [KindeSdk::AuthenticationError, "Invalid or expired token"],
    403 => [KindeSdk::AuthorizationError, "Insufficient permissions"],
    429 => [KindeSdk::RateLimitError, "Too many requests"],
    418 => [KindeSdk::APIError, 'API request failed with status 418: {"errors":'],
    500 => [KindeSdk::APIError, 'API request failed with status 500: {"errors":'] }.each do |status, (error_class, text)|
    it "raises an APIError for #{status}" do
      away("permissions", status: status, body: { errors: [{ code: "X", message: "no" }] })
      KindeSdk.config.set(:timeout_ms, 2000)
      expect { client.user_permissions }.to raise_error(KindeSdk::APIError) { |error|
        expect(error).to be_a(error_class)
        expect(error.message).to start_with("Unable to fetch permissions: #{text}")
        expect(error.http_status).to eq(status)
      }
    end
  end

  it "gives nil for what is not there" do
    away("properties", status: 404, body: { errors: [{ code: "X", message: "no" }] })
    away("entitlements", status: 404, body: { errors: [{ code: "X", message: "no" }] })
    expect(client.user_properties).to be_nil
    expect(client.entitlement("seats")).to be_nil
  end

  it "leaves the client with the tokens that were renewed for it, also when it says no" do
    expired = emulator.mint(claims: { exp: Time.now.to_i - 3600 })
    client = KindeSdk.client({ access_token: expired, refresh_token: sign_in[:refresh_token] }, false)
    client.auto_refresh_tokens = true
    former = client.tokens_hash[:refresh_token]
    away("permissions", status: 400)
    expect { client.user_permissions }.to raise_error(KindeSdk::APIError)
    expect(client.tokens_hash[:refresh_token]).not_to eq(former)
    expect(KindeSdk.refresh_token(client.tokens_hash)).to have_key("access_token")
  end

  it "leaves the client with renewed tokens after a link to the portal too" do
    expired = emulator.mint(claims: { exp: Time.now.to_i - 3600 })
    client = KindeSdk.client({ access_token: expired, refresh_token: sign_in[:refresh_token] }, false)
    client.auto_refresh_tokens = true
    client.generate_portal_url(return_url: "https://app.example.com/")
    expect(client.bearer_token).not_to eq(expired)
  end

  it "says what became of a link to the portal" do
    url = -> { client.generate_portal_url(domain: emulator.url, return_url: "https://app.example.com/") }
    away("portal_link", status: 403, times: 1)
    expect(&url).to raise_error(KindeSdk::AuthorizationError, /\AFailed to fetch profile URL: 403 /)
    away("portal_link", status: 200, times: 1, body: { url: "no link" }, headers: { "Content-Type" => "application/json" })
    expect(&url).to raise_error(KindeSdk::APIError, "Invalid URL received from API")
    away("portal_link", drop: true)
    expect(&url).to raise_error(KindeSdk::APIError, /\AFailed to fetch profile URL: .*connection/)
    nobody = KindeSdk::Client.of(KindeSdk.config.core_client.new_session)
    expect { nobody.generate_portal_url(return_url: "https://app.example.com/") }
      .to raise_error(KindeSdk::AuthenticationError, "generatePortalUrl: Access Token not found")
  end

  it "does not answer from the token by itself when it is away" do
    away("permissions", status: 500)
    away("feature_flags", status: 500)
    expect { client.get_permissions(force_api: true) }.to raise_error(KindeSdk::APIError)
    expect { client.get_flag("theme", force_api: true) }.to raise_error(KindeSdk::APIError)
    expect(client.get_permissions(force_api: true, fallback_to_token: true)).to eq(client.get_permissions)
    expect(client.has_roles?("nobody")).to be(false)
    expect(logged).to include("answered from the token")
    other = client_with({ permissions: ["access"] }, id_claims: { permissions: ["id"] })
    expect(other.get_permissions(force_api: true, fallback_to_token: true, token_type: :id_token)[:permissions]).to eq(["id"])
  end

  it "judges entitlements, and says no when they cannot be had" do
    expect(client.has_entitlements?([])).to be(true)
    expect(client.has_billing_entitlements?(nil)).to be(true)
    expect(client.has_entitlement?("nothing of the kind")).to be(false)
    expect(client.entitlement("nothing of the kind")).to be_nil
    expect(client.getEntitlementLimit("nothing of the kind")).to be_nil
    found = client.all_entitlements
    expect(client.has_entitlements?(found.map(&:feature_key))).to be(true)
    expect(client.has_billing_entitlements?(found.map(&:price_name))).to be(true)
    away("entitlements", status: 500)
    expect(client.has_entitlement?("x")).to be(false)
    expect(client.getEntitlementLimit("x")).to be_nil
    expect { client.all_entitlements }.to raise_error(KindeSdk::APIError)
  end

  it "judges conditions of several kinds at once, and takes no failure for an answer" do
    expect(client.has?).to be(true)
    expect(client.has?(permissions: ["create:todos"], roles: ["admin"], feature_flags: [{ flag: "is_dark_mode", value: true }])).to be(true)
    expect(client.has?(permissions: ["create:todos"], roles: ["nobody"])).to be(false)
    expect(client.has?(feature_flags: [{ flag: "is_dark_mode", value: false }])).to be(false)
    expect(emulator.count("/account_api/v1/permissions")).to eq(0)
    expect(client.has?(force_api: true, permissions: ["create:todos"])).to be(true)
    expect(emulator.count("/account_api/v1/permissions")).to be > 0
    found = client.all_entitlements.first
    expect(client.has?(billing_entitlements: [found.price_name], entitlements: [found.feature_key])).to be(true)
    expect(client.has?(entitlements: ["nothing of the kind"])).to be(false)
    away("entitlements", status: 500)
    expect { client.has?(billing_entitlements: ["Pro"]) }.to raise_error(KindeSdk::APIError, /Unable to fetch conditions/)
    expect { client.has?(permision: ["x"]) }.to raise_error(KindeSdk::InvalidArgumentError, /permision/)
  end

  it "has the documented names" do
    names = %i[entitlements getAllEntitlements all_entitlements entitlement getEntitlement has_entitlement? hasEntitlement
               getEntitlementLimit entitlement_limit get_entitlements has_billing_entitlements? hasBillingEntitlements
               has_entitlements? hasEntitlements user_feature_flags user_permissions user_properties user_roles portal_link
               generatePortalUrl generate_portal_url enhanced_user_profile oauth frontend getPermissions getAllPermissions
               all_permissions getRoles getFlags]
    expect(names.reject { |name| client.respond_to?(name) }).to be_empty
    expect(KindeSdk::PortalPage.constants).to contain_exactly(
      :ORGANIZATION_DETAILS, :ORGANIZATION_MEMBERS, :ORGANIZATION_PLAN_DETAILS, :ORGANIZATION_PAYMENT_DETAILS,
      :ORGANIZATION_PLAN_SELECTION, :PROFILE
    )
  end
end

RSpec.describe KindeSdk::Answer do
  subject(:answer) { described_class.of({ users: [{ email: "a@example.com", id: 1 }], code: "OK" }) }

  it "is read by method, by symbol, by string and in depth" do
    expect(answer.users.first.email).to eq("a@example.com")
    expect(answer[:users].first[:id]).to eq(1)
    expect(answer["code"]).to eq("OK")
    expect(answer.dig(:users, 0, :email)).to eq("a@example.com")
    expect(answer.absent).to be_nil
    expect([answer[7], answer[nil], answer.key?("code"), answer.key?(7)]).to eq([nil, nil, true, false])
    expect(described_class.of({ zip: "12345", count: 2, first: "x" })).to have_attributes(zip: "12345", count: 2, first: "x")
  end

  it "becomes a Hash and JSON" do
    expect(answer.to_h).to eq(users: [{ email: "a@example.com", id: 1 }], code: "OK")
    expect(JSON.parse(JSON.generate(answer))).to eq("users" => [{ "email" => "a@example.com", "id" => 1 }], "code" => "OK")
    expect(answer).to eq(described_class.of(answer.to_h))
  end

  it "becomes JSON of Rails" do
    expect(ruby(<<~RUBY)).to eq('{"user":{"email":"a@example.com","roles":[{"key":"x"}]}}')
      require "active_support"
      require "active_support/json"
      answer = KindeSdk::Answer.of({ email: "a@example.com", roles: [{ key: "x" }] })
      print({ user: answer }.to_json)
    RUBY
  end

  it "is equal to what has the same fields" do
    expect(answer).to eq(answer.to_h)
    expect(described_class.of({})).not_to eq(nil)
    expect(described_class.of({})).not_to eq([])
    expect(answer).not_to eq([1])
    expect({ answer => 1 }).to have_key(described_class.of(answer.to_h))
    expect(answer).not_to eql(answer.to_h)
  end

  it "stands for nothing else" do
    expect { answer.absent(1) }.to raise_error(NoMethodError)
    expect { [] + answer }.to raise_error(TypeError)
    expect { answer.save! }.to raise_error(NoMethodError)
  end
end
