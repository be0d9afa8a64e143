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
      # The library may have renewed the tokens meanwhile.
      SessionKeys.write_tokens(Current.session, env["kinde"]) if KindeSdk.config.legacy_session_keys && env["kinde"]&.changed?
      answer
    ensure
      Current.clear_session
    end
  end
end
