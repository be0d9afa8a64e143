# frozen_string_literal: true

module KindeSdk
  # What an API answered: its fields are methods and can be read like those of a Hash too. A field that is not there is nil,
  # because Kinde leaves out what is empty.
  #
  # @example
  #   answer.data.permissions.first.key
  #   answer[:data][:permissions]
  class Answer
    # The names of what is nobody's to see; `next_token` is the place in a list.
    SECRET = /(?<!next_)(?:token|secret|password|api_key)\z/i.freeze
    private_constant :SECRET

    # @param value [Object] of JSON, with symbols as keys
    # @return [Object] the same, with each object as an {Answer}
    def self.of(value)
      case value
      when Hash then new(value.transform_values { |member| of(member) })
      when Array then value.map { |member| of(member) }
      else value
      end
    end

    # @param fields [Hash{Symbol=>Object}]
    def initialize(fields)
      @fields = fields
    end

    # @param name [Symbol, String]
    # @return [Object, nil]
    def [](name)
      @fields[field(name)]
    end

    # @param name [Symbol, String]
    # @return [Boolean]
    def key?(name)
      @fields.key?(field(name))
    end

    # @return [Object, nil]
    def dig(name, *more)
      found = self[name]
      more.empty? || found.nil? ? found : found.dig(*more)
    end

    # @yieldparam name [Symbol]
    # @yieldparam value [Object]
    def each_pair(&block)
      block ? @fields.each_pair(&block) : @fields.each_pair
    end

    # @yieldparam name [Symbol] of each field, if there is a block
    # @yieldparam value [Object]
    # @yieldreturn [Array] what stands for the two, as for a Hash
    # @return [Hash{Symbol=>Object}] down to the bottom
    def to_h(&block)
      made = @fields.transform_values { |value| plain(value) }
      block ? made.to_h(&block) : made
    end
    alias to_hash to_h

    # @param names [Array<Symbol>, nil]
    # @return [Hash{Symbol=>Object}] for pattern matching
    # @example
    #   case users.get_user_data("kp_1")
    #   in {email: String => email, is_suspended: false} then notify(email)
    #   end
    def deconstruct_keys(names)
      names ? @fields.slice(*names) : @fields.dup
    end

    # @return [String]
    def to_json(*arguments)
      to_h.to_json(*arguments)
    end

    # @return [Boolean] whether the other one is an answer, or a Hash, with the same fields
    def ==(other)
      (other.is_a?(Answer) || other.is_a?(Hash)) && to_h == other.to_h
    end

    # @return [Boolean]
    def eql?(other)
      other.is_a?(Answer) && to_h.eql?(other.to_h)
    end

    # @return [Integer]
    def hash
      to_h.hash
    end

    # @return [String] without what is named like a secret
    def inspect
      "#<#{self.class} #{@fields.map { |name, value| "#{name}=#{shown(name, value)}" }.join(", ")}>"
    end

    # @return [Boolean]
    def respond_to_missing?(name, _include_private = false)
      # One that YAML has not filled yet has no fields.
      (@fields&.key?(name) && field_name?(name)) || super
    end

    private

    def method_missing(name, *arguments, &block)
      return super unless arguments.empty? && field_name?(name)
      # Nobody gives a block to a field: it is one for `each` or `map`, which belong to the list inside.
      return super if block && !@fields.key?(name)

      @fields[name]
    end

    # What asks whether an object can stand for a String or an Array must hear no.
    def field_name?(name)
      name.match?(/\A(?!to_)[a-z_][a-z0-9_]*\z/i)
    end

    def shown(name, value)
      (value.is_a?(String) || value.is_a?(Answer)) && name.match?(SECRET) ? "[hidden]" : value.inspect
    end

    def field(name)
      name.is_a?(String) ? name.to_sym : name
    end

    def plain(value)
      case value
      when Answer then value.to_h
      when Array then value.map { |member| plain(member) }
      else value
      end
    end
  end
end
