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
      when Time then value.strftime(value.utc? ? UTC : LOCAL)
      when String, Symbol, Numeric, true, false, nil then value
      else foreign(value, depth)
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

    # What is known by what it can do, because the library that it is of may not be loaded.
    def foreign(value, depth)
      if file?(value) then file(value)
      # Models and answers, and the parameters of a controller of Rails, which refuse if they were not permitted.
      elsif value.respond_to?(:to_hash) then plain(value.to_hash, depth + 1)
      # A span of time of ActiveSupport says so of itself, and is one of ISO 8601 too; Kinde counts seconds.
      elsif value.is_a?(Numeric) then value.to_i
      elsif value.respond_to?(:iso8601) then value.iso8601
      else value
      end
    end
    private_class_method :foreign

    # Files, what is read like one, and what web frameworks make of uploaded ones. A Pathname is none, but a text.
    def file?(value)
      value.respond_to?(:read) && (value.respond_to?(:rewind) || value.respond_to?(:original_filename))
    end
    private_class_method :file?

    def file(value)
      name = %i[original_filename path].find { |it| value.respond_to?(it) }
      name &&= value.public_send(name)
      type = value.content_type if value.respond_to?(:content_type)
      { data: [value.read.to_s].pack("m0"), filename: name && File.basename(name), content_type: type }.compact
    end
    private_class_method :file
  end
end
