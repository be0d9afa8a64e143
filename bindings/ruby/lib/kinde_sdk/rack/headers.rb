# frozen_string_literal: true

module KindeSdk
  module Rack
    # Headers of answers, as the version of Rack that is loaded wants them.
    module Headers
      # Rack 3 wants the names of headers in small letters, and several cookies as a list. Before, other middleware looks
      # for `Set-Cookie` in just this spelling, and several are one text of lines.
      LISTS = ::Rack.release.to_i >= 3
      private_constant :LISTS

      module_function

      # @param headers [Hash{String=>String}] with names such as "Location"
      # @return [Hash{String=>String}]
      def of(headers)
        LISTS ? headers.transform_keys(&:downcase) : headers
      end

      # @param location [String]
      # @return [Array] an answer of Rack that leads there, which nobody keeps
      def redirect(location)
        [302, of("Location" => location, "Cache-Control" => "no-store"), []]
      end

      # Adds cookies to an answer, and keeps shared caches from handing them to somebody else.
      #
      # @param headers [Hash]
      # @param cookies [Array<String>] values of `Set-Cookie` headers
      # @return [Hash] the same, or a copy if it was frozen
      def with_cookies(headers, cookies)
        return headers if cookies.empty?

        headers = headers.dup if headers.frozen?
        add(headers, cookies)
        control = name_of(headers, "Cache-Control")
        headers[control] = "no-store" unless /\b(?:private|no-store)\b/i.match?(headers[control].to_s)
        headers
      end

      def add(headers, cookies)
        name = name_of(headers, "Set-Cookie")
        all = headers[name]
        all = (all.is_a?(Array) ? all : all.to_s.split("\n")) + cookies
        headers[name] = LISTS ? all : all.join("\n")
      end
      private_class_method :add

      def name_of(headers, name)
        headers.each_key.find { |present| name.casecmp?(present) } || (LISTS ? name.downcase : name)
      end
      private_class_method :name_of
    end
  end
end
