# frozen_string_literal: true

module KindeSdk
  module Rack
    # Keeps a session in cookies: sealed, so that only this application reads it, and split where it is longer than a browser
    # takes.
    class SessionCookies
      # Names of attributes that Rack writes in small letters. To browsers it is all one, but the browser of the gem
      # `rack-test`, with which applications test themselves, knows them in this spelling only.
      ATTRIBUTES = /; (?:Path|Domain|Max-Age|Expires|Secure)\b/
      private_constant :ATTRIBUTES

      # @param client [Core::Client]
      # @param header [String, nil] the request's `Cookie` header
      # @param name [String] of the cookie, and the beginning of the names of the further ones
      # @param max_age_seconds [Integer, nil] how long the browser keeps the cookies, if not for as long as the session lives
      def initialize(client, header, name, max_age_seconds: nil)
        @client = client
        # A byte that is no UTF-8, in a cookie of somebody else, must not cost the user his session.
        @header = header && String.new(header, encoding: Encoding::UTF_8).scrub
        @name = name
        @max_age_seconds = max_age_seconds
      end

      # @return [Core::Session, nil] nil if the browser sent none
      # @raise [SessionError] if what it sent cannot be used
      def open
        value = carried
        value && @client.open_session(value)
      end

      # @param session [Core::Session]
      # @param secure [Boolean] whether the browser shall send the cookies over HTTPS only
      # @return [Array<String>] values of `Set-Cookie` headers
      def keep(session, secure:)
        carry(session.seal, secure: secure, max_age_seconds: @max_age_seconds)
      end

      # @param (see #keep)
      # @return (see #keep)
      def delete(secure:)
        cookies(present: @header.to_s, secure: secure)
      end

      private

      def carried
        @client.join_cookies(cookies: @header, name: @name).fetch(:value)
      end

      def carry(text, **options)
        cookies(value: text, present: @header.to_s, **options)
      end

      def cookies(**parameters)
        @client.split_cookie(name: @name, **parameters).map do |cookie|
          cookie.fetch(:set_cookie).gsub(ATTRIBUTES, &:downcase)
        end
      end
    end
  end
end
