# frozen_string_literal: true

require "uri"

module KindeSdk
  module Rack
    # The pages that {Middleware} serves by itself, by their whole paths.
    class Routes
      # What a link to the sign-in page may say. All else is the application's to decide, with {Authentication#login!}.
      PARAMETERS = %w[return_to org_code org_name login_hint connection_id lang invitation_code plan_interest
                      pricing_table_key].freeze

      # @param query [Hash{String=>Object}] the parameters of a request
      # @return [Hash{Symbol=>String}] those that are handed on to Kinde
      def self.parameters(query)
        query.slice(*PARAMETERS).select { |_, value| value.is_a?(String) && !value.empty? }.transform_keys(&:to_sym)
      end

      # @param login [String, nil] path
      # @param register [String, nil] path
      # @param callback [String, false, nil] path; nil for that of the setting `callback_url`, if there is a path for
      #   signing in or registering
      # @param logout [String, nil] path
      # @param on_failure [#call, nil]
      def initialize(login:, register:, callback:, logout:, on_failure:)
        @login = login
        @register = register
        @logout = logout
        @callback = callback
        @own_callback = callback.nil? && !(login || register).nil?
        @on_failure = on_failure
      end

      # @param env [Hash] the Rack environment
      # @return [Array, nil] an answer of Rack; nil if the page is the application's
      def call(env)
        action = action(env) or return
        # What leads to a callback may be fetched ahead; it has happened then, at Kinde too.
        return Navigation.refusal(env) if action == :callback ? Navigation.head?(env) : Navigation.unasked?(env)

        send(action, env)
      rescue ConfigurationError
        raise
      rescue Failure => e
        failure(env, e)
      end

      # @param env [Hash] the Rack environment
      # @param error [Failure] why a page of these failed
      # @return [Array] an answer of Rack
      def failure(env, error)
        log(error)
        return @on_failure.call(env, error) if @on_failure

        # Nothing of what was sent is shown: it may come from anybody.
        status = [NetworkError, StoreError, RateLimitError].any? { |kind| error.is_a?(kind) } ? 503 : 400
        again = @login && %( <a href="#{::Rack::Utils.escape_html(@login)}">Try again</a>)
        [status, Headers.of("Content-Type" => "text/html; charset=utf-8", "Cache-Control" => "no-store"),
         ["<!doctype html><title>Not signed in</title><p>That did not work: nothing was changed.#{again}</p>\n"]]
      end

      private

      def action(env)
        return unless %w[GET HEAD POST].include?(env["REQUEST_METHOD"])

        case "#{env["SCRIPT_NAME"]}#{env["PATH_INFO"]}"
        when @login then :login
        when @register then :register
        when @logout then :logout
        when callback_path then :callback
        end
      end

      def callback_path
        return @callback unless @own_callback

        url = KindeSdk.config.callback_url
        known = @known
        known = @known = [url, path_of(url.to_s)] unless known && known.first == url
        known.last
      end

      def path_of(url)
        URI(url).path
      rescue URI::InvalidURIError
        # Said at the first sign-in, with all else that is wrong with the settings.
      end

      def login(env)
        env["kinde"].login!(parameters(env))
      end

      def register(env)
        env["kinde"].register!(parameters(env))
      end

      def logout(env)
        env["kinde"].logout!
      end

      def callback(env)
        result = env["kinde"].handle_callback
        Headers.redirect(result[:url] || result[:return_to] || home(env))
      rescue CallbackError => e
        # The user went back to, or reloaded, a callback that has done its work.
        raise unless env["kinde"].authenticated?

        log(e)
        Headers.redirect(home(env))
      end

      # The first page of the application, which may be mounted below others.
      def home(env)
        "#{env["SCRIPT_NAME"]}/"
      end

      def parameters(env)
        self.class.parameters(::Rack::Utils.parse_query(env["QUERY_STRING"].to_s, "&"))
      rescue ArgumentError, RangeError
        # Not properly encoded, or too many of them.
        {}
      end

      def log(error)
        KindeSdk.config.logger&.warn("[kinde] #{error.message}")
      end
    end
  end
end
