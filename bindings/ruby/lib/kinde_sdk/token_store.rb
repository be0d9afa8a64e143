# frozen_string_literal: true

module KindeSdk
  # The tokens of one user, as {Client#token_store} and the session key `:kinde_token_store` hold them.
  class TokenStore
    # @return [Hash{Symbol=>Object}]
    attr_reader :tokens
    # @return [String, nil]
    attr_reader :bearer_token
    # @return [Integer, nil] Unix seconds
    attr_reader :expires_at

    # @param session_data [Hash, nil] what {#to_session} gave
    # @return [TokenStore, nil]
    def self.from_session(session_data)
      session_data && new(session_data)
    end

    # @param tokens [Hash, nil]
    def initialize(tokens = nil)
      set_tokens(tokens)
    end

    # @param tokens [Hash, nil]
    # @return [Hash{Symbol=>Object}]
    def set_tokens(tokens)
      @tokens = TokenHash.normalize(tokens)
      @bearer_token = @tokens[:access_token]
      @expires_at = @tokens[:expires_at]
      @tokens
    end

    # @return [Hash{Symbol=>Object}] what a web session keeps of it
    def to_session
      { access_token: bearer_token, refresh_token: tokens[:refresh_token], expires_at: expires_at }
    end

    # @return [String] without the tokens
    def inspect
      "#<#{self.class} expires_at=#{expires_at.inspect}>"
    end
  end
end
