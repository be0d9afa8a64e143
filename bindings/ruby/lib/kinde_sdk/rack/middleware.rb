# frozen_string_literal: true

module KindeSdk
  module Rack
    # Gives each request an {Authentication} as `env["kinde"]`, and keeps its session between requests: sealed in cookies, or
    # in the store of the setting `store_url`.
    #
    # @example Sinatra, with all pages ready
    #   use KindeSdk::Rack::Middleware, login_path: "/login", register_path: "/register", logout_path: "/logout"
    class Middleware
      # All paths are whole ones, as the browser shows them. They answer GET and POST; those for signing in and out refuse
      # browsers that merely fetch ahead.
      #
      # @param app [#call]
      # @param cookie_name [String]
      # @param login_path [String, nil] a page that leads to Kinde's sign-in page; the query may say `return_to` and a few
      #   of Kinde's parameters ({Routes::PARAMETERS})
      # @param register_path [String, nil] likewise for the registration page
      # @param callback_path [String, false, nil] the page that Kinde leads back to: if there is one of the former, that of
      #   the setting `callback_url`; false if the application calls {Authentication#handle_callback} itself
      # @param logout_path [String, nil] a page that signs out
      # @param on_failure [#call, nil] given the environment and the error, makes the answer for a sign-in that failed
      # @param adopt [#call, nil] given the environment and a {Core::Client}, gives the {Core::Session} of a user whom the
      #   application knows from elsewhere, when the browser brings no session; nil if there is none
      def initialize(app, cookie_name: "kinde_session", login_path: nil, register_path: nil, callback_path: nil,
                     logout_path: nil, on_failure: nil, adopt: nil)
        @app = app
        @cookie_name = cookie_name
        @adopt = adopt
        @routes = Routes.new(login: login_path, register: register_path, callback: callback_path, logout: logout_path,
                             on_failure: on_failure)
      end

      # @param env [Hash]
      # @return [Array]
      def call(env)
        # An application inside another one shares its session, and leaves keeping it to the outer one.
        return answer(env) if env["kinde"]

        authentication = env["kinde"] = Authentication.new(env, cookie_name: @cookie_name, adopt: @adopt)
        own = @routes.call(env)
        status, headers, body = own || @app.call(env)
        # An answer that comes later, in the manner of EventMachine's servers, has no headers yet.
        return [status, headers, body] if status == -1

        [status, Headers.with_cookies(headers, authentication.close), body]
      rescue StoreError => e
        raise unless own

        @routes.failure(env, e)
      end

      private

      def answer(env)
        @routes.call(env) || @app.call(env)
      end
    end
  end
end
