# frozen_string_literal: true

module KindeSdk
  module Rack
    # Tells a user who follows a link from a browser, or a page, that merely looks at where the link leads. Signing in and
    # out by GET must not happen because of the latter.
    module Navigation
      # How browsers, and libraries that fetch pages ahead of a click, say so. `X-Sec-Purpose` is that of Turbo.
      HEADERS = %w[HTTP_SEC_PURPOSE HTTP_X_SEC_PURPOSE HTTP_PURPOSE HTTP_X_PURPOSE HTTP_X_MOZ].freeze
      # What an answer is for, where a user or a script asked for it (Fetch Metadata); all else is part of some page.
      DESTINATIONS = [nil, "document", "iframe", "frame", "empty"].freeze
      private_constant :HEADERS, :DESTINATIONS

      module_function

      # @param env [Hash] the Rack environment
      # @return [Boolean] whether nobody asked for this request
      def unasked?(env)
        head?(env) || ahead?(env) || embedded?(env)
      end

      # @param env [Hash] the Rack environment
      # @return [Boolean] whether a browser fetches ahead, as far as it says
      def ahead?(env)
        HEADERS.any? { |name| env[name]&.b&.match?(/prefetch|prerender|preview/i) }
      end

      # @param env [Hash] the Rack environment
      # @return [Boolean]
      def head?(env)
        env["REQUEST_METHOD"] == "HEAD"
      end

      # @param env [Hash] the Rack environment
      # @return [Boolean] whether the browser goes to a page, as far as it says; scripts and images are other requests
      def page?(env)
        ["navigate", nil].include?(env["HTTP_SEC_FETCH_MODE"])
      end

      # What a page makes a browser load is not a click: an image, of this site too where users may write, or whatever
      # another site asks for.
      def embedded?(env)
        !DESTINATIONS.include?(env["HTTP_SEC_FETCH_DEST"]) || (env["HTTP_SEC_FETCH_SITE"] == "cross-site" && !page?(env))
      end
      private_class_method :embedded?

      # @param env [Hash] the Rack environment
      # @return [Array] an answer of Rack that does nothing. Its status is no success, so that a browser which fetched ahead
      #   asks again when the user clicks
      def refusal(env)
        body = head?(env) ? [] : ["This page is not for fetching ahead.\n"]
        [400, Headers.of("Content-Type" => "text/plain", "Cache-Control" => "no-store"), body]
      end
    end
  end
end
