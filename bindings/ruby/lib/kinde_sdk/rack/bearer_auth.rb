# frozen_string_literal: true

module KindeSdk
  module Rack
    # Lets a request through if it brings an access token for this API (RFC 6750), and gives the token's claims as
    # `env["kinde.claims"]`.
    #
    # The token is taken from the `Authorization` header alone, never from the address or a form, where it would be logged
    # or come from another site. Preflight requests of browsers bring none: put the middleware for CORS before this one.
    #
    # @example
    #   use KindeSdk::Rack::BearerAuth, audience: "https://api.example.com", scopes: %w[read:orders]
    class BearerAuth
      # RFC 6750, section 2.1.
      TOKEN = %r{\ABearer +([A-Za-z0-9\-._~+/]+=*)\z}i
      # A list of credentials is what servers make of a header that was sent twice.
      ATTEMPT = /(?:\A|,)\s*Bearer(?:[\s,]|\z)/i
      # What may stand between quotes without being escaped, here and in RFC 6749.
      QUOTABLE = /\A[\x20-\x21\x23-\x5b\x5d-\x7e]+\z/
      # What makes clients come back, if the issuer did not say.
      RETRY_AFTER = 5
      private_constant :TOKEN, :ATTEMPT, :QUOTABLE, :RETRY_AFTER

      # @param app [#call]
      # @param audience [String, Array<String>, :any] what the token must be for, one of several; `:any` for an API that
      #   takes every token of the issuer, also those that were meant for another API
      # @param scopes [Array<String>] all of which the token must have
      # @param permissions [Array<String>] all of which its user must have
      # @param realm [String, nil] said in `WWW-Authenticate`
      # @raise [ConfigurationError] if there is no audience, or a text that cannot be said in a header
      def initialize(app, audience: nil, scopes: [], permissions: [], realm: nil)
        @app = app
        @scopes = checked("scopes", Array(scopes))
        @demands = { **audience_demanded(audience), scopes: @scopes,
                     permissions: checked("permissions", Array(permissions)) }.freeze
        @realm = checked("realm", Array(realm)).first
      end

      # @param env [Hash]
      # @return [Array]
      def call(env)
        header = env["HTTP_AUTHORIZATION"].to_s.b
        token = header[TOKEN, 1]
        return missing(header) unless token

        env["kinde.claims"] = verified(token)
        @app.call(env)
      rescue Refused => e
        e.answer
      end

      # The answer to a request that goes no further.
      class Refused < StandardError
        # @return [Array]
        attr_reader :answer

        # @param answer [Array]
        def initialize(answer)
          super("refused")
          @answer = answer
        end
      end
      private_constant :Refused

      private

      def missing(header)
        # RFC 6750, section 3.1: who sent no token is told nothing about errors.
        return challenge(401) unless ATTEMPT.match?(header)

        challenge(400, error: "invalid_request", error_description: "The Authorization header is not one Bearer token")
      end

      def verified(token)
        KindeSdk.config.core_client.token_claims(token, @demands)
      rescue AuthorizationError => e
        raise Refused, insufficient(e.details[:claim] == "scope" ? "The access token lacks a scope" : "The user lacks a permission")
      rescue TokenExpiredError
        raise Refused, invalid("The access token expired")
      rescue NetworkError, RateLimitError => e
        raise Refused, unavailable(e)
      rescue TokenError => e
        raise Refused, e.status == :keys_unavailable ? unavailable(e) : invalid("The access token is not valid here")
      rescue InvalidArgumentError => e
        raise unless e.status == :cancelled

        raise Refused, unavailable(e)
      end

      def invalid(description)
        challenge(401, error: "invalid_token", error_description: description)
      end

      def insufficient(description)
        challenge(403, error: "insufficient_scope", error_description: description,
                       scope: @scopes.empty? ? nil : @scopes.join(" "))
      end

      def unavailable(error)
        KindeSdk.config.logger&.error("[kinde] tokens cannot be judged: #{error.message}")
        [503, Headers.of("Retry-After" => [error.retry_after.to_i, RETRY_AFTER].max.to_s, "Cache-Control" => "no-store"), []]
      end

      def challenge(status, **parameters)
        said = { realm: @realm, **parameters }.compact.map { |name, value| %(#{name}="#{value}") }
        value = ["Bearer", said.join(", ")].reject(&:empty?).join(" ")
        [status, Headers.of("WWW-Authenticate" => value, "Cache-Control" => "no-store"), []]
      end

      # Without one of the two, the library would judge by the setting `audience`, which is that of sign-ins.
      def audience_demanded(audience)
        return { any_audience: true } if audience == :any

        audiences = Array(audience).map(&:to_s).reject(&:empty?)
        return { audience: audiences } if audiences.any?

        raise refusal("audience", "needed: without it, a token that a user gave to another API would be good for this one. Say " \
                                  "`audience: :any` to take such tokens")
      end

      def checked(name, texts)
        texts.map(&:to_s).each do |text|
          raise refusal(name, "cannot be said in a header: #{text.inspect}") unless QUOTABLE.match?(text)
        end
      end

      def refusal(field, message)
        ConfigurationError.new("#{field}: #{message}", status: :config, details: { field: field })
      end
    end
  end
end
