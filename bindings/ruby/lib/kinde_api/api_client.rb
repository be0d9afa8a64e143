# frozen_string_literal: true

module KindeApi
  # What a call of an API needs: the access token, and where to send it. The token is sent as it is, and judged by Kinde alone.
  class ApiClient
    # @return [KindeSdk::Configuration]
    attr_reader :config

    class << self
      # @return [ApiClient] with the application's machine token, which is obtained and renewed by itself
      def default
        of(KindeSdk.config) { KindeSdk.config.core_client }
      end

      # @api private
      # @yieldreturn [#api_call, #api_pages] what calls
      def of(config, &caller)
        allocate.tap { |client| client.send(:take, config, caller) }
      end

      # @api private
      # @return [Exception] the failure of a call as its caller knows it: one class, also if nobody could be asked
      def failure(error)
        nobody = error.is_a?(KindeSdk::TokenError) || error.is_a?(KindeSdk::AuthenticationError)
        return error unless nobody || error.is_a?(KindeSdk::NetworkError)
        return error if error.is_a?(KindeSdk::APIError) && error.http_status

        # Whom no token vouches for, Kinde answers with 401.
        code = error.http_status || (401 if nobody)
        KindeSdk::Core::Call.api_class(code).new(error.message, status: error.status, details: { **error.details, http_status: code })
      end
    end

    # @param bearer_token [String]
    # @param config [KindeSdk::Configuration]
    def initialize(bearer_token, config = KindeSdk.config)
      take(config, -> { @session ||= session_of(bearer_token) })
    end

    # Calls an operation by its name.
    #
    # @param operation [String, Symbol] such as "get_users"
    # @param parameters [Hash{Symbol=>Object}]
    # @return [Array<Object>] what Kinde answered, nil if nothing; the HTTP status; and the headers, by names in small letters
    # @raise [ApiError]
    # @raise [ArgumentError] that names everything that is wrong, before anything is sent
    def call(operation, parameters = {})
      parameters = Conversion.plain(parameters)
      answer = asked { @caller.call.api_call(operation, parameters) }
      [KindeSdk::Answer.of(answer[:data]), answer[:status], answer[:headers].transform_keys(&:to_s)]
    end

    # @api private
    # @return [#call] what gives the next page of a list, nil at its end
    def pages(operation, parameters)
      parameters = Conversion.plain(parameters)
      pages = asked { @caller.call.api_pages(operation, parameters) }
      -> { asked { pages.next } }
    end

    # Asks for any path under `/api/` or `/account_api/`, such as one that is newer than this gem.
    #
    # @param path [String]
    # @param method [String, Symbol]
    # @param query [Hash, nil]
    # @param body [Object, nil]
    # @return (see #call)
    # @raise (see #call)
    def request(path, method: "GET", query: nil, body: nil)
      parameters = { path: path, method: KindeSdk::Core::Call.argument(method).upcase, query: query, body: body }
      call("request", parameters.compact)
    end

    # @return [String] without the token
    def inspect
      "#<#{self.class} domain=#{config.domain.inspect}>"
    end

    private

    def take(config, caller)
      @config = config
      @caller = caller
    end

    def session_of(bearer_token)
      config.core_client(access_token_format: "opaque", auto_refresh: false).session_from_tokens({ access_token: bearer_token })
    end

    def asked
      yield
    rescue KindeSdk::Failure => e
      raise ApiClient.failure(e)
    end
  end
end
