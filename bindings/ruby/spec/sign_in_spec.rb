# frozen_string_literal: true

require "pp"

RSpec.describe "Signing in" do
  def query(url)
    URI.decode_www_form(URI(url).query).to_h
  end

  describe "KindeSdk.auth_url" do
    it "gives the URL and what to keep" do
      request = KindeSdk.auth_url
      expect(request.keys).to eq(%i[url state nonce code_verifier])
      expect(query(request[:url])).to include("state" => request[:state], "nonce" => request[:nonce],
                                              "client_id" => "emulator_web", "redirect_uri" => Emulator::CALLBACK_URL,
                                              "scope" => "openid offline email profile", "code_challenge_method" => "S256")
    end

    it "keeps the secrets out of the URL" do
      request = KindeSdk.auth_url
      expect(request[:url]).not_to include(request[:code_verifier])
      expect(request[:url]).not_to include(Emulator::WEB[:client_secret])
    end

    it "gives no code verifier when PKCE is off" do
      configure(pkce_enabled: false)
      request = KindeSdk.auth_url
      expect(request.keys).to eq(%i[url state nonce])
      expect(query(request[:url]).keys).not_to include("code_challenge")
    end

    it "takes a domain, credentials and an address for one call" do
      url = KindeSdk.auth_url(domain: "https://other.kinde.com", client_id: "other", redirect_uri: "https://b.example/cb")[:url]
      expect(url).to start_with("https://other.kinde.com/oauth2/auth?")
      expect(query(url)).to include("client_id" => "other", "redirect_uri" => "https://b.example/cb")
    end

    it "sends the parameters that it is given" do
      url = KindeSdk.auth_url(org_code: "org_acme", scope: "openid", audience: "https://api.example.com")[:url]
      expect(query(url)).to include("org_code" => "org_acme", "scope" => "openid", "audience" => "https://api.example.com")
    end

    it "uses the application's own state and nonce" do
      request = KindeSdk.auth_url(state: "a state & more", nonce: "mine/1234")
      expect(query(request[:url])).to include("state" => "a state & more", "nonce" => "mine/1234")
      expect(request).to include(state: "a state & more", nonce: "mine/1234")
    end

    it "never does without a state and a nonce" do
      request = KindeSdk.auth_url(state: "", nonce: nil)
      expect(query(request[:url]).values_at("state", "nonce")).to eq(request.values_at(:state, :nonce))
      expect(request.values_at(:state, :nonce).map(&:size)).to all(be >= 43)
    end

    it "sends start_page: registration as prompt=create" do
      parameters = query(KindeSdk.auth_url(org_code: "org_acme", start_page: "registration")[:url])
      expect(parameters).to include("prompt" => "create")
      expect(parameters).not_to include("start_page")
    end

    it "hands on parameters that the library does not know" do
      expect(query(KindeSdk.auth_url(theme: "dark")[:url])).to include("theme" => "dark")
    end

    it "refuses what must not go through a browser" do
      expect { KindeSdk.auth_url(client_assertion: "x", org_code: "org_acme") }
        .to raise_error(KindeSdk::InvalidArgumentError, /client_assertion/)
    end

    it "says all that is wrong with the settings at once, by their names here" do
      configure(domain: nil, client_id: nil, callback_url: "here", expected_issuer: "x")
      expect { KindeSdk.auth_url }.to raise_error(KindeSdk::ConfigurationError, /callback_url: .+; /) { |error|
        expect(error.details[:fields].map { |field| field[:field] })
          .to contain_exactly("domain", "client_id", "callback_url", "expected_issuer")
        expect(error.message).not_to match(/redirect_uri|(?<!expected_)issuer:/)
        expect(error.field).to eq("domain")
      }
    end

    it "takes parameters as Rails gives them" do
      request = KindeSdk.auth_url("state" => "s" * 43, "org_code" => "org_acme", "theme" => "dark")
      expect(query(request[:url])).to include("state" => "s" * 43, "org_code" => "org_acme", "theme" => "dark")
      expect(request[:state]).to eq("s" * 43)
    end

    it "keeps to the credentials of each call, though the caller changes their texts afterwards" do
      client_id = +"first"
      KindeSdk.auth_url(client_id: client_id)
      client_id.replace("second")
      expect(query(KindeSdk.auth_url(client_id: client_id)[:url])).to include("client_id" => "second")
      expect(query(KindeSdk.auth_url(client_id: "first")[:url])).to include("client_id" => "first")
      expect(KindeSdk.config.instance_variable_get(:@clients).keys).to contain_exactly({ client_id: "first" }, { client_id: "second" })
    end

    it "has the documented names for other pages" do
      expect(query(KindeSdk.login_url[:url])).not_to include("prompt")
      expect(query(KindeSdk.register_url[:url])).to include("prompt" => "create")
      expect(query(KindeSdk.create_org_url(org_name: "New")[:url]))
        .to include("prompt" => "create", "is_create_org" => "true", "org_name" => "New")
    end
  end

  describe "KindeSdk.fetch_tokens" do
    it "gives tokens by symbol and by string" do
      tokens = sign_in
      expect(tokens.keys).to include(:access_token, :id_token, :refresh_token, :expires_at, :scope, :token_type)
      expect(tokens["access_token"]).to eq(tokens[:access_token])
      expect(tokens.slice(:access_token, :refresh_token).keys).to eq(%i[access_token refresh_token])
      expect(tokens.slice("access_token")[:access_token]).to eq(tokens[:access_token])
    end

    it "gives a part of them by either kind of name" do
      tokens = sign_in
      expect(tokens.except("id_token", :scope).keys).to eq(tokens.keys - %i[id_token scope])
      expect(tokens.except("id_token")["refresh_token"]).to eq(tokens[:refresh_token])
    end

    it "takes the code alone, and the verifier without its name" do
      request = KindeSdk.auth_url
      code = emulator.callback(request[:url]).fetch("code")
      expect(KindeSdk.fetch_tokens(code, request[:code_verifier])).to have_key(:access_token)
    end

    it "takes parameters with symbols as keys" do
      request = KindeSdk.auth_url
      params = emulator.callback(request[:url]).transform_keys(&:to_sym)
      expect(KindeSdk.fetch_tokens(params, code_verifier: request[:code_verifier])).to have_key(:access_token)
    end

    it "works without PKCE, with the nonce" do
      configure(pkce_enabled: false)
      expect(sign_in).to have_key(:access_token)
    end

    it "demands the nonce without PKCE" do
      configure(pkce_enabled: false)
      code = emulator.callback(KindeSdk.auth_url[:url]).fetch("code")
      expect { KindeSdk.fetch_tokens(code) }.to raise_error(KindeSdk::InvalidArgumentError, /nonce/)
    end

    it "refuses an ID token of another sign-in" do
      request = KindeSdk.auth_url
      params = emulator.callback(request[:url])
      expect { KindeSdk.fetch_tokens(params, code_verifier: request[:code_verifier], nonce: "another one") }
        .to raise_error(JWT::DecodeError) { |error| expect(error.status).to eq(:nonce) }
    end

    it "raises an error of OAuth when Kinde refuses" do
      request = KindeSdk.auth_url
      expect { KindeSdk.fetch_tokens("bad code", code_verifier: request[:code_verifier]) }
        .to raise_error(OAuth2::Error) { |error|
          expect(error.code).to eq("invalid_grant")
          expect(error.description).to be_a(String)
          expect(error.response[:status]).to eq(400)
        }
    end

    it "raises an error of OAuth when Kinde cannot be reached" do
      configure(domain: "http://127.0.0.1:1")
      expect { KindeSdk.fetch_tokens("code", "v" * 43) }
        .to raise_error(OAuth2::Error) { |error| expect(error.status).to eq(:network) }
    end

    it "takes tokens of the audience that the sign-in asked for" do
      audience = "https://api.example.com"
      tokens = sign_in(audience: audience)
      expect(KindeSdk.client(tokens).get_claim("aud")[:value]).to eq([audience])
      expect(KindeSdk.validate_jwt_token(tokens)).to eq(tokens)
      expect(KindeSdk.refresh_token(tokens)).to have_key("access_token")
    end

    it "enforces the expected audience" do
      audience = "https://api.example.com"
      configure(expected_audience: audience)
      tokens = sign_in(audience: audience)
      expect(KindeSdk.client(tokens).get_claim("aud")[:value]).to eq([audience])
      expect(KindeSdk.refresh_token(tokens)).to have_key("access_token")
      expect { sign_in }.to raise_error(JWT::DecodeError)
    end

    it "raises KeyError for a callback without a code" do
      expect { KindeSdk.fetch_tokens({ "error" => "access_denied" }) }
        .to raise_error(KeyError, /key not found: "code"/) { |error| expect(error).to be_a(KindeSdk::Failure) }
    end

    it "shows no token when it is inspected" do
      tokens = sign_in
      expect(tokens.inspect + tokens.to_s + PP.pp(tokens, +"")).not_to include(tokens[:access_token])
    end
  end

  describe "KindeSdk.logout_url" do
    it "leads back to the application" do
      expect(KindeSdk.logout_url).to eq("#{emulator.url}/logout?redirect=http%3A%2F%2Flocalhost%3A3000%2F")
    end

    it "takes another address and domain, and keeps a port" do
      expect(KindeSdk.logout_url(logout_url: "https://b.example/", domain: "https://other.kinde.com:8443"))
        .to eq("https://other.kinde.com:8443/logout?redirect=https%3A%2F%2Fb.example%2F")
    end

    {
      nil => "domain is required for logout_url",
      "" => "domain is required for logout_url",
      "ftp://example.com" => "invalid scheme in domain: ftp://example.com (only http/https allowed)",
      "https://" => "invalid domain format: https://",
      "https://a b" => "invalid domain format: https://a b"
    }.each do |domain, text|
      it "refuses the domain #{domain.inspect}" do
        expect { KindeSdk.logout_url(domain: domain) }.to raise_error(ArgumentError, text) { |error|
          expect(error).to be_a(KindeSdk::Failure) & have_attributes(field: "domain")
        }
      end
    end
  end

  describe "KindeSdk.client_credentials_access" do
    it "gives what Kinde answers" do
      answer = KindeSdk.client_credentials_access(**Emulator::MACHINE, audience: "https://api.example.com")
      expect(answer.keys).to include("access_token", "expires_in", "token_type")
    end

    it "asks for the Management API's audience by itself" do
      # Not what is sent: the library may keep such a token from an earlier test.
      token = KindeSdk.client_credentials_access(**Emulator::MACHINE)["access_token"]
      expect(KindeSdk.config.core_client.token_claims(token, { any_audience: true })["aud"]).to eq(["#{emulator.url}/api"])
    end

    it "does so for a domain without a scheme, and with a slash at its end" do
      allow_any_instance_of(KindeSdk::Core::Client).to receive(:client_credentials) { |_, audience:| { scope: audience } }
      expect(KindeSdk.client_credentials_access(domain: "example.kinde.com/")).to eq("scope" => "https://example.kinde.com/api")
    end

    it "gives an error as Kinde answers it" do
      answer = KindeSdk.client_credentials_access(**Emulator::MACHINE, client_secret: "wrong")
      expect(answer).to include("error" => "invalid_client")
    end

    it "raises if Kinde cannot be reached" do
      expect { KindeSdk.client_credentials_access(**Emulator::MACHINE, domain: "http://127.0.0.1:1") }
        .to raise_error(KindeSdk::NetworkError)
    end
  end
end
