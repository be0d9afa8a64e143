# frozen_string_literal: true

require_relative "conversion"

module KindeApi
  # The body of a request, or a part of one. Its classes are made of the library's catalogue: `KindeApi::CreateUserRequest`,
  # `KindeApi::CreateUserRequestIdentitiesInner`, …
  #
  # Values are judged when they are sent. Where a value is a model itself, a Hash may stand for it.
  #
  # @example
  #   request = KindeApi::CreateUserRequest.new(profile: {given_name: "Ada"})
  #   request.profile.given_name #=> "Ada"
  class Model
    # By the name of an attribute, the model that it is made of, if it is.
    @models = {}

    class << self
      # @return [Array<Symbol>]
      def attribute_names
        models.keys
      end

      # A model of a Hash, such as parsed JSON. What is no attribute is left out.
      #
      # @param attributes [Hash] by symbols or strings
      # @return [Model, nil] nil if it is no Hash
      def build_from_hash(attributes)
        return unless attributes.is_a?(Hash)

        named = attributes.to_h { |name, value| [Conversion.name(name), value] }.slice(*attribute_names)
        new(named.to_h { |name, value| [name, made(name, value, :build_from_hash)] })
      end

      # @api private
      # @param fields [Array<Hash>] of the catalogue
      # @return [Class]
      def of(fields)
        Class.new(self) do
          @models = fields.to_h { |field| [field[:name].to_sym, field[:model] || field.dig(:items, :model)] }
          attribute_names.each { |name| attribute(name) }
        end
      end

      # @api private
      # @param by [Symbol] how a model is made of a Hash: `:new` or `:build_from_hash`
      # @return [Object] the value of an attribute, a Hash made the model that it stands for
      def made(name, value, by = :new)
        model = models[name] && KindeApi.const_get(models[name])
        return value unless model

        case value
        when Hash then model.public_send(by, value)
        when Array then value.map { |member| made(name, member, by) }
        else value
        end
      end

      private

      # Those of a subclass of an application are its parent's.
      def models
        @models || superclass.send(:models)
      end

      def attribute(name)
        define_method(name) { @values[name] }
        define_method(:"#{name}=") { |value| @values[name] = self.class.made(name, value) }
      end
    end

    # @param attributes [Hash] by symbols or strings
    # @param keywords [Hash{Symbol=>Object}] the same by name
    # @raise [ArgumentError] that names what is no attribute
    def initialize(attributes = {}, **keywords)
      @values = {}
      KindeSdk::InvalidArgumentError.check("attributes", attributes, Hash).merge(keywords).each do |name, value|
        name = Conversion.name(name)
        raise unknown(name) unless self.class.attribute_names.include?(name)

        @values[name] = self.class.made(name, value)
      end
    end

    # @param name [Symbol, String]
    # @return [Object, nil]
    def [](name)
      @values[Conversion.name(name)]
    end

    # @return [Hash{Symbol=>Object}] the attributes that were given, down to the bottom
    def to_hash
      Conversion.plain(@values)
    end
    alias to_h to_hash
    alias to_body to_hash

    # @return [String]
    def to_json(*arguments)
      to_hash.to_json(*arguments)
    end

    # @return [Boolean]
    def ==(other)
      other.instance_of?(self.class) && to_hash == other.to_hash
    end

    # @return [Boolean]
    def eql?(other)
      other.instance_of?(self.class) && to_hash.eql?(other.to_hash)
    end

    # @return [Integer]
    def hash
      [self.class, to_hash].hash
    end

    # @param names [Array<Symbol>, nil]
    # @return [Hash{Symbol=>Object}] for pattern matching
    def deconstruct_keys(names)
      names ? @values.slice(*names) : @values.dup
    end

    # @return [String] the names alone, because values may be secret
    def inspect
      "#<#{self.class} #{@values.keys.join(", ")}>"
    end

    private

    def initialize_copy(original)
      super
      @values = @values.dup
    end

    def unknown(name)
      names = self.class.attribute_names
      near = defined?(DidYouMean::SpellChecker) ? DidYouMean::SpellChecker.new(dictionary: names).correct(name) : []
      text = "#{name}: is no attribute of #{self.class}"
      text += near.empty? ? "; those are #{names.join(", ")}" : "; the nearest are #{near.join(", ")}"
      KindeSdk::InvalidArgumentError.new(text, status: :invalid_argument, details: { field: name.to_s })
    end
  end
end
