# frozen_string_literal: true

# The classes of the gems `jwt` and `oauth2` that existing applications rescue. They are those gems' own where the gems are
# loaded, before or after; otherwise they stand here.
module JWT
  unless const_defined?(:DecodeError, false)
    # A token that was refused.
    class DecodeError < StandardError
    end
  end
end

# See above.
module OAuth2
  unless const_defined?(:Error, false)
    # A request that an OAuth server refused.
    class Error < StandardError
      # @return [Object, nil] what the other side answered
      attr_reader :response
      # @return [String, nil] the `error` of the answer, such as "invalid_grant"
      attr_reader :code
      # @return [String, nil] the `error_description` of the answer
      attr_reader :description
    end
  end
end

module KindeSdk
  # What every error says that comes from the library.
  module Failure
    # @return [Symbol] what happened, such as `:token_expired` or `:network`; the names of `kinde_status` in small letters
    attr_reader :status
    # @return [Hash{Symbol=>Object}] all that is known: `field`, `fields`, `claim`, `oauth_code`, `oauth_description`,
    #   `http_status`, `retry_after_seconds` and what an API answered
    attr_reader :details

    # @return [String, nil] the name of the parameter or setting that is at fault; of several, the first
    def field
      details[:field]
    end

    # @return [Integer, nil] the HTTP status of the answer that the error is about
    def http_status
      details[:http_status]
    end

    # @return [Integer, nil] the seconds that the other side asks to wait before the next attempt
    def retry_after
      details[:retry_after_seconds]
    end

    # @param message [String]
    # @param status [Symbol]
    # @param details [Hash{Symbol=>Object}]
    def initialize(message = nil, status: :internal, details: {})
      # Not `super`: the gem `oauth2` gives its error an `initialize` that takes a response.
      Exception.instance_method(:initialize).bind_call(self, message)
      @status = status
      @details = details
    end
  end

  # The root of what this gem raises, but for {TokenError}, {OAuthError}, {InvalidArgumentError} and {MissingCodeError}, which
  # belong to the classes that applications rescue already. {Failure} is in all of them: `rescue KindeSdk::Failure` takes
  # everything.
  class Error < StandardError
    include Failure
  end

  # Kinde's APIs answered with an error, or calls of them could not be answered.
  class APIError < Error
    # @param message [String, nil]
    # @param status [Symbol]
    # @param details [Hash{Symbol=>Object}]
    # @param code [Integer, nil] the HTTP status, for applications that raise it in their tests
    # @param response_headers [Hash, nil]
    # @param response_body [String, nil]
    def initialize(message = nil, status: :api, details: {}, code: nil, response_headers: nil, response_body: nil)
      answer = { http_status: code, headers: response_headers, body: response_body }.compact
      super(message || (code && "HTTP status code: #{code}"), status: status, details: { **details, **answer })
    end

    # @return [Integer] the HTTP status of the answer; 0 if there was none
    def code
      http_status || 0
    end

    # @return [Hash{String=>String}] the headers of the answer, by names in small letters
    def response_headers
      (details[:headers] || {}).transform_keys(&:to_s)
    end

    # @return [String, nil] the answer as it came, without what is secret
    def response_body
      details[:body]
    end
  end

  # Nobody is signed in, or the token was refused.
  class AuthenticationError < APIError
  end

  # The user, or the application, may not do this.
  class AuthorizationError < APIError
  end

  # Too many requests; {Failure#retry_after} says when to try again.
  class RateLimitError < APIError
  end

  # A setting is wrong or missing.
  class ConfigurationError < Error
  end

  # Kinde could not be reached, or did not answer as the protocol describes.
  class NetworkError < Error
  end

  # A callback that belongs to no sign-in of this session, or is malformed.
  class CallbackError < Error
  end

  # What was kept of a session is not there or cannot be opened.
  class SessionError < Error
  end

  # The session store failed.
  class StoreError < Error
  end

  # A feature flag is not there, and no default was given.
  class FlagNotFoundError < Error
  end

  # A value that a method was given was refused.
  class InvalidArgumentError < ArgumentError
    include Failure

    # @api private
    # @return [Object] the value
    # @raise [InvalidArgumentError] that names the parameter, if the value is of none of the classes
    def self.check(field, value, *classes)
      case value
      when *classes then value
      else
        raise new("#{field}: must be a #{classes.first}, not a #{value.class}", status: :invalid_argument, details: { field: field })
      end
    end
  end

  # The parameters of a callback hold no code: the user or Kinde refused, and they say so as `error`.
  class MissingCodeError < KeyError
    include Failure
  end

  # A token that was refused, or that has expired.
  class TokenError < JWT::DecodeError
    include Failure
  end

  # The access token has expired and was not renewed.
  class TokenExpiredError < TokenError
  end

  # An exchange, a refresh or a request for a machine token failed.
  class OAuthError < OAuth2::Error
    include Failure

    # @return [String, nil] the `error` of the answer, such as "invalid_grant"
    def code
      details[:oauth_code]
    end

    # @return [String, nil] the `error_description` of the answer
    def description
      details[:oauth_description]
    end

    # @return [Answer] what is known of the answer, by the names of the gem `oauth2`: `status`, and `parsed`, a Hash
    def response
      Answer.new({ status: http_status, parsed: { "error" => code, "error_description" => description }.compact })
    end
  end
end
