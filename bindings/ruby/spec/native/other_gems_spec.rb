# frozen_string_literal: true

# Applications that were written for the gems `jwt` and `oauth2` rescue the classes of these, whether the gems are still
# there or not.
RSpec.describe "Beside the gems jwt and oauth2" do
  stand_ins = File.expand_path("../fixtures", __dir__)
  orders = {
    "loaded before" => %w[jwt oauth2 kinde_sdk],
    "loaded after" => %w[kinde_sdk jwt oauth2],
    "loaded around it" => %w[jwt kinde_sdk oauth2],
    "absent" => %w[kinde_sdk]
  }.freeze

  def outcome(order, stand_ins, code)
    ruby(<<~RUBY, "-W", "-I", stand_ins, require: order).strip
      #{settings_code}
      #{code}
    RUBY
  end

  it "classes of the application by the same names do not matter" do
    expect(ruby(<<~RUBY, require: []).strip).to eq("OAuth2::Error, JWT::DecodeError")
      class Error < StandardError; end
      class DecodeError < StandardError; end
      require "kinde_sdk"
      puts [KindeSdk::OAuthError.superclass, KindeSdk::TokenError.superclass].join(", ")
    RUBY
  end

  it "parts of the standard library are loaded as before" do
    %w[uri/generic logger].each do |library|
      expect(ruby("$VERBOSE = true; $stderr = $stdout; require #{library.dump}; print :loaded")).to eq("loaded")
    end
  end

  it "loads what it needs of the standard library itself" do
    expect(ruby(<<~RUBY, require: []).lines.last).to eq("true\n")
      require "kinde_sdk"
      #{settings_code}
      KindeSdk.configure { |c| c.logout_url = "https://a.example" }
      KindeSdk.config.logger.warn("x")
      puts KindeSdk.logout_url.include?("a.example") && KindeSdk.auth_url(state: "a b")[:url].include?("state=a+b")
    RUBY
  end

  orders.each do |name, order|
    describe name do
      it "a token that is refused is rescued as JWT::DecodeError" do
        forged = emulator.mint(sign: "foreign")
        expect(outcome(order, stand_ins, <<~RUBY)).to eq("Invalid Access token, signature, true")
          begin
            KindeSdk.validate_jwt_token("access_token" => #{forged.dump})
          rescue JWT::DecodeError => e
            puts [e.message, e.status, e.is_a?(StandardError)].join(", ")
          end
        RUBY
      end

      it "an expired token is rescued as JWT::DecodeError" do
        expired = emulator.mint(claims: { exp: Time.now.to_i - 3600 })
        expect(outcome(order, stand_ins, <<~RUBY)).to eq("token_expired")
          begin
            KindeSdk.client({ access_token: #{expired.dump} }, false).get_claim("sub")
          rescue JWT::DecodeError => e
            puts e.status
          end
        RUBY
      end

      it "a failed exchange is rescued as OAuth2::Error, with its code, description and response" do
        expect(outcome(order, stand_ins, <<~RUBY)).to match(/\Ainvalid_grant, .+, 400, 400, invalid_grant, .+\z/)
          begin
            KindeSdk.fetch_tokens("a code", code_verifier: "v" * 43)
          rescue OAuth2::Error => e
            puts [e.code, e.description, e.response.status, e.response[:status], e.response.parsed["error"], e.message].join(", ")
          end
        RUBY
      end

      it "a request that got no answer is one too, without a code" do
        expect(outcome(order, stand_ins, <<~RUBY)).to eq("nil, network")
          begin
            KindeSdk.refresh_token({ refresh_token: "x" }, domain: "http://127.0.0.1:1")
          rescue OAuth2::Error => e
            puts [e.code.inspect, e.status].join(", ")
          end
        RUBY
      end

      next if name == "absent"

      it "their own errors are raised and rescued as before" do
        expect(outcome(order, stand_ins, <<~RUBY)).to eq("expired, invalid_client, no, true")
          said = []
          begin
            raise JWT::ExpiredSignature, "expired"
          rescue JWT::DecodeError => e
            said << e.message
          end
          begin
            raise OAuth2::Error.new(OAuth2::Response.new({ "error" => "invalid_client", "error_description" => "no" }, "body"))
          rescue OAuth2::Error => e
            said << e.code << e.description << e.response.is_a?(OAuth2::Response)
          end
          puts said.join(", ")
        RUBY
      end
    end
  end
end
