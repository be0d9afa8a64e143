# frozen_string_literal: true

require "kinde_sdk"
require "openssl"
require "securerandom"

module KindeSdk
  # Signed-in users for an application's tests, without a network.
  #
  # The tokens are real ones, signed with a key that is made once for each process and handed to the library by the setting
  # `jwks`: everything behaves as it does with Kinde's own, and those of Kinde's are no longer taken in this process.
  #
  # @example In a test of anything
  #   require "kinde_sdk/testing"
  #   client = KindeSdk::Testing.sign_in(permissions: ["read:orders"])
  #
  # @example In a test over HTTP, with Rack::Test or ActionDispatch::IntegrationTest
  #   KindeSdk::Testing.sign_in(user: { email: "ada@example.com" }, permissions: ["read:orders"], into: self)
  #   get "/orders"
  module Testing
    # Who is signed in if nothing else is said.
    USER = { id: "kp_00000000000000000000000000000001", email: "test@example.com", given_name: "Test",
             family_name: "User" }.freeze
    # What the library needs to be configured, for an application whose tests configure nothing.
    SETTINGS = { domain: "https://testing.kinde.invalid", client_id: "testing",
                 callback_url: "http://localhost:3000/callback" }.freeze
    # That of {Rack::Middleware}, if nothing else is said there.
    COOKIE_NAME = "kinde_session"
    # The letters of types in tokens.
    FLAG_TYPES = { String => "s", Integer => "i", TrueClass => "b", FalseClass => "b" }.freeze
    private_constant :COOKIE_NAME, :FLAG_TYPES

    @lock = Mutex.new

    class << self
      # Signs a user in.
      #
      # @param user [Hash{Symbol=>String}] what of {USER} differs; `picture` may be said too
      # @param permissions [Array<String>]
      # @param roles [Array<String, Hash>] keys, or hashes of `id`, `key`, `name`
      # @param flags [Hash{String, Symbol=>Object}] feature flags by their codes
      # @param org_code [String, nil]
      # @param org_codes [Array<String>] the organizations that he belongs to
      # @param claims [Hash] further claims of the access token; nil removes one
      # @param expires_in [Integer] seconds that the access token lives; negative for one that has expired
      # @param into [Object, nil] what makes requests: a test with `Rack::Test::Methods`, an integration test or session of
      #   Rails, or a browser of Capybara's driver `rack_test`
      # @param cookie_name [String] what {Rack::Middleware} was told
      # @return [Client]
      def sign_in(user: {}, permissions: [], roles: [], flags: {}, org_code: nil, org_codes: [org_code].compact, claims: {},
                  expires_in: 3600, into: nil, cookie_name: COOKIE_NAME)
        configure
        tokens = tokens(user: user, permissions: permissions, roles: roles, flags: flags, org_code: org_code,
                        org_codes: org_codes, claims: claims, expires_in: expires_in)
        session = KindeSdk.verifying_client.session_from_tokens(tokens)
        keep(session, into, cookie_name) if into
        KindeSdk::Client.of(session)
      end

      # Signs whoever is signed in out, without anything being sent.
      #
      # @param into [Object] see {.sign_in}
      # @param cookie_name [String] see {.sign_in}
      # @return [void]
      def sign_out(into:, cookie_name: COOKIE_NAME)
        configure
        set_cookies(into, name: cookie_name)
      end

      # A token set, for code that takes one.
      #
      # @param (see .sign_in)
      # @return [Hash{Symbol=>Object}] `access_token`, `id_token`, `expires_at`
      def tokens(user: {}, permissions: [], roles: [], flags: {}, org_code: nil, org_codes: [org_code].compact, claims: {},
                 expires_in: 3600)
        configure
        user = USER.merge(user)
        now = Time.now.to_i
        common = { iss: issuer, sub: user[:id], azp: KindeSdk.config.client_id, iat: now + [expires_in, 0].min - 1,
                   jti: SecureRandom.uuid }
        access = { **common, aud: Array(KindeSdk.config.expected_audience), exp: now + expires_in, org_code: org_code,
                   scp: %w[openid profile email offline], permissions: permissions.map(&:to_s),
                   roles: roles.map { |role| role_of(role) }, feature_flags: flags.to_h { |code, value| [code, flag_of(value)] },
                   **claims }
        id = { **common, **user.except(:id), aud: [issuer, KindeSdk.config.client_id], exp: now + 3600, org_codes: org_codes }
        { access_token: sign(access.compact), id_token: sign(id.compact), expires_at: access[:exp] }
      end

      # @return [Hash] the set of keys with which tokens are verified, for an application that verifies some elsewhere
      def jwks
        { keys: [{ kty: "RSA", use: "sig", alg: "RS256", kid: kid, n: number(key.n), e: number(key.e) }] }
      end

      # Makes the library believe the tokens of this module. {.sign_in} and {.tokens} do it by themselves.
      #
      # @return [void]
      def configure
        config = KindeSdk.config
        SETTINGS.each { |name, value| config.public_send(:"#{name}=", value) if config.public_send(name).nil? }
        config.seal_keys ||= [seal_key]
        config.jwks = jwks unless config.jwks == jwks
      end

      private

      def issuer
        KindeSdk.config.expected_issuer || KindeSdk.config.origin
      end

      def role_of(role)
        role.is_a?(Hash) ? role : { id: role.to_s, key: role.to_s, name: role.to_s }
      end

      def flag_of(value)
        { t: FLAG_TYPES.fetch(value.class, "j"), v: value }
      end

      def sign(claims)
        text = [{ alg: "RS256", kid: kid, typ: "JWT" }, claims].map { |part| encode(JSON.generate(part)) }.join(".")
        "#{text}.#{encode(key.sign("SHA256", text))}"
      end

      def encode(bytes)
        [bytes].pack("m0").tr("+/", "-_").delete("=")
      end

      def number(integer)
        encode(integer.to_s(2))
      end

      def key
        @key || @lock.synchronize { @key ||= OpenSSL::PKey::RSA.new(2048) }
      end

      def kid
        @kid ||= OpenSSL::Digest::SHA256.hexdigest(key.public_key.to_der)[0, 32].scan(/../).join(":")
      end

      def seal_key
        @seal_key ||= SecureRandom.hex(32)
      end

      def keep(session, into, cookie_name)
        set_cookies(into, name: cookie_name, value: KindeSdk.config.store_url ? session.save : session.seal)
      end

      def set_cookies(into, **parameters)
        secure = parameters[:name].match?(/\A__(?:Host|Secure)-/)
        KindeSdk.config.core_client.split_cookie(secure: secure, **parameters).each do |cookie|
          set_cookie(cookie[:name], cookie[:value], into)
        end
      end

      def set_cookie(name, value, into)
        if into.respond_to?(:set_cookie) then into.set_cookie("#{name}=#{value}; path=/")
        elsif into.respond_to?(:cookies) then into.cookies[name] = value
        elsif into.respond_to?(:browser) then set_cookie(name, value, into.browser)
        else
          raise ArgumentError, "into: must take cookies, as a test with Rack::Test::Methods or an integration test does; " \
                               "#{into.class} does not"
        end
      end
    end
  end
end
