# frozen_string_literal: true

module KindeSdk
  # Keeps a {TokenStore} and a web session in step, for applications that keep tokens in `session[:kinde_token_store]`.
  module TokenManager
    class << self
      # @param tokens [Hash, nil]
      # @return [TokenStore]
      def create_store(tokens = nil)
        TokenStore.new(tokens)
      end

      # Renews the tokens of a store. If that fails, store and session keep what they have.
      #
      # @param store [TokenStore, nil]
      # @param session [#[]=, nil] the web session
      # @return [TokenHash, nil] the new tokens; nil if they cannot be renewed
      def refresh_tokens(store, session = nil)
        return if without_tokens?(store)

        check_session(session, :[]=)
        renewed = KindeSdk.refresh_token(store.tokens)
        store.set_tokens(renewed)
        session[:kinde_token_store] = store.to_session if session
        renewed
      rescue Failure => e
        KindeSdk.config.logger&.error("[kinde] the tokens were not renewed: #{e.message}")
        nil
      end

      # @param store [TokenStore, nil]
      # @return [Boolean] whether its tokens are what they should be
      def validate_tokens(store)
        return false if without_tokens?(store)

        KindeSdk.validate_jwt_token(store.tokens)
        true
      rescue Failure
        false
      end

      # @param store [TokenStore, nil]
      # @return [Boolean] whether the access token has expired or is none
      def token_expired?(store)
        return true if without_tokens?(store)

        KindeSdk.token_expired?(store.tokens)
      rescue Failure
        true
      end

      # @param store [TokenStore]
      # @param session [#delete, nil] the web session
      # @return [void]
      def clear_tokens(store, session = nil)
        check_session(session, :delete)
        InvalidArgumentError.check("store", store, TokenStore).set_tokens(nil)
        session&.delete(:kinde_token_store)
        nil
      end

      private

      def check_session(session, method)
        InvalidArgumentError.check("session", session, Hash, NilClass) unless session.respond_to?(method)
      end

      def without_tokens?(store)
        InvalidArgumentError.check("store", store, TokenStore, NilClass).nil? || store.tokens.empty?
      end
    end
  end
end
