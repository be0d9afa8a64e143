# frozen_string_literal: true

require_relative "client/claims"
require_relative "client/permissions"
require_relative "client/roles"
require_relative "client/feature_flags"
require_relative "client/users"
require_relative "client/account"
require_relative "client/apis"
require_relative "client/frontend"

module KindeSdk
  # Questions about one user, answered from verified tokens.
  #
  # When the access token has expired, a question renews it first if {#auto_refresh_tokens} is on and there is a refresh
  # token; otherwise it raises {TokenExpiredError}. Any number of threads may ask.
  #
  # Kinde's APIs are called by the client's own token, a user's or a machine's; {KindeSdk.management} calls them by the
  # application's.
  class Client
    autoload :OAuth, File.expand_path("client/oauth", __dir__)

    include Apis
    include Claims
    include Permissions
    include Roles
    include FeatureFlags
    include Users
    include Account

    # @return [Boolean] whether an expired access token is renewed
    attr_reader :auto_refresh_tokens
    # @return [Boolean] whether questions go to Kinde's Account API instead of the token
    attr_accessor :force_api

    # A client over a session of the library, such as one that was opened from a cookie. What it renews is renewed there.
    #
    # @param session [Core::Session]
    # @param auto_refresh_tokens [Boolean]
    # @param force_api [Boolean]
    # @return [Client]
    def self.of(session, auto_refresh_tokens: KindeSdk.config.auto_refresh_tokens, force_api: KindeSdk.config.force_api)
      InvalidArgumentError.check("session", session, Core::Session)
      allocate.tap { |client| client.send(:take, session, auto_refresh_tokens, force_api) }
    end

    # @param sdk_api_client [KindeApi::ApiClient]
    # @param tokens_hash [Hash] with `access_token`
    # @param auto_refresh_tokens [Boolean]
    # @param force_api [Boolean]
    # @raise [AuthenticationError] if there is no access token
    # @raise [TokenError] if a token is not what it should be
    def initialize(sdk_api_client, tokens_hash, auto_refresh_tokens, force_api = false)
      @kinde_api_client = sdk_api_client
      @auto_refresh_tokens = auto_refresh_tokens
      @force_api = force_api
      @machine = { management_client_id: (tokens_hash.client_id if tokens_hash.is_a?(MachineTokens)) }
      self.token_store = TokenStore.new(tokens_hash)
      refresh_token if auto_refresh_tokens && refreshable? && !@session.authenticated?
    end

    # @return [TokenStore] empty for a session that was kept without its tokens
    def token_store
      @token_store ||= TokenStore.new(session_tokens)
    end

    # @param store [TokenStore]
    # @raise (see #initialize)
    def token_store=(store)
      unless InvalidArgumentError.check("store", store, TokenStore).bearer_token
        raise AuthenticationError.new("Missing access_token in token hash", status: :not_authenticated)
      end

      self.session = session_of(store)
      @token_store = store
      @own_session = true
      @adopted = @session.revision
    end

    # @param value [Boolean]
    def auto_refresh_tokens=(value)
      @auto_refresh_tokens = value
      # The library renews by itself what is refused while it asks Kinde, unless its session says otherwise.
      self.token_store = token_store if @own_session
    end

    # @return [KindeApi::ApiClient] by the access token as it is now
    def kinde_api_client
      @kinde_api_client ||= KindeSdk.api_client(bearer_token)
    end

    # Has {#users} and the other groups of operations ask by another client than this one's token.
    #
    # @param api_client [KindeApi::ApiClient]
    def kinde_api_client=(api_client)
      @kinde_api_client = @chosen_api_client = InvalidArgumentError.check("api_client", api_client, KindeApi::ApiClient)
    end

    # @return [Hash{Symbol=>Object}]
    def tokens_hash
      token_store.tokens
    end

    # @return [String] the access token
    def bearer_token
      token_store.bearer_token
    end

    # @return [Integer] when the access token expires, in Unix seconds
    def expires_at
      @session.expires_at
    end

    # @return [Boolean] whether the access token has expired
    def token_expired?
      !@session.authenticated?
    end
    alias tokenExpired? token_expired?

    # Renews the tokens. Calls of several threads at once share one request.
    #
    # @return [TokenHash, nil] with strings as keys, to be kept; nil if they could not be renewed: then they stay what they
    #   were, and the reason is logged
    # @see Tokens#refresh_token which raises
    def refresh_token
      renew
    rescue Failure => e
      log&.error("[kinde] the tokens were not renewed: #{e.message}")
      keep_tokens
      nil
    end
    alias refreshToken refresh_token

    # @return [OAuth] the operations about the user's own account
    def oauth
      OAuth.new(self, api_client)
    end

    # @return [Frontend] the Account API by the names of the former gem's internal client
    def frontend
      Frontend.new(self)
    end

    # @param token_type [Symbol] `:access_token`, `:id_token` or `:refresh_token`
    # @return [String, nil]
    def get_token(token_type = :access_token)
      tokens_hash[TokenHash::KEYS.find { |key| key.to_s == token_type.to_s }]
    end
    alias getToken get_token

    # @return [String] without the tokens
    def inspect
      "#<#{self.class}>"
    end

    private

    def api_client
      @chosen_api_client || KindeApi::ApiClient.of(KindeSdk.config) { Calls.new(self) }
    end

    # Calls an API by the session, which may renew its tokens meanwhile.
    def called
      yield @session
    ensure
      adopt_renewed
    end

    # Asks the session; answers `otherwise` if there is no such token, or it does not say.
    def ask_token(otherwise, &question)
      ask(&question)
    rescue TokenError => e
      raise unless e.status == :claim_missing

      otherwise
    end

    # Asks the session; once more after a renewal, if the access token has expired.
    def ask
      yield @session
    rescue TokenExpiredError
      raise unless auto_refresh_tokens

      # Another thread may have renewed them meanwhile.
      KindeSdk.requested { @session.ensure_fresh(0) }
      adopt_tokens
      yield @session
    end

    def renew
      KindeSdk.requested { @session.refresh }
      adopt_tokens
    end

    # The library ends a session whose refresh token Kinde refuses. The access token is good until it expires.
    def keep_tokens
      return if !@own_session || @session.authenticated?

      former = session_of(token_store)
      self.session = former if former.authenticated?
    end

    # @param session [Core::Session]
    def session=(session)
      @session = session
      # What is asked on every request goes to the library without the way through the session.
      @question_handle = session.handle
    end

    def session_of(store)
      KindeSdk.session(KindeSdk.verifying_client(auto_refresh: auto_refresh_tokens ? true : false, **@machine.to_h), store.tokens)
    end

    def refreshable?
      !tokens_hash[:refresh_token].nil?
    end

    def take(session, auto_refresh_tokens, force_api)
      self.session = session
      @adopted = session.revision
      @auto_refresh_tokens = auto_refresh_tokens
      @force_api = force_api
    end

    def session_tokens
      @session.tokens
    rescue AuthenticationError
      nil
    rescue InvalidArgumentError => e
      raise unless e.field == "content"
    end

    # Takes over what the library has renewed by itself, if it has.
    def adopt_renewed
      adopt_tokens if @session.revision != @adopted && session_tokens
    end

    def adopt_tokens
      @adopted = @session.revision
      renewed = TokenHash.by_string(@session.tokens)
      token_store.set_tokens(renewed)
      @kinde_api_client = @chosen_api_client
      renewed
    end

    # The library's number of a kind of token.
    #
    # @raise [InvalidArgumentError]
    def token_type_of(options)
      name = options.is_a?(Hash) ? options.fetch(:token_type, :access_token) : options
      case name
      when :access_token, "access_token" then Core::Session::ACCESS_TOKEN
      when :id_token, "id_token" then Core::Session::ID_TOKEN
      else
        raise InvalidArgumentError.new("token_type: must be :access_token or :id_token",
                                       status: :invalid_argument, details: { field: "token_type" })
      end
    end

    # Whether a call, or else the client, asks for fresh data.
    def fresh?(options)
      value = options.is_a?(Hash) ? options[:force_api] : nil
      value.nil? ? force_api : value
    end

    def log
      KindeSdk.config.logger
    end
  end
end
