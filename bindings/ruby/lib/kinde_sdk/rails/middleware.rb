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

    # The application, or the library, may have renewed the tokens meanwhile, or signed the user out; Kinde may have ended the
    # session.
    def keep(session, authentication)
      if authentication.signed_out? then SessionKeys.clear(session)
      elsif !authentication.changed? then nil
      elsif authentication.tokens? then SessionKeys.write_tokens(session, authentication)
      else SessionKeys.clear(session)
      end
    end
  end
end
