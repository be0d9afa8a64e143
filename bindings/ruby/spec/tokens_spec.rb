# frozen_string_literal: true

RSpec.describe "Tokens that the application keeps" do
  describe "KindeSdk.validate_jwt_token" do
    it "gives back good tokens" do
      tokens = sign_in
      expect(KindeSdk.validate_jwt_token(tokens)).to be(tokens)
    end

    it "names the token that it refuses" do
      good = sign_in
      forged = emulator.mint(sign: "foreign")
      expect { KindeSdk.validate_jwt_token("access_token" => forged) }
        .to raise_error(JWT::DecodeError, "Invalid Access token") { |error| expect(error.status).to eq(:signature) }
      expect { KindeSdk.validate_jwt_token(access_token: good[:access_token], id_token: "x") }
        .to raise_error(JWT::DecodeError, "Invalid Id token")
    end

    %w[none hs256 garbage empty].each do |signature|
      it "refuses a token signed with #{signature}" do
        expect { KindeSdk.validate_jwt_token(access_token: emulator.mint(sign: signature)) }.to raise_error(JWT::DecodeError)
      end
    end

    it "does not take an ID token for an access token" do
      expect { KindeSdk.validate_jwt_token(access_token: emulator.mint(template: "id")) }.to raise_error(JWT::DecodeError)
    end

    it "refuses tokens of another client, and of two users" do
      expect { KindeSdk.validate_jwt_token(access_token: emulator.mint(claims: { azp: "another" })) }
        .to raise_error(JWT::DecodeError, "Invalid Access token") { |error| expect(error.status).to eq(:authorized_party) }
      others = emulator.mint(template: "id", email: "grace@example.com")
      expect { KindeSdk.validate_jwt_token(access_token: emulator.mint, id_token: others) }
        .to raise_error(JWT::DecodeError) { |error| expect(error.status).to eq(:subject) }
    end

    it "does not take nothing for good" do
      [{}, nil, { refresh_token: "x" }].each do |tokens|
        expect { KindeSdk.validate_jwt_token(tokens) }
          .to raise_error(KindeSdk::AuthenticationError, "Missing access_token in token hash")
      end
      store = KindeSdk::TokenManager.create_store({ refresh_token: "x" })
      expect(KindeSdk::TokenManager.validate_tokens(store)).to be(false)
    end

    it "takes an ID token that is older than the access token, which a refresh may leave" do
      kept = { access_token: emulator.mint, id_token: emulator.mint(template: "id", claims: { at_hash: "A" * 22 }) }
      expect(KindeSdk.validate_jwt_token(kept)).to eq(kept)
      expect(KindeSdk.client(kept).get_user_details[:id]).to start_with("kp_")
    end

    it "enforces the expected issuer" do
      token = emulator.mint
      configure(expected_issuer: "https://elsewhere.example")
      expect { KindeSdk.validate_jwt_token(access_token: token) }
        .to raise_error(JWT::DecodeError) { |error| expect(error.status).to eq(:issuer) }
    end

    it "enforces the expected audience" do
      good = emulator.mint(audience: ["https://api.example.com"])
      configure(expected_audience: "https://api.example.com")
      expect(KindeSdk.validate_jwt_token(access_token: good)).to eq(access_token: good)
      expect { KindeSdk.validate_jwt_token(access_token: emulator.mint(claims: { aud: ["https://other.example"] })) }
        .to raise_error(JWT::DecodeError) { |error| expect(error.status).to eq(:audience) }
      expect { KindeSdk.client({ access_token: emulator.mint(claims: { aud: ["https://other.example"] }) }) }
        .to raise_error(JWT::DecodeError, "Invalid Access token")
    end
  end

  describe "KindeSdk.token_expired?" do
    it "looks at the access token alone" do
      fresh = emulator.mint
      expired = emulator.mint(claims: { exp: Time.now.to_i - 3600 })
      expect(KindeSdk.token_expired?({ "access_token" => fresh, "expires_at" => 1 })).to be(false)
      expect(KindeSdk.token_expired?({ access_token: expired, expires_at: Time.now.to_i + 3600 })).to be(true)
      stale_id = emulator.mint(template: "id", claims: { exp: Time.now.to_i - 3600 })
      expect(KindeSdk.token_expired?({ access_token: fresh, id_token: stale_id })).to be(false)
    end

    it "raises for a bad token, and for none" do
      expect { KindeSdk.token_expired?({ access_token: emulator.mint(sign: "foreign") }) }
        .to raise_error(JWT::DecodeError, "Invalid Access token")
      expect { KindeSdk.token_expired?({}) }
        .to raise_error(KindeSdk::AuthenticationError, "Missing access_token in token hash")
    end

    it "raises a StandardError if the keys cannot be fetched" do
      token = emulator.mint
      configure(domain: "http://127.0.0.1:1", expected_issuer: emulator.url)
      expect { KindeSdk.token_expired?({ access_token: token }) }
        .to raise_error(StandardError) { |error| expect(error).to be_a(KindeSdk::NetworkError) }
    end
  end

  describe "KindeSdk.refresh_token" do
    it "gives new tokens with strings as keys" do
      tokens = sign_in
      renewed = KindeSdk.refresh_token(tokens)
      expect(renewed.keys).to include("access_token", "refresh_token", "expires_at")
      expect(renewed[:refresh_token]).not_to eq(tokens[:refresh_token])
      renewed[:scope] = "openid"
      expect(renewed.keys.grep(/scope/)).to eq(["scope"])
      expect(KindeSdk.client(renewed).token_expired?).to be(false)
    end

    it "raises an error of OAuth and changes nothing when Kinde refuses" do
      tokens = sign_in
      emulator.post("/tokens/revoke", { email: "ada@example.com" })
      before = tokens.to_h
      expect { KindeSdk.refresh_token(tokens) }.to raise_error(OAuth2::Error) { |error| expect(error.code).to eq("invalid_grant") }
      expect(tokens.to_h).to eq(before)
    end

    it "says what is missing when there is no refresh token" do
      expect { KindeSdk.refresh_token({ access_token: emulator.mint }) }.to raise_error(OAuth2::Error, /refresh_token.*offline/)
    end
  end

  describe KindeSdk::Client do
    it "renews the tokens of its store" do
      client = KindeSdk.client(sign_in)
      former = client.tokens_hash[:refresh_token]
      renewed = client.refresh_token
      expect(client.tokens_hash[:refresh_token]).to eq(renewed["refresh_token"])
      expect(renewed["refresh_token"]).not_to eq(former)
      expect(client.bearer_token).to eq(renewed[:access_token])
    end

    it "keeps its tokens when a refresh fails" do
      client = KindeSdk.client(sign_in)
      former = client.tokens_hash.dup
      emulator.post("/faults", { path: "/oauth2/token", status: 503, times: nil })
      expect(client.refresh_token).to be_nil
      expect(client.tokens_hash).to eq(former)
      expect(logged).to include("not renewed")
      emulator.control(:delete, "/faults")
      expect(client.refresh_token).to have_key("access_token")
    end

    it "goes on with its tokens when Kinde refuses the refresh token" do
      client = KindeSdk.client(sign_in)
      former = client.tokens_hash.dup
      emulator.post("/tokens/revoke", { email: "ada@example.com" })
      expect(client.refresh_token).to be_nil
      expect(client.tokens_hash).to eq(former)
      expect(client.permission_granted?("read:todos")).to be(true)
      expect(client.expires_at).to eq(former[:expires_at])
      expired = emulator.mint(claims: { exp: Time.now.to_i - 3600 })
      client = KindeSdk.client({ **former.except(:id_token), access_token: expired })
      expect(client.token_expired?).to be(true)
      expect { client.permission_granted?("read:todos") }.to raise_error(KindeSdk::AuthenticationError, /no longer accepts/)
    end

    it "renews an expired access token when it is made" do
      tokens = sign_in
      expired = emulator.mint(claims: { exp: Time.now.to_i - 3600 })
      client = KindeSdk.client({ access_token: expired, refresh_token: tokens[:refresh_token] })
      expect(client.token_expired?).to be(false)
      expect(client.get_token).not_to eq(expired)
      expect(client.expires_at).to be > Time.now.to_i
    end

    it "does not when it is told not to" do
      tokens = sign_in
      expired = emulator.mint(claims: { exp: Time.now.to_i - 3600 })
      client = KindeSdk.client({ access_token: expired, refresh_token: tokens[:refresh_token] }, false)
      expect(client.token_expired?).to be(true)
      expect { client.get_claim("sub") }.to raise_error(JWT::DecodeError) { |error| expect(error.status).to eq(:token_expired) }
      client.refresh_token
      expect(client.get_claim("sub")).to include(name: "sub")
    end

    it "does not either where it asks Kinde, unless that is allowed later" do
      expired = emulator.mint(claims: { exp: Time.now.to_i - 3600 })
      client = KindeSdk.client({ access_token: expired, refresh_token: sign_in[:refresh_token] }, false)
      before = emulator.count("/oauth2/token")
      expect { client.user_permissions }.to raise_error(KindeSdk::AuthenticationError, /Invalid or expired token/)
      expect(emulator.count("/oauth2/token")).to eq(before)
      client.auto_refresh_tokens = true
      expect(client.user_permissions.data.permissions).not_to be_empty
      expect(client.bearer_token).not_to eq(expired)
    end

    it "does not renew what was renewed meanwhile" do
      expired = emulator.mint(claims: { exp: Time.now.to_i - 3600 })
      client = KindeSdk.client({ access_token: expired, refresh_token: sign_in[:refresh_token] }, false)
      client.auto_refresh_tokens = true
      before = emulator.count("/oauth2/token")
      allow(KindeSdk::Core::Native).to receive(:kinde_session_permissions).and_wrap_original do |ask, *arguments|
        # As if another thread were in time between the question and what follows.
        ask.call(*arguments).tap { client.refresh_token if client.token_expired? }
      end
      expect(client.get_permissions[:permissions]).to include("read:todos")
      expect(emulator.count("/oauth2/token")).to eq(before + 1)
    end

    it "raises for bad tokens" do
      expect { KindeSdk.client("access_token" => emulator.mint(sign: "foreign")) }
        .to raise_error(JWT::DecodeError, "Invalid Access token")
      expect { KindeSdk.client({ access_token: emulator.mint, id_token: emulator.mint(template: "id", sign: "foreign") }) }
        .to raise_error(JWT::DecodeError, "Invalid Id token") { |error| expect(error.field).to eq("id_token") }
      expect { KindeSdk.client({}) }.to raise_error(KindeSdk::AuthenticationError, "Missing access_token in token hash")
      expect { KindeSdk.client(nil) }.to raise_error(KindeSdk::AuthenticationError, "Missing access_token in token hash")
      expect { KindeSdk.client("a token") }.to raise_error(ArgumentError, /Hash/)
    end

    it "shows no token when it is inspected" do
      client = KindeSdk.client(sign_in)
      expect(client.inspect + client.token_store.inspect).not_to include(client.bearer_token)
    end
  end

  describe KindeSdk::TokenManager do
    it "renews a store and a web session" do
      session = {}
      store = described_class.create_store(sign_in)
      expect(described_class.refresh_tokens(store, session)).to have_key(:access_token)
      expect(session[:kinde_token_store]).to eq(access_token: store.bearer_token, refresh_token: store.tokens[:refresh_token],
                                                expires_at: store.expires_at)
    end

    it "answers nil and keeps everything when a refresh fails" do
      store = described_class.create_store(sign_in)
      session = { kinde_token_store: store.to_session }
      former = store.tokens.dup
      emulator.post("/faults", { path: "/oauth2/token", status: 503, times: nil })
      expect(described_class.refresh_tokens(store, session)).to be_nil
      expect(store.tokens).to eq(former)
      expect(session[:kinde_token_store]).to eq(store.to_session)
      expect(logged).to include("not renewed")
    end

    it "judges and clears a store" do
      store = described_class.create_store(sign_in)
      session = { kinde_token_store: store.to_session }
      expect(described_class.validate_tokens(store)).to be(true)
      expect(described_class.token_expired?(store)).to be(false)
      described_class.clear_tokens(store, session)
      expect(session).to be_empty
      expect(described_class.validate_tokens(store)).to be(false)
      expect(described_class.token_expired?(store)).to be(true)
    end
  end
end
