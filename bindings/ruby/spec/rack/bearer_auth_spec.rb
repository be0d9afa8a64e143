# frozen_string_literal: true

require "rack"
require "rack/test"

RSpec.describe KindeSdk::Rack::BearerAuth do
  let(:audience) { "https://api.example.com" }

  # @return [Rack::MockResponse] the answer to a request with this header
  def ask(authorization, path: "/", env: {}, **options)
    inner = ->(request) { [200, { "Content-Type" => "text/plain" }, [request["kinde.claims"]["sub"].to_s]] }
    app = Rack::Lint.new(described_class.new(inner, audience: audience, **options))
    env = env.merge("HTTP_AUTHORIZATION" => authorization.b) if authorization
    Rack::MockRequest.new(app).get(path, env)
  end

  def token(audience: ["https://api.example.com"], **options)
    emulator.mint(audience: audience, **options)
  end

  def challenge(answer)
    answer["WWW-Authenticate"]
  end

  it "lets a request with a token through, and gives the claims" do
    answer = ask("Bearer #{token}")
    expect(answer.status).to eq(200)
    expect(answer.body).to start_with("kp_")
    expect(ask("bearer #{token}").status).to eq(200)
  end

  it "takes tokens of other applications, which a session would not" do
    expect(ask("Bearer #{token(client_id: "emulator_spa")}").status).to eq(200)
    expect(ask("Bearer #{token(template: "m2m", client_id: "emulator_m2m")}").status).to eq(200)
  end

  describe "no token" do
    [nil, "", "Basic YTpi", "Digest a=\"b, c\"", "Bearerx y"].each do |header|
      it "answers 401 without an error code to #{header.inspect}" do
        answer = ask(header, realm: "orders")
        expect(answer.status).to eq(401)
        expect(challenge(answer)).to eq('Bearer realm="orders"')
      end
    end

    it "says no more than the scheme when there is no realm" do
      expect(challenge(ask(nil))).to eq("Bearer")
    end

    it "is what a token in the address or in a form is" do
      expect(ask(nil, path: "/?access_token=#{token}").status).to eq(401)
      form = { "CONTENT_TYPE" => "application/x-www-form-urlencoded", :input => "access_token=#{token}" }
      expect(ask(nil, env: form).status).to eq(401)
    end
  end

  ["Bearer", "Bearer ", "Bearer a b", "Bearer a,Bearer b", "Bearer a, Bearer b", "Basic YTpi, Bearer a", "Bearer a\"b",
   "Bearer \xff", "Bearer =a", "Bearer a\nb"].each do |header|
    it "answers 400 to #{header.inspect}" do
      answer = ask(header)
      expect(answer.status).to eq(400)
      expect(challenge(answer)).to start_with('Bearer error="invalid_request"')
    end
  end

  describe "a token that is not valid" do
    {
      "expired" => { claims: { exp: 1 } },
      "of another audience" => { audience: ["https://other.example"] },
      "without an audience" => { audience: [] },
      "of another issuer" => { claims: { iss: "https://elsewhere.example" } },
      "forged" => { sign: "foreign" },
      "unsigned" => { sign: "none" },
      "of another kind" => { template: "id" }
    }.each do |what, options|
      it "gets 401 when it is #{what}" do
        answer = ask("Bearer #{token(**options)}", scopes: %w[openid])
        expect(answer.status).to eq(401)
        expect(challenge(answer)).to match(/\ABearer error="invalid_token", error_description="[^"]+"\z/)
      end
    end

    it "says that it expired" do
      expect(challenge(ask("Bearer #{token(claims: { exp: 1 })}"))).to include("expired")
    end

    it "gets 401 when it is no token at all" do
      expect(ask("Bearer abc").status).to eq(401)
      expect(ask("Bearer #{"a" * 1_000_000}").status).to eq(401)
    end

    it "is not echoed" do
      forged = token(sign: "foreign")
      expect(ask("Bearer #{forged}").headers.to_s + logged).not_to include(forged[0, 40])
    end
  end

  describe "scopes and permissions" do
    it "answers 403, and says the scopes" do
      answer = ask("Bearer #{token(scope: "openid read:orders")}", scopes: %w[read:orders write:orders], realm: "r")
      expect(answer.status).to eq(403)
      expect(challenge(answer)).to eq('Bearer realm="r", error="insufficient_scope", ' \
                                      'error_description="The access token lacks a scope", scope="read:orders write:orders"')
    end

    it "takes them as a list, and as a text" do
      expect(ask("Bearer #{token(claims: { scp: %w[a b] })}", scopes: "a").status).to eq(200)
      expect(ask("Bearer #{token(claims: { scp: nil, scope: "a b" })}", scopes: %w[a b]).status).to eq(200)
      expect(ask("Bearer #{token(claims: { scp: "a b", scope: nil })}", scopes: %w[a]).status).to eq(403)
    end

    it "demands permissions" do
      expect(ask("Bearer #{token}", permissions: %w[read:todos]).status).to eq(200)
      answer = ask("Bearer #{token}", permissions: %w[read:todos launch:rockets])
      expect(answer.status).to eq(403)
      expect(challenge(answer)).to eq('Bearer error="insufficient_scope", error_description="The user lacks a permission"')
      expect(ask("Bearer #{token(claims: { permissions: nil })}", permissions: "read:todos").status).to eq(403)
      expect(ask("Bearer #{token(claims: { permissions: nil, "x-hasura-permissions": ["h"] })}", permissions: "h").status).to eq(200)
    end
  end

  describe "when the keys cannot be fetched" do
    it "answers 503, to try again later" do
      good = token
      emulator.post("/faults", { path: "/.well-known/jwks.json", status: 503, times: nil })
      # Another issuer as far as the keys that are at hand go.
      configure(domain: emulator.url.sub("127.0.0.1", "localhost"), expected_issuer: emulator.url)
      answer = ask("Bearer #{good}")
      expect(answer.status).to eq(503)
      expect(answer["Retry-After"].to_i).to be_positive
      expect(answer["WWW-Authenticate"]).to be_nil
      expect(logged).to include("cannot be judged")
    end
  end

  describe "the audience" do
    it "must be said" do
      [nil, "", []].each do |none|
        expect { described_class.new(->(_) {}, audience: none) }.to raise_error(KindeSdk::ConfigurationError, /audience/)
      end
      expect { described_class.new(->(_) {}) }.to raise_error(KindeSdk::ConfigurationError, /audience: :any/)
    end

    context "when it is :any" do
      let(:audience) { :any }

      it "is not judged" do
        expect(ask("Bearer #{token(audience: ["https://other.example"])}").status).to eq(200)
        expect(ask("Bearer #{token(audience: [])}").status).to eq(200)
        expect(ask("Bearer #{token(claims: { aud: "https://other.example" })}").status).to eq(200)
        expect(ask("Bearer #{token(sign: "foreign")}").status).to eq(401)
        expect(ask("Bearer #{token(claims: { aud: [7] })}").status).to eq(401)
        expect(ask("Bearer a.b.c").status).to eq(401)
      end
    end

    context "when there are several" do
      let(:audience) { %w[https://a.example https://api.example.com] }

      it "may be one of them" do
        expect(ask("Bearer #{token}").status).to eq(200)
      end
    end
  end

  it "refuses to start with what cannot be said in a header" do
    expect { described_class.new(->(_) {}, audience: "a", realm: "a\"b") }.to raise_error(KindeSdk::ConfigurationError, /realm/)
    expect { described_class.new(->(_) {}, audience: "a", scopes: ["a\r\nb"]) }.to raise_error(KindeSdk::ConfigurationError, /scopes/)
  end
end
