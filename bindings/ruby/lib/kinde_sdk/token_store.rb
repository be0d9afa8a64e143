# frozen_string_literal: true

module KindeSdk
  # The tokens of one user, as {Client#token_store} and the session key `:kinde_token_store` hold them.
  class TokenStore
    # @return [Hash{Symbol=>Object}]
    attr_reader :tokens

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
    end

    # @return [String, nil]
    def bearer_token
      tokens[:access_token]
    end

    # @return [Integer, nil] Unix seconds
    def expires_at
      tokens[:expires_at]
    end

    # @return [Hash{Symbol=>Object}] what a web session keeps of it
    def to_session
      # Another thread may set others meanwhile.
      set = tokens
      { access_token: set[:access_token], refresh_token: set[:refresh_token], expires_at: set[:expires_at] }
    end

    # @return [String] without the tokens
    def inspect
      "#<#{self.class} expires_at=#{expires_at.inspect}>"
    end
  end
end
