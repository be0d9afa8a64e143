# frozen_string_literal: true

module KindeSdk
  # The settings of an application, by the names that {KindeSdk.configure} documents.
  #
  # Those of the library that have no name here, such as `timeout_ms` or `proxy`, are set with {#set}. Nothing is checked
  # before it is used; then everything that is wrong is reported at once. Settings may be changed at any time, by one
  # thread; calls under way go on with the former ones.
  class Configuration
    # How many clients of the library are kept; an application that names credentials per call has a few.
    MAX_CLIENTS = 64
    private_constant :MAX_CLIENTS

    # By a name here, the setting of the library.
    @library_names = {}

    class << self
      # @api private
      # @return [Hash{Symbol=>Symbol}]
      attr_reader :library_names

      private

      def setting(name, library_name = nil, reader: true)
        library_names[name] = library_name if library_name
        attr_reader name if reader

        define_method(:"#{name}=") do |value|
          instance_variable_set(:"@#{name}", frozen_copy(value))
          forget_clients
        end
      end
    end

    # @!attribute [rw] domain
    #   @return [String] such as "https://example.kinde.com"
    setting :domain, :domain
    # @!attribute [rw] client_id
    #   @return [String]
    setting :client_id, :client_id
    # @!attribute [rw] client_secret
    #   @return [String, nil]
    setting :client_secret, :client_secret
    # @!attribute [rw] callback_url
    #   @return [String] where Kinde sends the browser after the sign-in
    setting :callback_url, :redirect_uri
    # @!attribute [rw] logout_url
    #   @return [String, nil] where Kinde sends the browser after the sign-out
    setting :logout_url, :logout_redirect_uri
    # @!attribute [rw] management_domain
    #   @return [String, nil] Kinde's own host, where the domain is one of the application's; the Management API is there
    setting :management_domain, :management_domain
    # @!attribute [rw] management_client_id
    #   @return [String, nil] of the application that asks the Management API, if it is another one
    setting :management_client_id, :management_client_id
    # @!attribute [rw] management_client_secret
    #   @return [String, nil] its secret
    setting :management_client_secret, :management_client_secret
    # @!attribute [rw] scope
    #   @return [String] texts separated by spaces
    setting :scope, :scope
    # @!attribute [rw] authorize_url
    #   @return [String] a path on the domain, or a whole URL
    setting :authorize_url, :authorization_endpoint
    # @!attribute [rw] token_url
    #   @return [String] a path on the domain, or a whole URL
    setting :token_url, :token_endpoint
    # @!attribute [rw] jwks_url
    #   @return [String] a path on the domain, or a whole URL
    setting :jwks_url, :jwks_url
    # @!attribute [rw] jwks
    #   @return [Hash, nil] the issuer's keys, for an application that must not fetch them
    setting :jwks, :jwks
    # @!attribute [rw] expected_issuer
    #   @return [String, nil] the `iss` of tokens; without it, the domain
    setting :expected_issuer, :issuer
    # @!attribute [rw] expected_audience
    #   @return [String, Array<String>, nil] audiences of which an access token must name one
    setting :expected_audience
    # @!attribute [rw] pkce_enabled
    #   @return [Boolean] (true) whether the code of a sign-in is bound to who began it (RFC 7636)
    setting :pkce_enabled, :pkce
    # @!attribute [rw] auto_refresh_tokens
    #   @return [Boolean] (true) whether an expired access token is renewed by itself
    setting :auto_refresh_tokens, :auto_refresh
    # @!attribute [rw] force_api
    #   @return [Boolean] (false) whether questions of {Client} go to Kinde's Account API instead of the token
    setting :force_api
    # @!attribute [rw] debugging
    #   @return [Boolean] (false) whether the library's messages about each call are logged too
    setting :debugging
    # @!attribute [rw] business_name
    #   @return [String, nil] the name of the business; without it, the first label of the domain
    setting :business_name, reader: false
    # @!attribute [rw] seal_keys
    #   @return [Array<String>, nil] secrets that seal sessions, of at least 32 random bytes each: the first seals, all open
    setting :seal_keys, :seal_keys
    # @!attribute [rw] store_url
    #   @return [String, nil] where sessions are kept on the server: "memory:" or "redis://…"; without it, they are sealed
    #     and the browser carries them
    setting :store_url, :store_url
    # @!attribute [rw] return_origins
    #   @return [Array<String>, nil] origins beside the application's own to which a user may be sent after the sign-in
    setting :return_origins, :return_origins
    # @!attribute [rw] legacy_session_keys
    #   @return [Boolean] (false) whether the Rails engine also writes `session[:kinde_token_store]`, as the former gem did.
    #     It holds tokens, and with many permissions it does not fit into a cookie
    setting :legacy_session_keys
    # @!attribute [rw] client_credentials_route
    #   @return [Boolean, #call] (false) whether the Rails engine's page `client_credentials_auth` exists, which gets a token
    #     for the application itself: false for nobody, true for every user who is signed in, or what answers this when it is
    #     called with the user's {Client}
    setting :client_credentials_route

    # @return [Logger, nil] where the library's messages go; in Rails to its logger, otherwise to standard output
    attr_writer :logger

    def initialize
      @scope = "openid offline email profile"
      @authorize_url = "/oauth2/auth"
      @token_url = "/oauth2/token"
      @jwks_url = "/.well-known/jwks.json"
      @pkce_enabled = true
      @auto_refresh_tokens = true
      @force_api = false
      @debugging = false
      @legacy_session_keys = false
      @client_credentials_route = false
      @more = {}
      @lock = Mutex.new
      forget_clients
    end

    # Sets one of the library's settings that has no name of its own here.
    #
    # @param name [Symbol, String] such as `:timeout_ms`
    # @param value [Object]
    # @return [void]
    # @raise [InvalidArgumentError] if the name is none
    def set(name, value)
      name = InvalidArgumentError.check("name", name, Symbol, String).to_sym
      @more = @more.merge(name => frozen_copy(value))
      forget_clients
    rescue EncodingError
      raise InvalidArgumentError.new("name: must be UTF-8", status: :invalid_utf8, details: { field: "name" })
    end

    # @return [Logger, nil]
    def logger
      return @logger if defined?(@logger)

      (defined?(::Rails.logger) && ::Rails.logger) || standard_logger
    end

    # @return [String, nil]
    def business_name
      @business_name || domain.to_s[%r{\A(?:https?://)?([^./:]+)}, 1]
    end

    # @return [Hash{Symbol=>Object}] the settings by the names of the library
    def library_settings
      named = self.class.library_names.to_h { |name, library_name| [library_name, public_send(name)] }
      { framework: "Ruby/#{VERSION}", **named, **@more }.compact
    end

    # The library's client of these settings. Each is made once.
    #
    # @param overrides [Hash{Symbol=>Object}] settings that differ, by the names of the library
    # @return [Core::Client]
    # @raise [ConfigurationError] whose details name every setting that is wrong or missing
    def core_client(**overrides)
      clients = @clients
      # Most calls override nothing, and looking for nil is much cheaper than looking for an empty Hash.
      key = overrides unless overrides.empty?
      clients[key] || @lock.synchronize do
        Core.check_ractor
        clients.clear if clients.size >= MAX_CLIENTS
        clients[frozen_copy(key)] ||= Core::Client.new(**library_settings, **overrides)
      end
    rescue ConfigurationError => e
      raise in_own_names(e)
    end

    # Which audience tokens must have where no session keeps what a sign-in asked for: the expected one, or any.
    #
    # @return [Hash{Symbol=>Object}] by the names of the library
    def audience_demanded
      return { audience: expected_audience } if expected_audience

      @more.key?(:audience) ? {} : { any_audience: true }
    end

    # @param domain [String, nil] with its scheme or without
    # @return [String] with it, and without a slash at the end
    def origin(domain = self.domain)
      text = Core::Call.argument(domain).strip
      (text.include?("://") ? text : "https://#{text}").chomp("/")
    end

    # @return [String]
    def inspect
      "#<#{self.class} domain=#{domain.inspect} client_id=#{client_id.inspect}>"
    end

    private

    # The error by the names that the application knows.
    def in_own_names(error)
      names = self.class.library_names.invert
      fields = error.details.fetch(:fields, []).map { |field| { **field, field: names.fetch(field[:field].to_sym, field[:field]).to_s } }
      return error if fields.empty?

      ConfigurationError.new(fields.map { |field| "#{field[:field]}: #{field[:message]}" }.join("; "),
                             status: error.status, details: { **error.details, fields: fields, field: fields.first[:field] })
    end

    def standard_logger
      require "logger"
      @standard_logger ||= ::Logger.new($stdout)
    end

    def forget_clients
      @clients = {}
    end

    def frozen_copy(value)
      case value
      when String then value.dup.freeze
      when Array then value.map { |member| frozen_copy(member) }.freeze
      when Hash then value.transform_values { |member| frozen_copy(member) }.freeze
      else value
      end
    end
  end
end
