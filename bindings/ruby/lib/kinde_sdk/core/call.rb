# frozen_string_literal: true

require "json"

module KindeSdk
  module Core
    # How a function of the library is called: its out parameters, its texts, its errors.
    module Call
      # Where the library writes a result and an error.
      class Places
        # @return [FFI::MemoryPointer]
        attr_reader :out, :error

        def initialize
          @out = FFI::MemoryPointer.new(:uint64)
          @error = FFI::MemoryPointer.new(:pointer)
        end
      end

      # The class for each status; the rest are {Error}.
      CLASSES = {
        (100..199) => InvalidArgumentError,
        (200..299) => ConfigurationError,
        (300..399) => NetworkError,
        (400..407) => OAuthError,
        (408..408) => RateLimitError,
        (409..409) => APIError,
        (500..599) => CallbackError,
        (702..702) => TokenExpiredError,
        (712..712) => FlagNotFoundError,
        (713..713) => InvalidArgumentError,
        (714..714) => AuthorizationError,
        (604..604) => NetworkError,
        (600..799) => TokenError,
        (801..801) => AuthenticationError,
        (802..803) => SessionError,
        (804..805) => StoreError
      }.freeze

      # Classes of {APIError} by the HTTP status.
      API_CLASSES = { 401 => AuthenticationError, 403 => AuthorizationError, 429 => RateLimitError }.freeze

      # The functions during which other threads run.
      BLOCKING = Native::FUNCTIONS.select { |_, declaration| declaration.blocking }.freeze

      # No interrupt at all. Ruby makes a copy of such a hash for each use, unless it is frozen and compares by identity.
      NEVER = { Object => :never }.compare_by_identity.freeze

      # How the JSON of the library is read, in one hash for all calls.
      PARSING = { symbolize_names: true, max_nesting: false }.freeze

      # The places that no call uses, for the next ones, where nothing comes between while an Array gives or takes one: in
      # CRuby no other thread, and no handler of a signal. Elsewhere each call has new ones.
      IDLE_PLACES = ([] if RUBY_ENGINE == "ruby")

      # What is nested deeper is no JSON of ours.
      DEEPEST = 100

      private_constant :DEEPEST, :Places, :CLASSES, :API_CLASSES, :BLOCKING, :NEVER, :PARSING, :IDLE_PLACES

      module_function

      # Takes places for a call. They are its own until the result is read: other threads and fibers run meanwhile, and the
      # handler of a signal may call the library before that.
      #
      # @return [Places]
      def take_places
        IDLE_PLACES&.pop || Places.new
      end

      # Gives places back of which everything has been read.
      #
      # @param places [Places]
      # @return [void]
      def give_back(places)
        IDLE_PLACES&.push(places)
        nil
      end

      # Calls a function without a result.
      #
      # @return [void]
      def plain(function, *arguments)
        uninterrupted(function) { complete(function, arguments) }
      end

      # Calls a function that writes its result to a place.
      #
      # @yieldparam out [FFI::MemoryPointer] that place
      # @return [Object] what the block makes of it
      def place(function, *arguments)
        uninterrupted(function) do
          places = succeed(function, arguments)
          result = yield places.out
          give_back(places)
          result
        end
      end

      # Calls a function that gives a text.
      #
      # @return [String, nil]
      def text(function, *arguments)
        uninterrupted(function) { text_of(function, arguments) }
      end

      # Calls a function that gives JSON.
      #
      # @return [Object]
      def json(function, *arguments)
        parse(uninterrupted(function) { text_of(function, arguments) })
      end

      # Calls a function that makes an object of the library.
      #
      # @yieldparam pointer [FFI::Pointer] to be owned by an {FFI::AutoPointer}
      # @return [Object] what the block makes of it
      def handle(function, *arguments)
        place(function, *arguments) { |out| yield out.read_pointer }
      end

      # @param place [FFI::MemoryPointer] where a `char *` of ours was written
      # @return [String, nil]
      def take_text(place)
        pointer = place.read_pointer
        return if pointer.null?

        begin
          pointer.read_string.force_encoding(Encoding::UTF_8)
        ensure
          Native.kinde_string_free(pointer)
        end
      end

      # The same error that the library gave, as an exception.
      #
      # @param place [FFI::MemoryPointer] where a `kinde_error *` was written
      # @return [Exception] one that includes {Failure}
      def error(place)
        pointer = place.read_pointer
        message = Native.kinde_error_message(pointer).to_s.dup.force_encoding(Encoding::UTF_8)
        exception(Native.kinde_error_status(pointer), message, details(pointer))
      ensure
        Native.kinde_error_free(pointer)
      end

      # @param details [Hash{Symbol=>Object}] what `kinde_error_details` gives
      # @return [Exception] one that includes {Failure}
      def failure(details)
        exception(details.fetch(:status), details.fetch(:message), details)
      end

      # Parameters as the library takes them.
      #
      # @param parameters [Hash]
      # @return [String]
      # @raise [InvalidArgumentError] if they cannot be JSON
      def parameters(parameters)
        InvalidArgumentError.check("parameters", parameters, Hash) unless parameters.is_a?(Hash)
        return "{}" if parameters.empty?

        JSON.generate(parameters)
      rescue JSON::JSONError, EncodingError => e
        field = unwritten(parameters)
        text = "#{field || "a parameter"}: cannot be JSON, which takes text in UTF-8 and finite numbers: #{e.class}"
        raise InvalidArgumentError.new(text, status: :invalid_argument, details: { field: field }.compact)
      end

      # @return [String, nil] where the first value stands that cannot be JSON
      def unwritten(value, *path)
        return if path.size > DEEPEST

        case value
        when Hash then unwritten_of(value, path)
        when Array then unwritten_of(value.each_index.zip(value), path)
        else JSON.generate([value]) && nil
        end
      rescue JSON::JSONError, EncodingError
        path.map { |name| name.to_s.scrub("?")[0, 80] }.join(".")[0, 400]
      end
      private_class_method :unwritten

      def unwritten_of(members, path)
        members.each { |name, member| place = unwritten(member, *path, name) and return place }
        nil
      end
      private_class_method :unwritten_of

      # A text as the library takes it.
      #
      # @param value [#to_s]
      # @return [String]
      def argument(value)
        text = value.is_a?(String) ? value : value.to_s
        return text if text.encoding == Encoding::UTF_8 || text.encoding.ascii_compatible?

        text.encode(Encoding::UTF_8)
      rescue EncodingError => e
        raise InvalidArgumentError.new("a text cannot be made UTF-8: #{e.class}", status: :invalid_utf8)
      end

      # @return [Class] of {APIError} or below, for an HTTP status
      def api_class(http_status)
        API_CLASSES.fetch(http_status, APIError)
      end

      # A time as the library takes it.
      #
      # @param seconds [Numeric]
      # @return [Integer]
      def milliseconds(seconds)
        (InvalidArgumentError.check("timeout", seconds, Numeric) * 1000).to_i
      rescue FloatDomainError
        raise out_of_range
      end

      # @return [InvalidArgumentError] for a number that the library has no room for
      def out_of_range
        InvalidArgumentError.new("a number is too large", status: :invalid_argument)
      end

      # @param text [String, nil]
      # @return [Object, nil] what the JSON says, with symbols as keys
      def parse(text)
        text && JSON.parse(text, PARSING)
      end

      # What a call gave must be freed, also if the thread was told to end, or its time was up, while it waited. No thread
      # leaves a call of the library earlier for it, so nothing is delayed.
      def uninterrupted(function)
        return yield unless BLOCKING.key?(function)

        begin
          # Not the block itself, of which Ruby would make an object for each call.
          Thread.handle_interrupt(NEVER) { yield }
        ensure
          Log.drain
        end
      end
      private_class_method :uninterrupted

      # @return [Places] with the result
      def succeed(function, arguments)
        places = take_places
        arguments.push(places.out, places.error)
        raise error(places.error) unless Native.public_send(function, *arguments) == 0

        places
      rescue RangeError, ArgumentError => e
        raise untold(e)
      end
      private_class_method :succeed

      def text_of(function, arguments)
        places = succeed(function, arguments)
        text = take_text(places.out)
        give_back(places)
        text
      end
      private_class_method :text_of

      def complete(function, arguments)
        places = take_places
        raise error(places.error) unless Native.public_send(function, *arguments, places.error) == 0

        give_back(places)
      rescue RangeError, ArgumentError => e
        raise untold(e)
      end
      private_class_method :complete

      # What FFI refuses to tell the library, as an error of ours; those of the library are some already.
      def untold(error)
        case error
        when Failure then error
        when RangeError then out_of_range
        else InvalidArgumentError.new("a text cannot be told to the library: #{error.message}", status: :invalid_argument)
        end
      end
      private_class_method :untold

      def details(pointer)
        out = FFI::MemoryPointer.new(:pointer)
        return {} unless Native.kinde_error_details(pointer, out).zero?

        parse(take_text(out)) || {}
      end
      private_class_method :details

      def exception(status, message, details)
        name = Native.kinde_status_name(status).downcase.to_sym
        class_of(status, details).new(message, status: name, details: details)
      end
      private_class_method :exception

      def class_of(status, details)
        _, found = CLASSES.find { |statuses, _| statuses.cover?(status) }
        found == APIError ? api_class(details[:http_status]) : found || Error
      end
      private_class_method :class_of
    end
  end
end
