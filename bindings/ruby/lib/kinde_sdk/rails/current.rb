# frozen_string_literal: true

module KindeSdk
  # The session of Rails, and the user's tokens, of the request that is being answered, wherever in the application.
  class Current < ActiveSupport::CurrentAttributes
    # @!attribute [rw] session
    #   @return [ActionDispatch::Request::Session, nil]
    # @!attribute [rw] authentication
    #   @return [Rack::Authentication, nil]
    # @!attribute [rw] token_store
    #   @return [TokenStore, nil] the user's tokens
    attribute :session, :authentication, :token_store

    # @param session [#[]] the session of Rails
    # @return [void]
    def self.set_session(session)
      self.session = session
    end

    # @return [void]
    def self.clear_session
      reset
    end

    # Read when it is asked for, because most requests do not.
    #
    # @return [TokenStore, nil]
    def token_store
      super || (self.token_store = authentication ? tokens_of(authentication) : TokenStore.from_session(kept))
    end

    private

    def tokens_of(authentication)
      TokenStore.new(authentication.session.tokens) if authentication.tokens?
    end

    def kept
      session && session[SessionKeys::TOKENS]
    end
  end
end
