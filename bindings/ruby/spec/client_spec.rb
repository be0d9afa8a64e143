# frozen_string_literal: true

RSpec.describe KindeSdk::Client do
  describe "#get_claim" do
    it "gives the name and the value" do
      client = client_with({ list: ["a"], number: 7, text: "é", object: { "k" => 1 } })
      expect(client.get_claim("list")).to eq(name: "list", value: ["a"])
      expect(client.get_claim("number")).to eq(name: "number", value: 7)
      expect(client.get_claim("text")).to eq(name: "text", value: "é")
      expect(client.get_claim("object")).to eq(name: "object", value: { "k" => 1 })
    end

    it "gives a claim that is false" do
      expect(client_with({ trial: false }).get_claim("trial")).to eq(name: "trial", value: false)
    end

    it "gives nil for what is not there" do
      client = client_with
      expect(client.get_claim("absent")).to be_nil
      expect(client.get_claim("email", :id_token)).to be_nil
    end

    it "reads the ID token" do
      client = client_with({}, id_claims: { email: "x@example.com" })
      expect(client.get_claim("email", :id_token)).to eq(name: "email", value: "x@example.com")
    end

    it "refuses another kind of token" do
      expect { client_with.get_claim("sub", :refresh_token) }.to raise_error(ArgumentError, /token_type/)
    end
  end

  describe "permissions" do
    let(:client) { client_with({ permissions: ["create:todos", "read:todos"], org_code: "org_acme" }) }

    it "answers" do
      expect(client.get_permissions).to eq(org_code: "org_acme", permissions: ["create:todos", "read:todos"])
      expect(client.get_permission("read:todos")).to eq(org_code: "org_acme", is_granted: true)
      expect(client.get_permission("delete:todos")).to eq(org_code: "org_acme", is_granted: false)
      expect(client.permission_granted?("read:todos")).to be(true)
      expect(client.permission_granted?(:"read:todos")).to be(true)
      expect(client.permission_granted?("delete:todos")).to be(false)
      expect(client.get_permissions_legacy).to eq(["create:todos", "read:todos"])
    end

    it "takes a kind of token as a symbol or as an option" do
      client = client_with({ permissions: ["a"] }, id_claims: { permissions: ["b"] })
      expect(client.get_permissions(:id_token)[:permissions]).to eq(["b"])
      expect(client.permission_granted?("b", token_type: :id_token)).to be(true)
      expect(client.permission_granted?("b", :access_token)).to be(false)
    end

    it "has none when the claim is missing" do
      client = client_with({ permissions: nil })
      expect(client.get_permissions[:permissions]).to eq([])
      expect(client.permission_granted?("x")).to be(false)
    end

    it "reads what Kinde writes for Hasura" do
      client = client_with({ permissions: nil, org_code: nil, "x-hasura-permissions": ["h"], "x-hasura-org-code": "org_h" })
      expect(client.get_permissions).to eq(org_code: "org_h", permissions: ["h"])
    end
  end

  describe "roles" do
    it "gives them as hashes" do
      client = client_with({ roles: [{ id: "r1", key: "admin", name: "Admin" }] })
      expect(client.get_roles).to eq([{ id: "r1", key: "admin", name: "Admin" }])
      expect(client.has_roles?("admin")).to be(true)
      expect(client.has_roles?(%w[admin viewer])).to be(false)
    end

    it "takes roles that are texts" do
      expect(client_with({ roles: ["admin"] }).get_roles).to eq([{ id: nil, key: "admin", name: "admin" }])
    end

    it "holds when none is asked for" do
      client = client_with({ roles: nil })
      expect(client.has_roles?([])).to be(true)
      expect(client.has_roles?(nil)).to be(true)
    end
  end

  describe "feature flags" do
    let(:client) do
      client_with({ feature_flags: { asd: { t: "b", v: true }, off: { t: "b", v: false }, eeeeee: { t: "i", v: 111 },
                                     qqq: { t: "s", v: "aa" }, obj: { t: "o", v: { "k" => [1] } } } })
    end

    it "answers as documented" do
      expect(client.get_flag("asd")).to eq(code: "asd", is_default: false, type: "boolean", value: true)
      expect(client.get_flag("eeeeee")).to eq(code: "eeeeee", is_default: false, type: "integer", value: 111)
      expect(client.get_flag("qqq")).to eq(code: "qqq", is_default: false, type: "string", value: "aa")
      expect(client.get_flag("obj")).to eq(code: "obj", is_default: false, type: "object", value: { "k" => [1] })
      expect(client.get_flag("undefined", { default_value: true })).to eq(code: "undefined", is_default: true, value: true)
      expect(client.get_flag("undefined", { default_value: 111 }, "i")[:value]).to eq(111)
    end

    it "raises for a flag that is not there" do
      text = "This flag was not found, and no default value has been provided"
      expect { client.get_flag("undefined") }.to raise_error(StandardError, text)
      expect { client.get_boolean_flag("undefined") }.to raise_error(StandardError, text)
      expect { client.get_string_flag("undefined") }.to raise_error(StandardError, text)
      expect { client.get_integer_flag("undefined") }.to raise_error(StandardError, text)
    end

    it "raises for another type" do
      text = "Flag eeeeee value type is different from requested type"
      expect { client.get_boolean_flag("eeeeee") }.to raise_error(ArgumentError, text)
      expect { client.get_string_flag("eeeeee") }.to raise_error(ArgumentError, text)
      expect { client.get_flag("eeeeee", {}, "b") }.to raise_error(ArgumentError, text)
      expect { client.get_integer_flag("undefined", "true") }
        .to raise_error(ArgumentError, "Flag undefined value type is different from requested type")
      expect { client.get_flag("flag", { default_value: 1 }, "s") }.to raise_error(ArgumentError)
    end

    it "gives values" do
      expect(client.get_boolean_flag("asd")).to be(true)
      expect(client.get_boolean_flag("off")).to be(false)
      expect(client.get_boolean_flag("off", true)).to be(false)
      expect(client.get_boolean_flag("undefined", false)).to be(false)
      expect(client.get_integer_flag("eeeeee")).to eq(111)
      expect(client.get_integer_flag("undefined", 123)).to eq(123)
      expect(client.get_string_flag("qqq")).to eq("aa")
      expect(client.get_string_flag("undefined", "111")).to eq("111")
      expect(client_with({ feature_flags: { nul: { t: "s", v: "a\0b" } } }).get_string_flag("nul")).to eq("a\0b")
    end

    it "lists them" do
      expect(client.get_flags).to include({ key: "asd", type: "boolean", value: true }, { key: "qqq", type: "string", value: "aa" })
      expect(client_with({ feature_flags: nil }).get_flags).to eq([])
    end

    it "judges conditions" do
      expect(client.has_feature_flags?("asd")).to be(true)
      expect(client.has_feature_flags?(%w[asd undefined])).to be(false)
      expect(client.has_feature_flags?([{ flag: "qqq", value: "aa" }, "asd"])).to be(true)
      expect(client.has_feature_flags?({ flag: "eeeeee", value: "111" })).to be(false)
      expect(client.has_feature_flags?([])).to be(true)
      expect(client.has_feature_flags?(nil)).to be(true)
    end
  end

  describe "the user" do
    it "is described" do
      client = KindeSdk.client(sign_in)
      expect(client.get_user_details).to include(given_name: "Ada", email: "ada@example.com", id: /\Akp_/)
      expect(client.get_organization).to eq(org_code: "org_acme")
      expect(client.get_user_organizations).to eq(org_codes: %w[org_acme org_globex])
    end

    it "has no organizations without an ID token" do
      expect(client_with.get_user_organizations).to eq(org_codes: [])
    end
  end

  it "has the documented names in camel case" do
    names = %i[getClaim getPermission getPermissions getAllPermissions permissionGranted? getRoles hasRoles getFlag getFlags
               getBooleanFlag getStringFlag getIntegerFlag hasFeatureFlags getUserDetails getOrganization
               getUserOrganizations getToken refreshToken tokenExpired?]
    expect(names.reject { |name| client_with.respond_to?(name) }).to be_empty
  end

  it "goes by the documented names of KindeApi" do
    expect(KindeApi::Client).to be(described_class)
    tokens = sign_in
    expect(KindeApi.client(tokens)).to be_a(described_class)
    expect(KindeApi.token_expired?(tokens)).to be(false)
    expect(KindeApi.refresh_token(tokens)).to have_key("access_token")
    request = KindeSdk.auth_url
    code = emulator.callback(request[:url]).fetch("code")
    expect(KindeApi.fetch_tokens(code, code_verifier: request[:code_verifier])).to have_key(:access_token)
  end
end
