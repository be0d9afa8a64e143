# frozen_string_literal: true

module KindeSdk
  # A set of tokens, to be kept by the application: a Hash whose values can be read by symbol and by string, whatever its
  # keys are. Plain hashes of either kind may be handed back.
  #
  # @example
  #   tokens = KindeSdk.fetch_tokens(code, code_verifier: verifier)
  #   tokens[:access_token] == tokens["access_token"]
  #   session[:kinde_auth] = tokens.slice(:access_token, :refresh_token, :expires_at)
  class TokenHash < Hash
    # What a token set consists of.
    KEYS = %i[access_token refresh_token expires_at id_token scope token_type expires_in].freeze

    class << self
      # @param tokens [Hash{Symbol=>Object}] as the library gives them
      # @return [TokenHash] with symbols as keys
      def by_symbol(tokens)
        InvalidArgumentError.check("tokens", tokens, Hash)
        found = new.replace(tokens.slice(*KEYS))
        found.compact!
        found
      end

      # @param (see .by_symbol)
      # @return [TokenHash] with strings as keys
      def by_string(tokens)
        by_symbol(tokens).transform_keys!(&:to_s)
      end

      # @param tokens [Hash, #to_h, nil] with symbols or strings as keys
      # @return [Hash{Symbol=>Object}] what of it belongs to a token set
      # @raise [InvalidArgumentError] if it is nothing like a hash
      def normalize(tokens)
        return {} if tokens.nil?
        raise refusal(tokens) unless tokens.respond_to?(:[]) && tokens.respond_to?(:each_pair)

        KEYS.each_with_object({}) do |key, found|
          value = tokens[key]
          value = tokens[key.to_s] if value.nil?
          found[key] = value unless value.nil?
        end
      end

      private

      def refusal(tokens)
        InvalidArgumentError.new("tokens: must be a Hash with access_token, not #{tokens.class}",
                                 status: :invalid_argument, details: { field: "tokens" })
      end
    end

    # @return [Object, nil]
    def [](key)
      super(present(key))
    end

    # @return [Object] the value, now under the key that was there in either kind of name
    def []=(key, value)
      store(present(key), value)
    end

    # @return [Object]
    def fetch(key, *default, &block)
      super(present(key), *default, &block)
    end

    # @return [Boolean]
    def key?(key)
      super(present(key))
    end
    alias has_key? key?
    alias include? key?
    alias member? key?

    # @return [Object, nil]
    def dig(key, *more)
      super(present(key), *more)
    end

    # @return [Object, nil]
    def delete(key)
      super(present(key))
    end

    # @return [Array<Object>]
    def values_at(*keys)
      super(*keys.map { |key| present(key) })
    end

    # @return [Array<Object>]
    def fetch_values(*keys, &block)
      super(*keys.map { |key| present(key) }, &block)
    end

    # @return [TokenHash] of these keys, as they are named
    def slice(*keys)
      keys.each_with_object(self.class.new) do |key, part|
        part.store(key, self[key]) if key?(key)
      end
    end

    # @return [TokenHash] without these keys, however they are named
    def except(*keys)
      absent = keys.map { |key| present(key) }
      self.class.new.merge!(reject { |key, _| absent.include?(key) })
    end

    # @return [Hash] an ordinary one
    def to_h
      block_given? ? super : {}.merge!(self)
    end
    alias to_hash to_h

    # @return [String] without the tokens
    def inspect
      "#<#{self.class} #{keys.join(", ")}>"
    end
    alias to_s inspect

    # @return [void] without the tokens, which `pp` and the console would show
    def pretty_print(printer)
      printer.text(inspect)
    end

    private

    # The key under which it is stored, if it is at all.
    def present(key)
      return key if stored?(key)

      case key
      when Symbol then key.to_s
      when String then key.to_sym
      else key
      end
    rescue EncodingError
      key
    end

    def stored?(key)
      Hash.instance_method(:key?).bind_call(self, key)
    end
  end
end
