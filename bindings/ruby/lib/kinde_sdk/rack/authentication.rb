# frozen_string_literal: true

require "monitor"

module KindeSdk
  module Rack
    # Who makes a request: `env["kinde"]`.
    #
    # Nothing is opened before the first question, so that a request which never asks costs nothing. Before that question an
    # access token which is about to expire is renewed. What changed is kept when the application has given its answer's
    # status and headers; after that, while a body is being streamed, questions still work but nothing is changed any more.
    #
    # @example In Sinatra
    #   get "/orders" do
    #     halt env["kinde"].login!(return_to: "/orders") unless env["kinde"].authenticated?
    #     halt 403 unless env["kinde"].permission?("read:orders")
    #     "Hello #{env["kinde"].user[:given_name]}"
    #   end
    class Authentication
      # An access token that lives less than this is renewed before questions.
      SECONDS_LEFT = 60
      private_constant :SECONDS_LEFT

      # @param env [Hash] the Rack environment
      # @param cookie_name [String]
      # @param adopt [#call, nil] see {Middleware#initialize}
      def initialize(env, cookie_name:, adopt: nil)
        @env = env
        @cookie_name = cookie_name
        @adopt = adopt
        @lock = Monitor.new
      end

      # @!group Questions

      # @return [Boolean] whether somebody is signed in
      def authenticated?
        fresh.authenticated?
      end

      # @return [Hash{Symbol=>String, nil}, nil] `id`, `given_name`, `family_name`, `email`, `picture`; nil if nobody is
      #   signed in
      def user
        ask(nil, &:user)
      end

      # @param key [String, Symbol]
      # @return [Boolean] whether the user has this permission; false if nobody is signed in
      def permission?(key)
        ask(false) { |session| session.permission_granted?(key) }
      end

      # @param key [String, Symbol]
      # @return [Boolean] whether the user has this role; false if nobody is signed in
      def role?(key)
        ask(false) { |session| session.role_granted?(key) }
      end

      # @param code [String, Symbol]
      # @param default [Object]
      # @return [Object] the value of a feature flag, or the default if there is no such flag or nobody is signed in
      def flag(code, default = nil)
        ask(default) { |session| session.flag(code).fetch(:value) }
      rescue FlagNotFoundError
        default
      end

      # @return [KindeSdk::Client, nil] for all other questions; nil if there are no tokens
      def client
        session = fresh
        @client ||= KindeSdk::Client.of(session) if tokens?
      end

      # @return [Boolean] whether there are tokens, be they expired
      def tokens?
        session.expires_at
        true
      rescue AuthenticationError
        false
      rescue TokenError
        # A token that does not say when it expires is one.
        true
      end

      # @!endgroup
      # @!group Signing in and out

      # Begins a sign-in.
      #
      # @param parameters [Hash] authorization parameters such as `org_code`, and `return_to`: where the user shall go
      #   afterwards
      # @return [String] the address of Kinde's sign-in page
      # @raise [InvalidArgumentError] for a `return_to` that leads out of the application, among others
      def login_url(parameters = {})
        begin_sign_in { |session| session.login_url(parameters) }
      end

      # Begins a sign-in.
      #
      # @param (see #login_url)
      # @return [String] the address of Kinde's registration page
      # @raise (see #login_url)
      def register_url(parameters = {})
        begin_sign_in { |session| session.register_url(parameters) }
      end

      # Begins a sign-in.
      #
      # @param parameters [Hash] those of {#login_url}, and `org_name`
      # @return [String] the address of a page that registers a user together with an organization
      # @raise (see #login_url)
      def create_org_url(parameters = {})
        begin_sign_in { |session| session.create_org_url(parameters) }
      end

      # Signs the user out here.
      #
      # @param redirect [String, nil] where Kinde sends the browser afterwards, instead of the configured `logout_url`
      # @return [String] the address of a page that signs him out at Kinde too
      # @raise [StoreError] if the session could not be deleted: the user is still signed in
      def logout(redirect: nil)
        changing do |session|
          session.logout(redirect: redirect).tap do
            forget
            sign_ins.clear
          end
        end
      end

      # @param parameters (see #login_url)
      # @return [Array] an answer of Rack that sends the browser to {#login_url}: return it, or `halt` with it
      # @raise (see #login_url)
      def login!(parameters = {})
        Headers.redirect(login_url(parameters))
      end

      # @param parameters (see #register_url)
      # @return [Array] an answer of Rack that sends the browser to {#register_url}
      # @raise (see #login_url)
      def register!(parameters = {})
        Headers.redirect(register_url(parameters))
      end

      # @param parameters (see #create_org_url)
      # @return [Array] an answer of Rack that sends the browser to {#create_org_url}
      # @raise (see #login_url)
      def create_org!(parameters = {})
        Headers.redirect(create_org_url(parameters))
      end

      # @param redirect (see #logout)
      # @return [Array] an answer of Rack that sends the browser to the address that {#logout} gives
      # @raise (see #logout)
      def logout!(redirect: nil)
        Headers.redirect(logout(redirect: redirect))
      end

      # Finishes a sign-in with what the browser came back with.
      #
      # @param url_or_query [String] without it, the query of this request
      # @return [Hash{Symbol=>String, nil}] `outcome`: "signed_in" or "restart"; `return_to`; and `url`, where to send the
      #   browser after an expired link ("restart"): nobody is signed in then
      # @raise [CallbackError] if it belongs to no sign-in of this browser
      # @raise [OAuthError] if the user or Kinde refused
      # @raise [TokenError] if a token is not what it should be
      # @raise [NetworkError] if Kinde cannot be reached
      def handle_callback(url_or_query = @env["QUERY_STRING"].to_s)
        unless_closed do
          begun = sign_ins.take(url_or_query)
          result = (begun || session).handle_callback(url_or_query)
          if result[:outcome] == "signed_in" then signed_in(begun)
          elsif begun then sign_ins.keep(begun, result[:url])
          end
          result
        end
      end

      # Signs in the user to whom these tokens belong.
      #
      # @param tokens [Hash] a token set with `access_token`
      # @return [void]
      # @raise [TokenError] if a token is not what it should be
      def tokens=(tokens)
        unless_closed { signed_in(core_client.session_from_tokens(TokenHash.normalize(tokens))) }
      end

      # Renews the tokens, whether they are expired or not.
      #
      # @return [Boolean] whether that was possible
      def refresh
        changing(&:refresh)
        true
      rescue Failure => e
        raise if e.is_a?(ConfigurationError)

        log(e)
        false
      end

      # @!endgroup

      # @return [Core::Session] the session of this browser, a new one if it has none
      # @raise [ConfigurationError] if there is no way to keep sessions
      # @raise [StoreError] if the store cannot be asked
      def session
        @session || @lock.synchronize { @session ||= open }
      end

      # @return [Boolean] whether the session has to be kept again
      def changed?
        !@session.nil? && @session.revision != @kept
      end

      # @return [Boolean] whether the session ended during this request, and nobody signed in since
      def signed_out?
        @signed_out == true
      end

      # @api private
      # Ends the time in which the session can change.
      #
      # @return [Array<String>] the cookies to set: values of `Set-Cookie` headers
      def close
        @lock.synchronize do
          @closed = true
          kept = if @session && changed? then keep
                 elsif @session && @forgotten then cookies.delete(secure: secure?)
                 end
          [*kept, *@sign_ins&.cookies(secure: secure?)]
        end
      end

      # @return [String] without tokens and cookies
      def inspect
        "#<#{self.class}>"
      end

      private

      def open
        session = opened || (@adopt unless @closed)&.call(@env, core_client)
        return session if session

        core_client.new_session.tap { |nobody| @kept = nobody.revision }
      end

      def opened
        cookies.open&.tap { |session| @kept = session.revision }
      rescue SessionError, InvalidArgumentError => e
        log(e)
        @forgotten = true
        nil
      end

      def keep
        cookies.keep(@session, secure: secure?)
      rescue SessionError => e
        # Its time is over, or somebody ended it meanwhile.
        log(e)
        cookies.delete(secure: secure?)
      end

      def forget
        @session = core_client.new_session
        @kept = @session.revision
        @forgotten = true
        begin_anew
        @signed_out = true
      end

      # @param session [Core::Session, nil] if it is not the one that there was
      def signed_in(session = nil)
        if session
          @session = session
          @kept = nil
        end
        begin_anew
        options = @env["rack.session.options"] or return

        # An id of the application's own session that somebody knew before the sign-in is worth nothing afterwards. What is
        # in that session must be read before its old id is gone.
        @env["rack.session"]&.empty?
        options[:renew] = true
      end

      def begin_anew
        @fresh = true
        @client = nil
        @signed_out = false
      end

      # The session, its tokens renewed if need be.
      def fresh
        session
        return @session if @fresh

        @lock.synchronize do
          # What is renewed after the answer's headers could not be kept any more.
          renew unless @fresh || @closed
          @fresh = true
          @session
        end
      end

      def renew
        @session.ensure_fresh(SECONDS_LEFT)
      rescue ConfigurationError
        raise
      rescue SessionError => e
        log(e)
        forget
      rescue Failure => e
        log(e) unless %i[not_authenticated token_expired].include?(e.status)
      end

      def ask(otherwise)
        yield fresh
      rescue AuthenticationError, TokenExpiredError
        otherwise
      rescue TokenError => e
        raise unless e.status == :claim_missing

        otherwise
      end

      def changing
        unless_closed { yield session }
      end

      def unless_closed
        @lock.synchronize do
          raise Error.new("the answer was sent: signing in or out must come before it", status: :invalid_argument) if @closed

          yield
        end
      end

      def begin_sign_in(&block)
        # A script, or a browser that fetches ahead, may ask for many at once, and each cookie would go along with all
        # further requests.
        return changing(&block) if Navigation.ahead?(@env) || !Navigation.page?(@env)

        unless_closed { sign_ins.begin(&block) }
      end

      def cookies
        @cookies ||= keeper.new(core_client, @env["HTTP_COOKIE"], @cookie_name)
      end

      def sign_ins
        @sign_ins ||= SignIns.new(core_client, @env["HTTP_COOKIE"], @cookie_name, keeper)
      end

      def keeper
        config = KindeSdk.config
        return StoredSession if config.store_url
        return SessionCookies if config.seal_keys&.any?

        raise ConfigurationError.new("seal_keys: needed to keep sessions in cookies. Make one with `openssl rand -base64 32`, keep " \
                                     "it as secret as client_secret, and set `c.seal_keys = [ENV.fetch(\"KINDE_SEAL_KEY\")]`; " \
                                     "or set `c.store_url` to keep sessions on the server",
                                     status: :config, details: { field: "seal_keys" })
      end

      def core_client
        @core_client ||= KindeSdk.verifying_client
      end

      # Over plain HTTP a browser refuses, or never sends, a cookie that is `Secure`; behind a proxy that ends TLS the
      # callback's address tells what the request does not. So does a name that browsers take of a `Secure` cookie alone.
      def secure?
        @cookie_name.start_with?("__Host-", "__Secure-") || ::Rack::Request.new(@env).ssl? ||
          KindeSdk.config.callback_url.to_s.start_with?("https:")
      end

      def log(error)
        KindeSdk.config.logger&.warn("[kinde] #{error.message}")
      end
    end
  end
end
