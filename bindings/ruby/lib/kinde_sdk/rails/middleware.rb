# frozen_string_literal: true

module KindeSdk
  # Sets {Current} for each request of a Rails application. Runs inside of the middleware for sessions.
  class Middleware
    # @param app [#call]
    def initialize(app)
      @app = app
    end

    # @param env [Hash]
    # @return [Array]
    def call(env)
      Current.set_session(ActionDispatch::Request.new(env).session)
      Current.authentication = env["kinde"]
      answer = @app.call(env)
      keep(Current.session, env["kinde"]) if env["kinde"]
      answer
    ensure
      Current.clear_session
    end

    private

    # The application, or the library, may have renewed the tokens meanwhile, or signed the user out.
    def keep(session, authentication)
      if authentication.signed_out? then SessionKeys.clear(session)
      elsif KindeSdk.config.legacy_session_keys && authentication.changed? then SessionKeys.write_tokens(session, authentication)
      end
    end
  end
end
