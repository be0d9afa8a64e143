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

      # Makes the session of Rails that of who signed in. It stays what it was, unless another user was signed in before. Its
      # id is renewed by the library's middleware for every application.
      #
      # @param request [ActionDispatch::Request]
      # @param authentication [Rack::Authentication]
      # @return [void]
      def begin(request, authentication)
        former = request.session[USER]
        same = former.nil? || (former[:id] || former["id"]) == authentication.user&.fetch(:id)
        same ? renew_csrf_token(request) : request.reset_session
        write(request.session, authentication)
      end

      # Writes who is signed in, and the tokens where they are wanted.
      #
      # @param session [#[]=] the session of Rails
      # @param authentication [Rack::Authentication]
      # @return [void]
      def write(session, authentication)
        # An application for an API alone may have none, and raises when something is written to it.
        return if session.respond_to?(:enabled?) && !session.enabled?

        clear(session)
        user = authentication.user
        if user
          session[USER] = { id: user[:id], email: user[:email], first_name: user[:given_name], last_name: user[:family_name] }
        end
        write_tokens(session, authentication)
      end

      # Removes all of it, so that nobody is taken for signed in by it.
      #
      # @param session [#delete] the session of Rails
      # @return [void]
      def clear(session)
        session.delete(USER)
        session.delete(TOKENS)
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

      # A token that somebody knew before the sign-in is worth nothing afterwards.
      def renew_csrf_token(request)
        request.respond_to?(:reset_csrf_token) ? request.reset_csrf_token : request.session.delete(:_csrf_token)
      end

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
