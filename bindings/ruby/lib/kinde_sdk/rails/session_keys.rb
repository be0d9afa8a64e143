# frozen_string_literal: true

module KindeSdk
  # What applications find in the session of Rails.
  #
  # Tokens are not among it, unless `legacy_session_keys` is on: a session that lives in a cookie has no room for them. Those
  # that an earlier version of the gem left there are taken over, so that nobody is signed out by the new one.
  module SessionKeys
    # Who is signed in, for pages that show a name: `id`, `email`, `first_name`, `last_name`.
    USER = :kinde_user
    # The tokens, as earlier versions kept them.
    TOKENS = :kinde_token_store

    class << self
      # Makes a session of tokens that are left from an earlier version.
      #
      # @param env [Hash] the Rack environment
      # @param client [Core::Client]
      # @return [Core::Session, nil]
      def adopt(env, client)
        kept = env["rack.session"] && env["rack.session"][TOKENS]
        kept && take_over(env["rack.session"], client, kept)
      end

      # Writes who is signed in, and the tokens where they are wanted.
      #
      # @param session [#[]=] the session of Rails
      # @param authentication [Rack::Authentication]
      # @return [void]
      def write(session, authentication)
        user = authentication.user
        if user
          session[USER] = { id: user[:id], email: user[:email], first_name: user[:given_name], last_name: user[:family_name] }
        end
        write_tokens(session, authentication)
      end

      # Writes the tokens where they are wanted.
      #
      # @param (see .write)
      # @return [void]
      def write_tokens(session, authentication)
        return unless KindeSdk.config.legacy_session_keys && authentication.tokens?

        session[TOKENS] = TokenStore.new(authentication.session.tokens).to_session
      end

      private

      def take_over(session, client, kept)
        adopted = client.session_from_tokens(TokenHash.normalize(kept))
        session.delete(TOKENS) unless KindeSdk.config.legacy_session_keys
        adopted
      rescue Failure => e
        KindeSdk.config.logger&.warn("[kinde] the tokens in the session were not taken over: #{e.message}")
        # What cannot be judged now may be good later.
        session.delete(TOKENS) if refused?(e)
        nil
      end

      def refused?(error)
        error.is_a?(InvalidArgumentError) || (error.is_a?(TokenError) && error.status != :keys_unavailable)
      end
    end
  end
end
