# frozen_string_literal: true

module KindeSdk
  class Client
    # The feature flags of the user and the organization that he is signed in to.
    module FeatureFlags
      # The types of flags by the letters that {#get_flag} takes.
      TYPES = { "b" => "boolean", "s" => "string", "i" => "integer", "o" => "object", "j" => "object" }.freeze
      private_constant :TYPES

      # @param options [Hash, Symbol] as {Permissions#get_permissions} takes them
      # @return [Array<Hash{Symbol=>Object}>] `key`, `value`, `type`
      # @raise [APIError] if Kinde was to be asked and cannot be
      def get_flags(options = {})
        return token_flags(options) unless fresh?(options)

        fresh_or_token(:flags, options) { { feature_flags: token_flags(options) } }[:feature_flags]
      end

      # @param name [String, Symbol]
      # @param options [Hash, Symbol] `default_value`, and those of {#get_flags}
      # @param flag_type [String, nil] "b", "s", "i" or "o", which the flag must have
      # @return [Hash{Symbol=>Object}] `code`, `type`, `value`, `is_default`; without `type` if it is the default
      # @raise [FlagNotFoundError] if there is none, and no default was given
      # @raise [ArgumentError] if the flag, or the default, is of another type
      # @example
      #   client.get_flag("theme") #=> {code: "theme", type: "string", value: "pink", is_default: false}
      def get_flag(name, options = {}, flag_type = nil)
        type = flag_type && TYPES.fetch(flag_type.to_s, flag_type.to_s)
        found = find_flag(name.to_s, options, type)
        return found if found

        default = options.is_a?(Hash) ? options[:default_value] : nil
        raise not_found if default.nil?
        raise wrong_type(name) unless type.nil? || type?(default, type)

        { code: name, value: default, is_default: true }
      end
      alias getFlag get_flag

      # @param name [String, Symbol]
      # @param default_value [Boolean, nil]
      # @param options (see #get_flags)
      # @return [Boolean]
      # @raise (see #get_flag)
      def get_boolean_flag(name, default_value = nil, options = nil)
        return typed_flag(name, "b", default_value, options || {}) if options || @force_api

        begin
          answer = Core::Native.kinde_session_test_flag(@question_handle, name)
          return answer == 1 if answer >= 0
        rescue TypeError, ArgumentError
          # What FFI does not take for a text, such as a Symbol.
        end
        scalar_flag(name, "b", default_value, :boolean_flag)
      end
      alias getBooleanFlag get_boolean_flag

      # @param name [String, Symbol]
      # @param default_value [String, nil]
      # @param options (see #get_flags)
      # @return [String]
      # @raise (see #get_flag)
      def get_string_flag(name, default_value = nil, options = nil)
        return typed_flag(name, "s", default_value, options || {}) if options || force_api

        scalar_flag(name, "s", default_value, :string_flag)
      end
      alias getStringFlag get_string_flag

      # @param name [String, Symbol]
      # @param default_value [Integer, nil]
      # @param options (see #get_flags)
      # @return [Integer]
      # @raise (see #get_flag)
      def get_integer_flag(name, default_value = nil, options = nil)
        return typed_flag(name, "i", default_value, options || {}) if options || force_api

        scalar_flag(name, "i", default_value, :integer_flag)
      end
      alias getIntegerFlag get_integer_flag

      # @param conditions [String, Hash, Array<String, Hash>, nil] codes, or hashes of `flag` and `value`
      # @param options (see #get_flags)
      # @return [Boolean] whether the user has all of these flags, with these values; true if there are none, false if they
      #   cannot be had
      def has_feature_flags?(conditions, options = {})
        wanted = conditions.is_a?(Hash) ? [conditions] : Array(conditions)
        return true if wanted.empty?

        flags = get_flags(options).to_h { |flag| [flag[:key], flag[:value]] }
        wanted.all? { |condition| holds?(condition, flags) }
      rescue StandardError => e
        log&.error("[kinde] the feature flags cannot be had: #{e.message}")
        false
      end
      alias hasFeatureFlags has_feature_flags?

      # Feature flags as Kinde has them now.
      #
      # @return (see #get_flags)
      def getFlags
        get_flags(force_api: true)
      end

      private

      def token_flags(options)
        type = token_type_of(options)
        ask_token([]) { |session| session.flags(type) }
      end

      def find_flag(name, options, type)
        found = fresh?(options) ? listed_flag(name, options) : token_flag(name, options)
        raise wrong_type(name) if found && type && found[:type] != type

        found
      end

      def listed_flag(name, options)
        flag = get_flags(options).find { |candidate| candidate[:key] == name }
        flag && { code: name, type: flag[:type], value: flag[:value], is_default: false }
      end

      def token_flag(name, options)
        return listed_flag(name, options) unless options.is_a?(Hash) && !options.key?(:token_type)

        ask { |session| session.flag(name) }
      rescue FlagNotFoundError
        nil
      end

      def scalar_flag(name, letter, default, question)
        @session.public_send(question, name)
      rescue TokenExpiredError
        ask { |session| session.public_send(question, name) }
      rescue FlagNotFoundError
        raise not_found if default.nil?
        raise wrong_type(name) unless type?(default, TYPES.fetch(letter))

        default
      rescue InvalidArgumentError => e
        raise e.status == :flag_type ? wrong_type(name) : e
      end

      def typed_flag(name, letter, default, options)
        options = { token_type: options } if options.is_a?(Symbol)
        get_flag(name, { **options, default_value: default }, letter)[:value]
      end

      def holds?(condition, flags)
        return flags.key?(condition.to_s) unless condition.is_a?(Hash)

        name = (condition[:flag] || condition["flag"]).to_s
        value = condition.fetch(:value) { condition["value"] }
        flags.key?(name) && flags[name] == value
      end

      def type?(value, type)
        case type
        when "boolean" then [true, false].include?(value)
        when "string" then value.is_a?(String)
        when "integer" then value.is_a?(Integer)
        else value.is_a?(Hash) || value.is_a?(Array)
        end
      end

      # Existing callers rely on these texts.
      def not_found
        FlagNotFoundError.new("This flag was not found, and no default value has been provided", status: :flag_not_found)
      end

      def wrong_type(name)
        InvalidArgumentError.new("Flag #{name} value type is different from requested type", status: :flag_type)
      end
    end
  end
end
