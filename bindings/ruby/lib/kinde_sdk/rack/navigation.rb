# frozen_string_literal: true

module KindeSdk
  module Rack
    # Tells a user who follows a link from a browser, or a page, that merely looks at where the link leads. Signing in and
    # out by GET must not happen because of the latter.
    module Navigation
      # How browsers, and libraries that fetch pages ahead of a click, say so. `X-Sec-Purpose` is that of Turbo.
      HEADERS = %w[HTTP_SEC_PURPOSE HTTP_X_SEC_PURPOSE HTTP_PURPOSE HTTP_X_PURPOSE HTTP_X_MOZ].freeze
      private_constant :HEADERS

      module_function

      # @param env [Hash] the Rack environment
      # @return [Boolean] whether nobody asked for this request
      def unasked?(env)
        env["REQUEST_METHOD"] == "HEAD" || HEADERS.any? { |name| env[name]&.b&.match?(/prefetch|prerender|preview/i) } || embedded_elsewhere?(env)
      end

      # @param env [Hash] the Rack environment
      # @return [Boolean] whether the browser goes to a page, as far as it says; scripts and images are other requests
      def page?(env)
        ["navigate", nil].include?(env["HTTP_SEC_FETCH_MODE"])
      end

      # What another site makes a browser load, such as an image, is not a click.
      def embedded_elsewhere?(env)
        env["HTTP_SEC_FETCH_SITE"] == "cross-site" && !page?(env)
      end
      private_class_method :embedded_elsewhere?

      # @return [Array] an answer of Rack that does nothing. Its status is no success, so that a browser which fetched ahead
      #   asks again when the user clicks
      def refusal
        [400, Headers.of("Content-Type" => "text/plain", "Cache-Control" => "no-store"), ["This page is not for fetching ahead.\n"]]
      end
    end
  end
end
