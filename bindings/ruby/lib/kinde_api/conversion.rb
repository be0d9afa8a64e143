# frozen_string_literal: true

module KindeApi
  # What callers give, as the library takes it.
  #
  # @api private
  module Conversion
    # What is nested deeper than this holds itself.
    DEEPEST = 100

    # Times as RFC 3339 has them.
    UTC = "%Y-%m-%dT%H:%M:%SZ"
    # With an offset.
    LOCAL = "%Y-%m-%dT%H:%M:%S%:z"
    private_constant :DEEPEST, :UTC, :LOCAL

    module_function

    # @param value [Object] with models, answers, times and files in it
    # @return [Object] of which JSON can be made
    # @raise [KindeSdk::InvalidArgumentError] if it holds itself
    def plain(value, depth = 0)
      raise KindeSdk::InvalidArgumentError.new("a parameter holds itself", status: :invalid_argument) if depth > DEEPEST

      case value
      when Hash then value.transform_values { |member| plain(member, depth + 1) }
      when Array then value.map { |member| plain(member, depth + 1) }
      when Model, KindeSdk::Answer then plain(value.to_hash, depth + 1)
      when Time then value.strftime(value.utc? ? UTC : LOCAL)
      else file?(value) ? file(value) : dated(value)
      end
    end

    # @param name [Symbol, String] of a parameter or an attribute
    # @return [Symbol]
    # @raise [KindeSdk::InvalidArgumentError] if it can be no name
    def name(name)
      return name.to_sym if name.is_a?(Symbol) || name.is_a?(String)

      raise KindeSdk::InvalidArgumentError.new("names must be Symbols or Strings, not #{name.class}", status: :invalid_argument)
    rescue EncodingError
      raise KindeSdk::InvalidArgumentError.new("a name is not UTF-8", status: :invalid_utf8)
    end

    # Files, and what web frameworks make of uploaded ones.
    def file?(value)
      value.respond_to?(:read) && (value.respond_to?(:path) || value.respond_to?(:original_filename))
    end
    private_class_method :file?

    def file(value)
      name = value.respond_to?(:original_filename) ? value.original_filename : value.path
      type = value.content_type if value.respond_to?(:content_type)
      { data: [value.read.to_s].pack("m0"), filename: name && File.basename(name), content_type: type }.compact
    end
    private_class_method :file

    # A date of the standard library, which may not be loaded.
    def dated(value)
      value.respond_to?(:iso8601) ? value.iso8601 : value
    end
    private_class_method :dated
  end
end
