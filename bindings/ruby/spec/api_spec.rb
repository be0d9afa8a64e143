# frozen_string_literal: true

require "bigdecimal"
require "date"
require "pathname"
require "stringio"
require "tempfile"
require_relative "../rakelib/names"

RSpec.describe "Kinde's APIs" do
  users_path = "/api/v1/users"

  # An application that has a machine of its own for the Management API.
  before do
    configure(management_client_id: Emulator::MACHINE[:client_id], management_client_secret: Emulator::MACHINE[:client_secret])
  end

  let(:management) { KindeSdk.management }
  let(:users) { management.users }
  let(:user_id) { users.get_users(page_size: 1).users.first.id }
  let(:machine_tokens) { KindeSdk.client_credentials_access(**Emulator::MACHINE) }

  # A user with this address, as Kinde's documentation has it made.
  def create(email)
    users.create_user(create_user_request: { profile: { given_name: "New" }, identities: [{ type: "email", details: { email: email } }] })
  end

  def fault(path, **fault)
    emulator.post("/faults", { path: path, **fault })
  end

  def sent(path)
    emulator.requests(path).last
  end

  def bearer(request)
    request[:headers][:authorization].delete_prefix("Bearer ")
  end

  describe "an operation" do
    it "takes its body as a model, as a Hash, or its members by name" do
      identity = { type: "email", details: { email: "new@example.com" } }
      profile = { given_name: "New", family_name: "User" }
      forms = [
        -> { users.create_user(create_user_request: { profile: profile, identities: [identity] }) },
        -> { users.create_user({ create_user_request: { "profile" => profile, "identities" => [identity] } }) },
        -> { users.create_user("create_user_request" => { profile: profile, identities: [identity] }) },
        -> { users.create_user(profile: profile, identities: [identity]) },
        lambda {
          inner = KindeApi::CreateUserRequestIdentitiesInner.new(type: "email", details: identity[:details])
          request = KindeApi::CreateUserRequest.new(profile: KindeApi::CreateUserRequestProfile.new(profile), identities: [inner])
          users.create_user(create_user_request: request)
        },
        -> { users.create_user(body: KindeApi::CreateUserRequest.new("profile" => profile, "identities" => [identity])) }
      ]
      bodies = forms.map do |form|
        emulator.reset
        expect(form.call.created).to be(true)
        JSON.parse(sent("/api/v1/user")[:body], symbolize_names: true)
      end
      expect(bodies.uniq).to eq([{ profile: profile, identities: [identity] }])
    end

    it "takes what it requires by place, the rest in a Hash, and all of it by name" do
      id = create("new@example.com").id
      forms = [
        -> { users.update_user(id, { given_name: "A" }) },
        -> { users.update_user(id, KindeApi::UpdateUserRequest.new(given_name: "A"), {}) },
        -> { users.update_user(id, update_user_request: { given_name: "A" }) },
        -> { users.update_user(id, { update_user_request: { given_name: "A" } }) },
        -> { users.update_user(id, given_name: "A") },
        -> { users.update_user(id: id, given_name: "A") },
        -> { users.update_user({ id: id, update_user_request: { given_name: "A" } }) }
      ]
      requests = forms.map do |form|
        expect(form.call.given_name).to eq("A")
        sent("/api/v1/user").slice(:query, :body)
      end
      expect(requests.uniq).to eq([{ query: { id: [id] }, body: '{"given_name":"A"}' }])
      expect(users.get_user_data(id, { expand: "organizations" }).organizations).to eq([])
      expect(users.delete_user(id, is_delete_profile: true).code).to eq("OK")
    end

    it "is not sent with too many arguments, too few, or one that is given twice" do
      expect { users.update_user("a", {}, {}, {}) }.to raise_error(ArgumentError, /given 4.*update_user takes id, update_user_request by place/)
      expect { users.get_users("a") }.to raise_error(ArgumentError, /get_users takes none by place/)
      expect { users.update_user("a", { id: "b", update_user_request: {} }) }.to raise_error(ArgumentError, /\Aid: is given by its place/)
      expect { users.update_user("a", "id" => "b", "given_name" => "A") }.to raise_error(ArgumentError, /\Aid: is given by its place/)
      expect { users.get_user_data }.to raise_error(ArgumentError, /id: is required/)
      expect(emulator.count("/api/v1/user")).to eq(0)
    end

    it "is not sent with what is unknown or of a wrong type; all of it is said at once" do
      call = -> { users.create_user(profil: {}, identities: [{ type: "emial" }], organization_code: 7) }
      expect(&call).to raise_error(ArgumentError) { |error|
        expect(error.details[:fields].map { |field| field[:field] }).to contain_exactly("profil", "identities[0].type", "organization_code")
        expect(error.message).to include("the nearest known are profile", "the nearest are email")
      }
      expect(emulator.count("/api/v1/user")).to eq(0)
    end

    it "takes what Kinde has added since as extra" do
      expect { users.create_user(nickname: "N") }.to raise_error(ArgumentError, /nickname: unknown/)
      fault("/api/v1/user", status: 200, body: { id: "kp_1" }, headers: { "Content-Type" => "application/json" })
      expect(users.create_user(profile: { given_name: "A" }, extra: { nickname: "N" }).id).to eq("kp_1")
      expect(JSON.parse(sent("/api/v1/user")[:body])).to eq("profile" => { "given_name" => "A" }, "nickname" => "N")
    end

    it "takes times, dates, symbols and files as Ruby has them" do
      users.get_users(active_since: Time.utc(2026, 1, 2, 3, 4, 5))
      expect(sent(users_path)[:query][:active_since]).to eq(["2026-01-02T03:04:05Z"])
      users.get_users(active_since: DateTime.new(2026, 1, 2, 3, 4, 5))
      expect(sent(users_path)[:query][:active_since]).to eq(["2026-01-02T03:04:05+00:00"])
      zoned = Class.new { define_method(:iso8601) { "2026-01-02T03:04:05+02:00" } }.new
      users.get_users(active_since: zoned)
      expect(sent(users_path)[:query][:active_since]).to eq(["2026-01-02T03:04:05+02:00"])
      Tempfile.create(["logo", ".png"]) do |file|
        file.write("\x89PNG")
        file.rewind
        management.organizations.add_organization_logo("org_acme", :light, file)
        expect(sent("/api/v1/organizations/org_acme/logos/light")[:body]).to include("PNG", File.basename(file.path))
      end
      management.organizations.add_organization_logo("org_acme", :dark, StringIO.new("\x89PNG from memory"))
      expect(sent("/api/v1/organizations/org_acme/logos/dark")[:body]).to include("PNG from memory", 'filename="file"')
    end

    it "takes what Rails has: spans of time, and parameters that were permitted" do
      require "active_support"
      require "active_support/core_ext/numeric/time"
      emulator.patch("/settings", { management_examples: true })
      management.applications.update_application_tokens("app_1", access_token_lifetime: 1.day)
      expect(JSON.parse(sent("/api/v1/applications/app_1/tokens")[:body])).to eq("access_token_lifetime" => 86_400)
      permitted = Class.new { define_method(:to_hash) { { "given_name" => "A" } } }.new
      users.update_user("kp_1", permitted)
      expect(sent("/api/v1/user")[:body]).to eq('{"given_name":"A"}')
    end

    it "is called by its name, with the same values" do
      management.api_client.call(:get_users, active_since: Time.utc(2026, 1, 2, 3, 4, 5))
      expect(sent(users_path)[:query][:active_since]).to eq(["2026-01-02T03:04:05Z"])
    end

    it "names the value that cannot be sent" do
      { "x\xC3" => "profile.given_name", Float::NAN => "profile.given_name" }.each do |value, field|
        expect { users.create_user(profile: { given_name: value }) }.to raise_error(KindeSdk::InvalidArgumentError) { |error|
          expect([error.field, error.message]).to match([field, start_with("#{field}: cannot be JSON")])
        }
      end
      expect { management.api_client.call("get_users\0") }.to raise_error(KindeSdk::InvalidArgumentError, /null byte/)
    end

    it "also gives the HTTP status and the headers" do
      data, status, headers = users.get_users_with_http_info(page_size: 1)
      expect([data.users.size, status]).to eq([1, 200])
      expect(headers).to include("content-type" => "application/json")
    end

    it "gives nil where Kinde says nothing" do
      fault("/api/v1/user", status: 204, body_base64: "")
      expect(users.delete_user_with_http_info(id: "kp_1")).to match([nil, 204, Hash])
    end

    it "reaches any path" do
      data, status, = management.api_client.request("/api/v1/organization", query: { code: "org_acme" })
      expect([data.name, status]).to eq(["Acme", 200])
      management.api_client.request("/api/v1/organization", method: :post, body: KindeApi::CreateOrganizationRequest.new(name: "New"))
      expect(management.organizations.all_organizations.map(&:name).to_a).to include("New")
      expect { management.api_client.request("/elsewhere") }.to raise_error(ArgumentError, %r{path: must begin with /api/})
    end
  end

  describe "an answer" do
    let(:answer) { users.get_users(page_size: 2) }

    it "is read by methods, symbols and strings, and like a Hash" do
      expect(answer.users.first.email).to eq("ada@example.com")
      expect(answer[:users].first[:email]).to eq(answer["users"][0]["email"])
      expect(answer.dig(:users, 0, "email")).to eq("ada@example.com")
      expect(answer.to_hash).to eq(answer.to_h)
      expect(answer.to_h[:users][0]).to be_an_instance_of(Hash)
      expect(answer).to eq(answer.to_h)
      expect(answer.to_h).to eq(answer)
      expect(JSON.parse(answer.to_json, symbolize_names: true)).to eq(answer.to_h)
      expect(JSON.parse(JSON.generate([answer]))).to eq([JSON.parse(answer.to_json)])
    end

    it "has fields alone for methods" do
      expect(answer.nothing).to be_nil
      expect { answer.each { nil } }.to raise_error(NoMethodError, /each/)
      expect(answer.users.first.then { |user| user.email }).to eq("ada@example.com")
      expect { answer.nothing = 1 }.to raise_error(NoMethodError)
      odd = KindeSdk::Answer.of({ to_ary: 1, to_str: 2, to_hash: 3 })
      expect([[odd].flatten, odd.respond_to?(:to_str), odd[:to_str]]).to eq([[odd], false, 2])
    end

    it "is made a Hash by a block, and kept by Marshal and YAML" do
      require "yaml"
      expect(answer.to_h { |name, value| [name.to_s, value] }).to eq(answer.to_h.transform_keys(&:to_s))
      expect(Marshal.load(Marshal.dump(answer))).to eq(answer)
      expect(YAML.unsafe_load(YAML.dump(answer))).to eq(answer)
    end

    it "is shown without what is named like a secret" do
      shown = KindeSdk::Answer.of({ application: { name: "web", client_secret: "hunter2" }, api_key: { key: "hunter2" }, next_token: "cursor",
                                    is_secret: true }).inspect
      expect(shown).to include('name="web"', 'next_token="cursor"', "is_secret=true")
      expect(shown).not_to include("hunter2")
    end

    it "is matched by patterns" do
      case answer
      in { code: "OK", users: [{ email: String => email, is_suspended: false }, *] }
        expect(email).to eq("ada@example.com")
      end
    end
  end

  describe "a list" do
    before { 5.times { |number| create("user#{number}@example.com") } }

    it "is given item by item over all its pages" do
      found = users.all_users(page_size: 4).map(&:email).to_a
      expect(found.uniq.size).to eq(9)
      expect(emulator.count(users_path)).to eq(3)
    end

    it "asks for no page that nobody wants" do
      list = users.all_users(page_size: 4)
      expect(list).to be_a(Enumerator::Lazy)
      expect(emulator.count(users_path)).to eq(0)
      expect(list.first(4).size).to eq(4)
      expect(emulator.count(users_path)).to eq(1)
      expect(list.map(&:email).find { |email| email == "ada@example.com" }).to eq("ada@example.com")
      expect(list.each_slice(2).first.size).to eq(2)
    end

    it "begins anew each time, and may be read step by step" do
      list = users.all_users(page_size: 4)
      expect([list.count, list.count]).to eq([9, 9])
      step = users.all_users(page_size: 4).eager.each_entry
      expect([step.next.email, step.next.email]).to eq(users.get_users(page_size: 2).users.map(&:email))
    end

    it "is given to a block" do
      found = []
      expect(users.all_users(page_size: 4) { |user| found << user.email }).to be_a(Enumerator::Lazy)
      expect(found.size).to eq(9)
      sizes = []
      users.pages(:get_users, page_size: 4) { |page| sizes << page.items.size }
      expect(sizes).to eq([4, 4, 1])
    end

    it "is given by the classes of an application too" do
      own = Class.new(KindeApi::UsersApi)
      expect(own.new.pages(:get_users, page_size: 4).count).to eq(3)
      expect { KindeSdk.client(machine_tokens).oauth.pages(:get_users) }.to raise_error(ArgumentError, /:get_users is none of/)
    end

    it "is given page by page" do
      pages = users.pages(:get_users, page_size: 4).to_a
      expect(pages.map { |page| page.items.size }).to eq([4, 4, 1])
      expect(pages.map { |page| [page.status, page.data.code] }.uniq).to eq([[200, "OK"]])
      expect(management.properties.pages("get_properties", { page_size: 1 }).first.items.size).to eq(1)
    end

    it "says at once what is wrong, and asks again for a page that failed" do
      expect { users.all_users(page_size: "x") }.to raise_error(ArgumentError, /page_size/)
      expect { users.pages(:get_user_data, "kp_1") }.to raise_error(ArgumentError, /does not answer with a list/)
      expect { users.pages(:get_roles) }.to raise_error(ArgumentError, /:get_roles is none of KindeApi::UsersApi/)
      fault(users_path, status: 403)
      expect { users.all_users.first }.to raise_error(KindeApi::ApiError) { |error| expect(error.code).to eq(403) }
      expect(users.all_users.count).to eq(9)
    end
  end

  describe "many calls" do
    it "keep their order, with failures beside them" do
      outcome = management.call_many(concurrency: 3) do |calls|
        10.times { |number| calls.organizations.create_organization(name: "Org #{number}") }
        calls.organizations.get_organization(code: "org_none")
        calls.users.create_user(profil: {})
      end
      expect(outcome.results.size).to eq(12)
      expect(outcome.results.first(10).map { |answer| answer.organization.code }).to all(start_with("org_"))
      expect(outcome.results.last(2)).to eq([nil, nil])
      expect(outcome.failures.keys).to eq([10, 11])
      expect(outcome.failures[10]).to be_a(KindeApi::ApiError).and have_attributes(code: 404)
      expect(outcome.failures[11]).to be_a(ArgumentError).and have_attributes(field: "profil")
    end

    it "fail as one call does, also if nobody could be asked" do
      KindeSdk.config.set(:timeout_ms, 500)
      users.get_users
      fault("/api/v1/user", hang: true, times: nil)
      failures = management.call_many { |calls| calls.users.delete_user(id: "kp_1") }.failures
      expect(failures[0]).to be_a(KindeApi::ApiError).and have_attributes(code: 0, status: :timeout)
    end

    it "are made in parts, in their order, and end between them when their thread does" do
      outcome = management.call_many(concurrency: 12) do |calls|
        251.times { |number| calls.users.get_user_data((number % 50).zero? ? "kp_none" : user_id) }
      end
      expect(outcome.failures.keys).to eq([0, 50, 100, 150, 200, 250])
      expect(outcome.results.map(&:nil?)).to eq(Array.new(251) { |number| (number % 50).zero? })
      emulator.control(:delete, "/requests")
      expect { management.call_many { |calls| 251.times { |number| calls.users.get_user_data(number < 250 ? user_id : "\xC3") } } }
        .to raise_error(ArgumentError, /calls\.250\.params\.id/)
      expect(emulator.count("/api/v1/user")).to eq(0)
      fault("/api/v1/user", hang: true, times: nil)
      thread = Thread.new { management.call_many { |calls| 251.times { calls.users.get_user_data(user_id) } } }
      emulator.wait_for("/api/v1/user", count: 1)
      thread.kill
      emulator.post("/release")
      emulator.control(:delete, "/faults")
      thread.join
      expect(emulator.count("/api/v1/user")).to be_between(1, 100)
    end

    it "are told apart from lists, and need a block" do
      expect { management.call_many { |calls| calls.users.all_users } }.to raise_error(ArgumentError, /list of many pages/)
      expect { management.call_many }.to raise_error(ArgumentError, /block/)
      expect { management.call_many(concurrency: 0) { |calls| calls.users.get_users } }.to raise_error(ArgumentError, /concurrency/)
      expect(management.call_many {}.to_a).to eq([[], {}])
    end
  end

  describe "a failure" do
    it "has Kinde's code, headers and answer" do
      expect { users.get_user_data("kp_none") }.to raise_error(KindeApi::ApiError) { |error|
        expect(error.code).to eq(404)
        expect(error.response_headers).to include("content-type" => "application/json")
        expect(JSON.parse(error.response_body)["errors"][0]["code"]).to eq("USER_NOT_FOUND")
        expect(error.message).to include("404", "USER_NOT_FOUND")
        expect(error.details[:codes]).to eq(["USER_NOT_FOUND"])
        expect(error).to be_a(KindeSdk::APIError)
      }
    end

    {
      401 => KindeSdk::AuthenticationError, 403 => KindeSdk::AuthorizationError, 500 => KindeSdk::APIError
    }.each do |status, error_class|
      it "with #{status} is a #{error_class}, which existing applications rescue as KindeApi::ApiError" do
        fault("/api/v1/user", status: status, times: nil)
        expect { users.delete_user("kp_1") }.to raise_error(error_class) { |error|
          expect(error).to be_a(KindeApi::ApiError).and have_attributes(code: status)
        }
      end
    end

    it "with 429 says when to try again" do
      # Clients that are equal wait together, and the other tests are not to.
      KindeSdk.config.set(:user_agent, "told to wait")
      fault(users_path, status: 429, times: nil, headers: { "RateLimit-Reset" => "3600" })
      expect { users.get_users }.to raise_error(KindeSdk::RateLimitError) { |error|
        expect(error).to be_a(KindeApi::ApiError).and have_attributes(code: 429, retry_after: 3600)
      }
    end

    it "of the network is a KindeApi::ApiError too, with 0 for its code" do
      KindeSdk.config.set(:timeout_ms, 500)
      users.get_users
      fault("/api/v1/user", hang: true)
      expect { users.create_user(profile: {}) }.to raise_error(KindeApi::ApiError) { |error|
        expect(error).to have_attributes(code: 0, status: :timeout, response_body: nil, response_headers: {})
        expect(error.cause).to be_a(KindeSdk::NetworkError)
      }
    end

    it "of a machine that Kinde does not know is one of OAuth" do
      KindeSdk.config.set(:management_client_secret, "wrong-secret-0123456789abcdefghijklmnop")
      expect { users.get_users }.to raise_error(OAuth2::Error) { |error| expect(error.code).to eq("invalid_client") }
    end

    it "can be made by an application's tests" do
      error = KindeApi::ApiError.new(code: 404, response_headers: { "a" => "b" }, response_body: "{}")
      expect(error).to have_attributes(code: 404, response_headers: { "a" => "b" }, response_body: "{}", message: "HTTP status code: 404")
      expect(KindeApi::ApiError.new("no")).to have_attributes(message: "no", code: 0)
      expect(KindeApi::ApiError.ancestors).to include(StandardError)
    end
  end

  describe "the token" do
    it "is the application's own, got once, for KindeSdk.management and where no other is given" do
      management.roles.get_roles
      KindeApi::UsersApi.new.get_users
      expect(emulator.count("/oauth2/token")).to be <= 1
      expect(bearer(sent(users_path))).to eq(bearer(sent("/api/v1/roles")))
    end

    it "is that of the tokens for a client, as an application gets them" do
      client = KindeSdk.client(machine_tokens)
      expect(client.users.get_users(page_size: 1).users.first.email).to eq("ada@example.com")
      expect(bearer(sent(users_path))).to eq(machine_tokens["access_token"])
      expect(client.users.all_users(page_size: 3).count).to eq(4)
      expect(bearer(sent(users_path))).to eq(machine_tokens["access_token"])
      expect(client.roles.all_roles.map(&:key).first).to eq("admin")
    end

    it "may be of another application than the configured one, if this process got it" do
      tokens = machine_tokens
      configure(management_client_id: nil, management_client_secret: nil)
      expect(KindeSdk.client(tokens).users.get_users.users.size).to eq(4)
      expect { KindeSdk.client(tokens.to_a.to_h) }.to raise_error(KindeSdk::TokenError) { |error| expect(error.status).to eq(:authorized_party) }
      expect(tokens.keys).to eq(%w[access_token expires_in scope token_type])
    end

    it "is that of a user, who may not do everything" do
      client = KindeSdk.client(sign_in)
      expect { client.users.get_users }.to raise_error(KindeSdk::AuthorizationError) { |error| expect(error.code).to eq(403) }
      expect { client.users.all_users.first }.to raise_error(KindeApi::ApiError)
      expect(bearer(sent(users_path))).to eq(client.bearer_token)
      expect(KindeApi::Frontend::RolesApi.new(client.kinde_api_client).get_user_roles.data.roles.first.key).to eq("admin")
      expect(client.self_serve_portal.get_portal_link(return_url: "https://app.example.com/").url).to start_with("http")
    end

    it "is renewed where the client renews, and kept" do
      client = KindeSdk.client(sign_in)
      former = client.tokens_hash.dup
      emulator.patch("/settings", { refresh_keeps_access_token: false })
      fault("/account_api/v1/entitlements", status: 401)
      client.billing.get_entitlements
      expect(client.bearer_token).not_to eq(former[:access_token])
      expect(client.tokens_hash[:refresh_token]).not_to eq(former[:refresh_token])
      fault("/account_api/v1/entitlements", status: 401)
      former = client.bearer_token
      client.billing.all_entitlements.first
      expect(client.bearer_token).not_to eq(former)
    end

    it "that has expired and cannot be renewed is a KindeApi::ApiError with 401" do
      client = KindeSdk.client({ access_token: emulator.mint(claims: { exp: Time.now.to_i - 3600 }) }, false)
      expect { client.users.get_users }.to raise_error(KindeSdk::AuthenticationError) { |error|
        expect(error).to have_attributes(code: 401, status: :token_expired)
      }
      expect(emulator.count(users_path)).to eq(0)
    end

    it "that Kinde no longer renews is a KindeApi::ApiError with 401" do
      client = KindeSdk.client(sign_in)
      fault("/account_api/v1/entitlements", status: 401, times: nil)
      fault("/oauth2/token", status: 400, body: { error: "invalid_grant" }, headers: { "Content-Type" => "application/json" })
      expect { client.billing.get_entitlements }.to raise_error(KindeSdk::Failure)
      expect { client.billing.get_entitlements }.to raise_error(KindeSdk::AuthenticationError) { |error| expect(error.code).to eq(401) }
    end

    it "is the one that was given, whatever it is, for KindeSdk.api_client" do
      api_client = KindeSdk.api_client(machine_tokens["access_token"])
      expect(KindeApi::UsersApi.new(api_client).get_users.users.size).to eq(4)
      expect(KindeApi::UsersApi.new(api_client).all_users.count).to eq(4)
      unread = KindeApi::UsersApi.new(KindeSdk.api_client("no JWT at all"))
      expect { unread.get_users }.to raise_error(KindeApi::ApiError) { |error| expect(error.code).to eq(401) | eq(403) }
      expect(bearer(sent(users_path))).to eq("no JWT at all")
    end

    it "is none where none was given, never the application's own" do
      users.get_users
      before = emulator.count(users_path)
      [nil, "", 7].each do |none|
        expect { KindeApi::UsersApi.new(KindeSdk.api_client(none)).get_users }.to raise_error(KindeSdk::Failure)
      end
      expect(emulator.count(users_path)).to eq(before)
    end

    it "is another client's, if the application says so" do
      client = KindeSdk.client(sign_in)
      client.kinde_api_client = KindeSdk.api_client(machine_tokens["access_token"])
      expect(client.users.get_users.users.size).to eq(4)
      expect { client.kinde_api_client = "token" }.to raise_error(ArgumentError, /api_client: must be a KindeApi::ApiClient/)
    end
  end

  describe "the classes" do
    it "have the documented names" do
      accessors = %i[apis applications billing_agreements billing_entitlements billing_meter_usage business callbacks connected_apps
                     connections environment_variables environments feature_flags identities industries mfaapi oauth organizations
                     permissions properties property_categories roles search subscribers timezones users webhooks]
      accessors.each do |name|
        expect(KindeSdk::Client.method_defined?(name)).to be(true), name.to_s
        expect(management.public_send(name)).to be_a(KindeApi::Group)
      end
      expect(management.mfaapi).to be_a(KindeApi::MFAApi)
      expect(KindeSdk.client(machine_tokens).users).to be_an_instance_of(KindeApi::UsersApi)
      expect([KindeApi::APIsApi, KindeApi::OAuthApi, KindeApi::BillingApi, KindeApi::SelfServePortalApi]).to all(be < KindeApi::Group)
      expect(KindeApi::UsersApi.method_defined?(:create_user)).to be(true)
      expect(KindeApi::OAuthApi.instance_methods).to include(:token_introspection, :introspect_token, :get_user_profile_v2)
    end

    it "are those of the catalogue, which is compared with the names that were made of it" do
      expect(File.read(File.expand_path("../lib/kinde_api/names.rb", __dir__))).to eq(Names.new.text), "run `rake names`"
      catalogue = KindeSdk::Core.catalogue
      catalogue[:operations].each do |operation|
        space = operation[:api] == "account" ? KindeApi::Frontend : KindeApi
        group = space.const_get(KindeApi::Naming.class_of(operation[:group]))
        expect(group.method_defined?(operation[:name])).to be(true), operation[:name]
      end
      taken = KindeSdk::Client.instance_methods - KindeSdk::Apis.instance_methods
      expect(taken & (KindeApi::GROUPS.keys | KindeApi::FRONTEND_GROUPS.keys)).to be_empty
    end

    it "are made when the first of them is named, whichever it is, by however many threads" do
      names = %w[UsersApi Group Model CreateUserRequest BillingApi Frontend::RolesApi CreateConnectionRequestOptions]
      names.each do |name|
        output = ruby(<<~RUBY, "-w")
          print KindeApi.autoload?(:UsersApi).nil?, " "
          found = Array.new(8) { |number| Thread.new { number.even? ? KindeApi::#{name} : KindeApi::UsersApi.instance_method(:get_users) } }
          puts found.map(&:value).uniq.size, KindeApi::CreateUserRequest.attribute_names.size
        RUBY
        expect(output).to eq("false 2\n4\n")
      end
    end

    it "are not needed to reach any path" do
      code = 'KindeSdk.api_client("token").request("/elsewhere") rescue puts $!.class'
      expect(ruby("#{settings_code}\n#{code}")).to eq("KindeSdk::InvalidArgumentError\n")
    end

    it "are made before processes fork, if the application wants" do
      expect(ruby("KindeApi.eager_load!; p KindeApi.autoload?(:UsersApi)")).to eq("nil\n")
    end

    it "serve both sides after a fork" do
      use = -> { [users.get_users.users.size, users.all_users(page_size: 3).count] }
      expect(forked(&use)).to eq([4, 4])
      expect(use.call).to eq([4, 4])
      expect(forked(&use)).to eq([4, 4])
    end

    it "let other threads run while they wait" do
      users.get_users
      before = emulator.count(users_path)
      fault(users_path, hang: true, times: nil)
      asking = Array.new(8) { Thread.new { users.get_users.users.size } }
      emulator.wait_for(users_path, count: before + 8)
      expect(asking).to all(be_alive)
      emulator.post("/release")
      expect(asking.map(&:value)).to all(eq(4))
    end
  end

  it "show no secret" do
    client = KindeSdk.client(machine_tokens)
    request = KindeApi::SetUserPasswordRequest.new(hashed_password: "hunter2")
    shown = [management, users, client.users, KindeSdk.api_client("hunter2"), request, client.kinde_api_client].map(&:inspect).join
    expect(shown).not_to include("hunter2", machine_tokens["access_token"], Emulator::MACHINE[:client_secret])
  end

  it "survive bad values in every place" do
    circle = {}
    circle[:self] = circle
    bad = [nil, true, 7, 2**80, -0.5, Float::NAN, :symbol, "", "x\xFF".b, "\xC3", "x".encode("UTF-16LE"), "a\0b", "x" * 1_000_000, [nil],
           { 1 => 2 }, circle, Object.new, proc {}, BigDecimal("1"), Pathname("/"), StringIO.new, Class].freeze
    calls = [
      ->(value) { users.get_user_data(value) }, ->(value) { users.get_users(page_size: value) }, ->(value) { users.get_users(value) },
      ->(value) { users.create_user(create_user_request: value) }, ->(value) { users.update_user("kp_1", value) },
      ->(value) { users.create_user(profile: value) }, ->(value) { users.create_user(extra: value) }, ->(value) { users.all_users(value) },
      ->(value) { users.pages(value) }, ->(value) { KindeApi::UsersApi.new(value) }, ->(value) { KindeSdk::Management.new(value) },
      ->(value) { KindeApi::CreateUserRequest.new(value) }, ->(value) { KindeApi::CreateUserRequest.new(profile: value).to_hash },
      ->(value) { KindeApi::CreateUserRequest.build_from_hash(value) }, ->(value) { KindeApi::CreateUserRequest.new[value] },
      ->(value) { KindeApi::CreateConnectionRequestOptions.new(value) }, ->(value) { management.call_many { |calls| calls.users.get_users(value) } }
    ]
    fault("/api/v1/user", status: 200, times: nil, body: {}, headers: { "Content-Type" => "application/json" })
    calls.product(bad).each_with_index do |(call, value), place|
      call.call(value)
    rescue KindeSdk::Failure, ArgumentError, TypeError => e
      expect(e.message.bytesize).to be < 2000, "#{place}: #{e.message[0, 300]}"
    end
    expect(users.get_users.users).not_to be_empty
  end
end
