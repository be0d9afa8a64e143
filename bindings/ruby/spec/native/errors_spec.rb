# frozen_string_literal: true

require_relative "../support/header"

RSpec.describe "Errors of the library" do
  statuses = Header.new.statuses

  # The class of each family of statuses, and of those that differ from their family.
  families = { 1 => KindeSdk::InvalidArgumentError, 2 => KindeSdk::ConfigurationError, 3 => KindeSdk::NetworkError,
               4 => KindeSdk::OAuthError, 5 => KindeSdk::CallbackError, 6 => KindeSdk::TokenError, 7 => KindeSdk::TokenError,
               8 => KindeSdk::SessionError, 9 => KindeSdk::Error }
  single = { rate_limited: KindeSdk::RateLimitError, api: KindeSdk::APIError, token_expired: KindeSdk::TokenExpiredError,
             flag_not_found: KindeSdk::FlagNotFoundError, flag_type: KindeSdk::InvalidArgumentError,
             insufficient_scope: KindeSdk::AuthorizationError,
             not_authenticated: KindeSdk::AuthenticationError, store: KindeSdk::StoreError, keys_unavailable: KindeSdk::NetworkError,
             conflict: KindeSdk::StoreError }

  statuses.reject { |name, _| name == :ok }.each do |name, number|
    it "#{name} have a class that applications know" do
      found = KindeSdk::Core::Call.send(:class_of, number, {})
      expect(found).to be(single.fetch(name) { families.fetch(number / 100) })
      expect(found.ancestors).to include(KindeSdk::Failure, StandardError)
      expect(KindeSdk::Core::Native.kinde_status_name(number).downcase.to_sym).to eq(name)
    end
  end

  it "of APIs differ by the HTTP status" do
    classes = [401, 403, 404, 429, 500].map { |status| KindeSdk::Core::Call.send(:class_of, 409, { http_status: status }) }
    expect(classes).to eq([KindeSdk::AuthenticationError, KindeSdk::AuthorizationError, KindeSdk::APIError,
                           KindeSdk::RateLimitError, KindeSdk::APIError])
  end

  it "unknown to this gem have a class too" do
    expect(KindeSdk::Core::Call.send(:class_of, 998, {})).to be(KindeSdk::Error)
  end

  it "of tokens, OAuth and arguments are of the classes that applications rescue" do
    expect(KindeSdk::TokenError).to be < JWT::DecodeError
    expect(KindeSdk::OAuthError).to be < OAuth2::Error
    expect(KindeSdk::InvalidArgumentError).to be < ArgumentError
  end

  describe "occur" do
    let(:core) { KindeSdk.config.core_client }

    def exchange(core = self.core)
      core.exchange_code(code: "c", code_verifier: "v" * 43)
    end

    def faulty(**fault)
      emulator.post("/faults", { path: "/oauth2/token", **fault })
    end

    {
      "1xx" => [:invalid_argument, ->(core) { core.authorization_url(prompt: 1) }],
      "2xx" => [:config, ->(_) { KindeSdk::Core::Client.new(domain: "") }],
      "4xx" => [:invalid_grant, ->(core) { core.exchange_code(code: "c", code_verifier: "v" * 43) }],
      "5xx" => [:state_mismatch, ->(core) { core.new_session.handle_callback("state=x&code=y") }],
      "6xx" => [:signature, ->(core, forged) { core.verify_token(forged) }],
      "7xx" => [:token_malformed, ->(core) { core.verify_token("x") }],
      "8xx" => [:not_authenticated, ->(core) { core.new_session.permission?("x") }]
    }.each do |family, (status, call)|
      it "from #{family}" do
        arguments = [core, emulator.mint(sign: "foreign")].first(call.arity)
        expect { call.call(*arguments) }.to raise_error(KindeSdk::Failure) { |error|
          expect(error.status).to eq(status)
          expect(error).to be_a(families.fetch(family.to_i)) | be_a(KindeSdk::AuthenticationError)
          expect(error.details).to include(name: status.to_s.upcase, status: statuses.fetch(status))
          expect(error.message).to be_valid_encoding
        }
      end
    end

    it "on the way" do
      faulty(drop: true, times: nil)
      expect { exchange }.to raise_error(KindeSdk::NetworkError) { |error| expect(error.status).to eq(:network) }
      emulator.control(:delete, "/faults")
      faulty(hang: true, times: nil)
      expect { exchange(core.derive(timeout_ms: 100)) }
        .to raise_error(KindeSdk::NetworkError) { |error| expect(error.status).to eq(:timeout) }
    end

    it "with what the other side said" do
      faulty(status: 429, times: nil, headers: { "Retry-After" => "7" }, body: { error: "slow" })
      expect { exchange(core.derive(timeout_ms: 500)) }.to raise_error(KindeSdk::RateLimitError) { |error|
        expect(error.retry_after).to eq(7)
        expect(error.http_status).to eq(429)
      }
    end

    it "with all fields that are wrong" do
      expect { core.authorization_url(prompt: 1, org_code: []) }.to raise_error(ArgumentError) { |error|
        expect(error.details[:fields].map { |field| field[:field] }).to contain_exactly("prompt", "org_code")
        expect(error.field).to eq("prompt") | eq("org_code")
      }
    end
  end
end
