# frozen_string_literal: true

require "digest"

module KindeSdk
  module Rack
    # The sign-ins of one browser that are under way, each in a session and a cookie of its own, found by its state: pages
    # that begin one at the same time do not overwrite each other's, and beginning one does not touch the session of whoever
    # is signed in.
    class SignIns
      # What these cookies take together in the headers of a request: about six, unless addresses to return to are long.
      # Servers take 8 KB and less, and the session needs most of it.
      MOST_BYTES = 2600
      # The setting `sign_in_lifetime_seconds`, where it is not set.
      LIFETIME_SECONDS = 900
      private_constant :MOST_BYTES, :LIFETIME_SECONDS

      # @param client [Core::Client]
      # @param header [String, nil] the request's `Cookie` header
      # @param name [String] of the session's cookie, and the beginning of the names of these
      # @param keeper [Class] {SessionCookies} or {StoredSession}
      def initialize(client, header, name, keeper)
        @client = client
        @header = header
        @name = name
        @keeper = keeper
        @begun = {}
        @ended = []
      end

      # Begins a sign-in.
      #
      # @yieldparam session [Core::Session]
      # @yieldreturn [String] the address of Kinde's page
      # @return [String] that address
      def begin
        session = @client.new_session
        yield(session).tap { |url| keep(session, url) }
      end

      # Keeps a sign-in that goes on under another state.
      #
      # @param session [Core::Session]
      # @param url [String] the address of Kinde's page
      # @return [void]
      def keep(session, url)
        @begun[name_of(url)] = session
      end

      # Takes a sign-in out, by what the browser came back with.
      #
      # @param url_or_query [String]
      # @return [Core::Session, nil] nil if none of these has its state
      # @raise [StoreError]
      def take(url_or_query)
        name = name_of(url_or_query)
        return unless present.key?(name)

        @ended << name
        keeper(name).open
      rescue SessionError
        nil
      end

      # Ends all of them.
      #
      # @return [void]
      def clear
        @begun.clear
        @ended = present.keys
      end

      # @param secure [Boolean] whether the browser shall send the cookies over HTTPS only
      # @return [Array<String>] the cookies to set: values of `Set-Cookie` headers
      # @raise [StoreError]
      def cookies(secure:)
        kept = @begun.flat_map { |name, session| keeper(name).keep(session, secure: secure) }
        kept + (@ended + surplus(MOST_BYTES - kept.sum(&:bytesize))).flat_map { |name| keeper(name).delete(secure: secure) }
      end

      private

      # A text between bounds, whatever a callback's state is. That it is the right one, the library judges.
      def name_of(url_or_query)
        state = url_or_query.to_s.b[/(?:\A|[?&])state=([^&#]*)/, 1]
        "#{@name}_#{Digest::SHA256.hexdigest(state.to_s)[0, 16]}"
      end

      # The names of those for which there is no room. Browsers send the oldest first (RFC 6265, section 5.4).
      def surplus(room)
        others = present.except(*@ended).to_a.reverse
        others.drop_while { |_, bytes| (room -= bytes) >= 0 }.map(&:first)
      end

      # The names of what the browser sent, and how many bytes each takes.
      def present
        @present ||= @header.to_s.b.scan(/(?<![^\s;])((#{Regexp.escape(@name)}_\h{16})=[^;]*)/)
                            .to_h { |cookie, name| [name, cookie.bytesize] }
      end

      def keeper(name)
        @keeper.new(@client, @header, name, max_age_seconds: lifetime)
      end

      def lifetime
        KindeSdk.config.library_settings.fetch(:sign_in_lifetime_seconds, LIFETIME_SECONDS).to_i
      end
    end
  end
end
