# frozen_string_literal: true

module KindeSdk
  module Core
    # One application at Kinde: checked settings, never changed. Any number of threads may use it, and forked processes
    # too. Clients of the same issuer share connections and keys, so making one costs microseconds.
    class Client
      include Owner

      # Frees the library's object when Ruby collects this one.
      class Handle < OwnedPointer
        # @api private
        # @return [void]
        def self.release(pointer)
          Native.kinde_client_free(pointer)
        end
      end

      # An authorization request as the library writes it, up to each of its texts.
      BEFORE_TEXTS = ['{"url":"', '","state":"', '","nonce":"', '","code_verifier":"'].freeze
      # How many of many calls the library is given at once, at least.
      FEWEST_CALLS = 100
      private_constant :Handle, :BEFORE_TEXTS, :FEWEST_CALLS

      # @param environment [Boolean] whether the environment's KINDE_DOMAIN, KINDE_CLIENT_ID and so on count for what
      #   `settings` do not say
      # @param settings [Hash{Symbol=>Object}] by the names of the library, such as `domain`, `client_id`, `redirect_uri`
      # @raise [ConfigurationError] whose details name every setting that is wrong or missing
      def initialize(environment: false, **settings)
        Core.check_ractor
        config = Native.kinde_config_new
        Call.plain(:kinde_config_load_env, config) if environment
        Call.plain(:kinde_config_load_json, config, Call.parameters(settings.compact))
        Call.handle(:kinde_client_new, config) { |pointer| own(pointer) }
      ensure
        Native.kinde_config_free(config) if config
      end

      # @param overrides [Hash{Symbol=>Object}] settings that differ
      # @return [Client]
      # @raise [ConfigurationError]
      def derive(**overrides)
        Call.handle(:kinde_client_derive, @handle, Call.parameters(overrides.compact)) do |pointer|
          self.class.allocate.tap { |client| client.own(pointer) }
        end
      end

      # Fetches the issuer's keys ahead of time.
      #
      # @return [void]
      def prepare
        Call.plain(:kinde_client_prepare, @handle)
      end

      # @return [Hash{Symbol=>Object}] numbers for a dashboard
      def stats
        Call.json(:kinde_client_stats, @handle)
      end

      # @param parameters [Hash] authorization parameters, such as `org_code`, `prompt`, `scope`
      # @return [Hash{Symbol=>String, nil}] `url`, `state`, `nonce`, `code_verifier`
      def authorization_url(parameters = {})
        parameters = Call.parameters(parameters)
        places = Call.take_places
        status = Native.kinde_authorization_url(@handle, parameters, places.out, places.error)
        raise Call.error(places.error) unless status == 0

        text = Call.take_text(places.out)
        Call.give_back(places)
        texts_of(text) || Call.parse(text)
      end

      # @return [Hash{Symbol=>Object}] the token set
      def exchange_code(parameters)
        Call.json(:kinde_exchange_code, @handle, Call.parameters(parameters))
      end

      # @return [Hash{Symbol=>Object}] the token set
      def refresh_tokens(parameters)
        Call.json(:kinde_refresh_tokens, @handle, Call.parameters(parameters))
      end

      # @return [Hash{Symbol=>Object}] the token set
      def client_credentials(parameters = {})
        Call.json(:kinde_client_credentials, @handle, Call.parameters(parameters))
      end

      # @return [String] where to send the browser to end the sign-in at Kinde
      def logout_url(parameters = {})
        Call.json(:kinde_logout_url, @handle, Call.parameters(parameters)).fetch(:url)
      end

      # @return [void]
      def revoke_token(parameters)
        Call.text(:kinde_revoke_token, @handle, Call.parameters(parameters))
        nil
      end

      # @return [Hash{Symbol=>Object}]
      def introspect_token(parameters)
        Call.json(:kinde_introspect_token, @handle, Call.parameters(parameters))
      end

      # @return [Hash{Symbol=>Object}] the profile as Kinde answers it
      def user_profile(parameters)
        Call.json(:kinde_user_profile, @handle, Call.parameters(parameters))
      end

      # @return [Hash{Symbol=>Object}]
      def device_start(parameters = {})
        Call.json(:kinde_device_start, @handle, Call.parameters(parameters))
      end

      # @return [Hash{Symbol=>Object}] the token set
      def device_poll(parameters)
        Call.json(:kinde_device_poll, @handle, Call.parameters(parameters))
      end

      # Verifies a token without giving its claims.
      #
      # @param token [String]
      # @param options [Hash] `type`, `audience`, `any_audience`, `scopes`, `permissions`, `nonce`, `access_token`, `wait`
      # @return [void]
      # @raise [TokenError]
      def verify_token(token, options = nil)
        token = Call.argument(token) unless token.is_a?(String) && token.ascii_only?
        options &&= Call.parameters(options)
        places = Call.take_places
        status = Native.kinde_verify_token(@handle, token, options, nil, places.error)
        raise Call.error(places.error) unless status == 0

        Call.give_back(places)
      end

      # Verifies a token and gives its claims as they stand in it, by strings.
      #
      # @param (see #verify_token)
      # @return [Hash{String=>Object}]
      # @raise (see #verify_token)
      def token_claims(token, options = nil)
        text = Call.text(:kinde_verify_token, @handle, Call.argument(token), options && Call.parameters(options))
        JSON.parse(text, max_nesting: false)
      end

      # Calls an operation of the Management API with the application's machine token, which is obtained and renewed by itself.
      #
      # @param operation [String, Symbol] a name of {Core.catalogue}, or "request"
      # @param parameters [Hash] as `kinde_api_call` takes them
      # @return [Hash{Symbol=>Object}] `status`, `headers`, `data`
      # @raise [APIError]
      # @raise [InvalidArgumentError] whose details name everything that is wrong, before anything is sent
      def api_call(operation, parameters = {})
        Call.json(:kinde_api_call, @handle, Call.argument(operation), Call.parameters(parameters))
      end

      # Makes many calls, a few at a time.
      #
      # @param parameters [Hash] `calls`, a list of `{operation:, params:}`, and `concurrency`
      # @return [Hash{Symbol=>Object}] `results`, in the order of the calls, and `failures`, a list of `{index:, error:}`
      # @raise [InvalidArgumentError] if one of the calls cannot be JSON; then none is made
      def api_call_many(parameters)
        size, parts = parts_of(parameters)
        parts.each_with_index.with_object({ results: [], failures: [] }) do |(part, number), outcome|
          made = Call.json(:kinde_api_call_many, @handle, part)
          outcome[:results].concat(made[:results])
          outcome[:failures].concat(made[:failures].each { |failure| failure[:index] += number * size })
        end
      end

      # @param (see #api_call)
      # @return [Pages] of an operation that answers with a list
      # @raise [InvalidArgumentError]
      def api_pages(operation, parameters = {})
        Call.handle(:kinde_pages_new, @handle, Call.argument(operation), Call.parameters(parameters)) { |pointer| Pages.new(pointer) }
      end

      # Verifies the body of a request from Kinde.
      #
      # @param body [String]
      # @return [Hash{Symbol=>Object}] `type`, `event_id`, `timestamp`, `source`, `data`; `ip_address` and `event_timestamp` where
      #   Kinde says them; and `duplicate`: whether {#webhook_done} was called for this event
      # @raise [TokenError] if it is no webhook of Kinde, or too old
      # @raise [StoreError] if nobody knows now whether the event was handled; answer with 503, and Kinde sends it again
      def webhook_decode(body)
        Call.json(:kinde_webhook_decode, @handle, Call.argument(body), nil)
      end

      # Notes that an event was handled.
      #
      # @param event_id [String]
      # @return [void]
      # @raise [StoreError]
      def webhook_done(event_id)
        Call.plain(:kinde_webhook_done, @handle, Call.argument(event_id))
      end

      # @return [Session] in which nobody is signed in
      def new_session
        Call.handle(:kinde_session_new, @handle) { |pointer| Session.new(pointer) }
      end

      # @param tokens [Hash] a token set; only `access_token` is required
      # @return [Session]
      # @raise [TokenError]
      def session_from_tokens(tokens)
        Call.handle(:kinde_session_from_tokens, @handle, Call.parameters(tokens)) { |pointer| Session.new(pointer) }
      end

      # @param id [String] what {Session#save} gave
      # @return [Session]
      # @raise [SessionError] if there is none
      def load_session(id)
        Call.handle(:kinde_session_load, @handle, Call.argument(id)) { |pointer| Session.new(pointer) }
      end

      # @param sealed [String] what {Session#seal} gave
      # @return [Session]
      # @raise [SessionError] if it cannot be opened
      def open_session(sealed)
        Call.handle(:kinde_session_open, @handle, Call.argument(sealed)) { |pointer| Session.new(pointer) }
      end

      # @param id [String]
      # @return [void]
      def delete_session(id)
        Call.plain(:kinde_session_delete, @handle, Call.argument(id))
      end

      # Ends all kept sessions of one user.
      #
      # @param sub [String] the user's id
      # @return [void]
      def revoke_sessions(sub)
        Call.plain(:kinde_sessions_revoke, @handle, Call.argument(sub))
      end

      # @param parameters [Hash] as `kinde_cookie_split` takes them
      # @return [Array<Hash{Symbol=>Object}>] the cookies to set
      def split_cookie(parameters)
        Call.json(:kinde_cookie_split, @handle, Call.parameters(parameters)).fetch(:cookies)
      end

      # @param parameters [Hash] as `kinde_cookie_join` takes them
      # @return [Hash{Symbol=>Object}] `value` and `parts`
      def join_cookies(parameters)
        Call.json(:kinde_cookie_join, @handle, Call.parameters(parameters))
      end

      protected

      def own(pointer)
        @handle = Handle.new(pointer)
      end

      private

      # Many calls in parts, between which a thread may be told to end: none is while the library is called.
      #
      # @return [Array] how many calls a part has, and the parts as the library takes them
      def parts_of(parameters)
        calls, concurrency = parameters.values_at(:calls, :concurrency) if parameters.is_a?(Hash)
        size = concurrency.is_a?(Integer) ? (10 * concurrency).clamp(FEWEST_CALLS, 10_000) : FEWEST_CALLS
        return [size, [Call.parameters(parameters)]] unless calls.is_a?(Array) && calls.size > size

        [size, calls.each_slice(size).map { |some| Call.parameters({ **parameters, calls: some }) }]
      rescue InvalidArgumentError
        # Of all together, because it names the place among them.
        Call.parameters(parameters)
        raise
      end

      # Reads an authorization request without a parser, which would cost as much as making it.
      #
      # @return [Hash{Symbol=>String}, nil] nil if it takes a parser
      def texts_of(json)
        return if json.include?("\\")

        place = 0
        url, state, nonce, code_verifier = BEFORE_TEXTS.map do |before|
          return unless json[place, before.size] == before

          start = place + before.size
          place = json.index('"', start)
          json[start, place - start]
        end
        { url: url, state: state, nonce: nonce, code_verifier: code_verifier }
      end
    end
  end
end
