# frozen_string_literal: true

module KindeSdk
  module Core
    # One user's sign-in: the sign-ins under way, then the verified tokens. Any number of threads may use it.
    #
    # Questions never use the network. When the access token has expired, {#authenticated?} answers false and the others
    # raise {TokenExpiredError}: {#ensure_fresh} renews it.
    class Session
      include Owner

      # Speaks of the access token.
      ACCESS_TOKEN = 0
      # Speaks of the ID token.
      ID_TOKEN = 1

      # Whether the place of an answer, in `@out`, may be used for the next one. A question takes it away until the answer is
      # read, because another thread, or the handler of a signal, may ask meanwhile; CRuby lets none of them in between the
      # two lines that do so.
      GIVEN_BACK = RUBY_ENGINE == "ruby"
      private_constant :GIVEN_BACK

      # Frees the library's object when Ruby collects this one.
      class Handle < OwnedPointer
        # @api private
        # @return [void]
        def self.release(pointer)
          Native.kinde_session_free(pointer)
        end
      end
      private_constant :Handle

      # @api private
      # @return [FFI::Pointer] the library's object, for questions that are asked on every request
      attr_reader :handle

      # @api private
      def initialize(pointer)
        @handle = Handle.new(pointer)
      end

      # @!group Signing in and out

      # @param parameters [Hash] authorization parameters, and `return_to`
      # @return [String] where to send the browser
      def login_url(parameters = {})
        Call.text(:kinde_session_login_url, @handle, Call.parameters(parameters))
      end

      # @param (see #login_url)
      # @return (see #login_url)
      def register_url(parameters = {})
        Call.text(:kinde_session_register_url, @handle, Call.parameters(parameters))
      end

      # @param (see #login_url)
      # @return (see #login_url)
      def create_org_url(parameters = {})
        Call.text(:kinde_session_create_org_url, @handle, Call.parameters(parameters))
      end

      # @param url_or_query [String] what the browser came back with
      # @return [Hash{Symbol=>String, nil}] `outcome` ("signed_in" or "restart"), `return_to`, `url`
      def handle_callback(url_or_query)
        Call.json(:kinde_session_handle_callback, @handle, Call.argument(url_or_query))
      end

      # Signs the application itself in.
      #
      # @return [void]
      def client_credentials(parameters = {})
        Call.plain(:kinde_session_client_credentials, @handle, Call.parameters(parameters))
      end

      # Renews the tokens, whether they are expired or not.
      #
      # @return [void]
      def refresh
        Call.plain(:kinde_session_refresh, @handle)
      end

      # Renews the tokens if the access token lives less than this many seconds.
      #
      # @param min_seconds [Integer]
      # @return [Boolean] whether new tokens came
      def ensure_fresh(min_seconds = 60)
        Call.place(:kinde_session_ensure_fresh, @handle, min_seconds) { |out| out.get_uint8(0) == 1 }
      end

      # @return [String] where to send the browser; the session has forgotten its tokens
      def logout(parameters = {})
        Call.text(:kinde_session_logout, @handle, Call.parameters(parameters))
      end

      # @!endgroup
      # @!group Keeping it

      # @return [String] the id under which {Client#load_session} finds it
      def save
        Call.text(:kinde_session_save, @handle)
      end

      # @param content [String] "all", or "claims" to leave the tokens out
      # @return [String] the whole session as one text
      def seal(content: "all")
        Call.text(:kinde_session_seal, @handle, Call.parameters(content: content))
      end

      # @return [Integer] a number that differs when the session must be kept again
      def revision
        Call.place(:kinde_session_revision, @handle) { |out| out.get_uint64(0) }
      end

      # @!endgroup
      # @!group Questions

      # @return [Boolean] whether there is a verified access token that has not expired
      def authenticated?
        Call.place(:kinde_session_is_authenticated, @handle) { |out| out.get_uint8(0) == 1 }
      end

      # @return [Integer] when the access token expires, in Unix seconds
      def expires_at
        Call.place(:kinde_session_expires_at, @handle) { |out| out.get_int64(0) }
      end

      # @return [String] to be sent to an API
      def access_token
        Call.text(:kinde_session_access_token, @handle)
      end

      # @return [Hash{Symbol=>Object}] the token set
      def tokens
        Call.json(:kinde_session_tokens, @handle)
      end

      # @return [Hash{String=>Object}] all claims of a token, as they stand in it
      def claims(token_type = ACCESS_TOKEN)
        JSON.parse(Call.text(:kinde_session_claims, @handle, token_type), max_nesting: false)
      end

      # @return [Object, nil] the value of a claim, nil if the token lacks it
      def claim(name, token_type = ACCESS_TOKEN)
        name = Call.argument(name) unless name.is_a?(String) && name.ascii_only?
        out = @out
        @out = nil
        out ||= FFI::MemoryPointer.new(:uint64)
        # Most claims are texts, which need no JSON.
        if Native.kinde_session_claim_string(@handle, name, token_type, out, nil) == 0
          text = Call.take_text(out)
          @out = out if GIVEN_BACK
          return text
        end
        JSON.parse(Call.text(:kinde_session_claim, @handle, name, token_type), max_nesting: false)["value"]
      rescue RangeError
        raise Call.out_of_range
      end

      # @return [Hash{Symbol=>String}, nil] `org_code`
      def organization
        Call.json(:kinde_session_organization, @handle)
      end

      # @return [Hash{Symbol=>Array<String>}] `org_codes`
      def organizations
        Call.json(:kinde_session_organizations, @handle)
      end

      # @return [Hash{Symbol=>String, nil}] `id`, `given_name`, `family_name`, `email`, `picture`
      def user
        Call.json(:kinde_session_user, @handle)
      end

      # @return [Hash{Symbol=>Object}] `org_code`, `permissions`
      def permissions(token_type = ACCESS_TOKEN)
        Call.json(:kinde_session_permissions, @handle, token_type)
      end

      # @return [Boolean] whether the access token grants it
      def permission_granted?(key)
        answer = Native.kinde_session_test_permission(@handle, key)
        answer >= 0 ? answer == 1 : permission?(key)
      rescue TypeError, ArgumentError
        permission?(key)
      end

      # Slower than {#permission_granted?}, of any kind of token.
      #
      # @return [Boolean]
      def permission?(key, token_type = ACCESS_TOKEN)
        Call.place(:kinde_session_has_permission, @handle, Call.argument(key), token_type) { |out| out.get_uint8(0) == 1 }
      end

      # @return [Hash{Symbol=>Object}] `org_code`, `roles`
      def roles(token_type = ACCESS_TOKEN)
        Call.json(:kinde_session_roles, @handle, token_type)
      end

      # @return [Boolean] whether the access token names it
      def role_granted?(key)
        answer = Native.kinde_session_test_role(@handle, key)
        answer >= 0 ? answer == 1 : role?(key)
      rescue TypeError, ArgumentError
        role?(key)
      end

      # Slower than {#role_granted?}, of any kind of token.
      #
      # @return [Boolean]
      def role?(key, token_type = ACCESS_TOKEN)
        Call.place(:kinde_session_has_role, @handle, Call.argument(key), token_type) { |out| out.get_uint8(0) == 1 }
      end

      # @param conditions [Hash] `permissions`, `roles`, `feature_flags`
      # @return [Boolean] whether all of them hold
      def has?(conditions)
        Call.place(:kinde_session_has, @handle, Call.parameters(conditions)) { |out| out.get_uint8(0) == 1 }
      end

      # @return [Array<Hash{Symbol=>Object}>] `key`, `type`, `value`
      def flags(token_type = ACCESS_TOKEN)
        Call.json(:kinde_session_flags, @handle, token_type).fetch(:feature_flags)
      end

      # @return [Hash{Symbol=>Object}] `code`, `type`, `value`, `is_default`
      # @raise [FlagNotFoundError]
      def flag(code, type: nil)
        text = Call.text(:kinde_session_flag, @handle, Call.argument(code), nil, type)
        JSON.parse(text, max_nesting: false).transform_keys(&:to_sym)
      end

      # @return [Boolean]
      # @raise [FlagNotFoundError]
      # @raise [InvalidArgumentError] if the flag is of another type
      def boolean_flag(code)
        answer = Native.kinde_session_test_flag(@handle, code)
        answer >= 0 ? answer == 1 : on?(code)
      rescue TypeError, ArgumentError
        on?(code)
      end

      # @return [Integer]
      # @raise (see #boolean_flag)
      def integer_flag(code)
        Call.place(:kinde_session_flag_integer, @handle, Call.argument(code), nil) { |out| out.get_int64(0) }
      end

      # @return [String]
      # @raise (see #boolean_flag)
      def string_flag(code)
        Call.text(:kinde_session_flag_string, @handle, Call.argument(code), nil)
      rescue TokenError => e
        raise unless e.status == :claim_missing

        # A text that no C string can hold.
        flag(code, type: "string").fetch(:value)
      end

      # @!endgroup
      # @!group What Kinde knows about the user now

      # Asks Kinde's Account API.
      #
      # @param what [Symbol, String] `permissions`, `roles`, `flags`, `properties`, `entitlements`, `entitlement`,
      #   `portal_url`, `user_profile` or `refresh_claims`
      # @param parameters [Hash{Symbol=>Object}] such as `page_size`
      # @return [Hash{Symbol=>Object}]
      def fetch(what, **parameters)
        Call.json(:kinde_session_fetch, @handle, what.to_s, Call.parameters(parameters.compact))
      end

      # Whether conditions hold by what Kinde says now.
      #
      # @param conditions [Hash] as {#has?} takes them, and `billing_entitlements`, `entitlements`
      # @return [Boolean]
      def fetch_has?(conditions)
        Call.place(:kinde_session_fetch_has, @handle, Call.parameters(conditions)) { |out| out.get_uint8(0) == 1 }
      end

      # Calls an operation of Kinde's APIs with the session's access token.
      #
      # @param (see Client#api_call)
      # @return (see Client#api_call)
      # @raise (see Client#api_call)
      def api_call(operation, parameters = {})
        Call.json(:kinde_session_api_call, @handle, Call.argument(operation), Call.parameters(parameters))
      end

      # @param (see Client#api_call)
      # @return (see Client#api_pages)
      # @raise (see Client#api_pages)
      def api_pages(operation, parameters = {})
        Call.handle(:kinde_session_pages_new, @handle, Call.argument(operation), Call.parameters(parameters)) do |pointer|
          Pages.new(pointer)
        end
      end

      # @!endgroup

      private

      # Where the question above found no answer: FFI took the code for no text, or there is an error to be told.
      def on?(code)
        Call.place(:kinde_session_flag_boolean, @handle, Call.argument(code), nil) { |out| out.get_uint8(0) == 1 }
      end
    end
  end
end
