# frozen_string_literal: true

module KindeSdk
  module Core
    # The library's messages, on their way to a logger of Ruby.
    #
    # The library keeps them, and they are fetched after each call that may have said something: a callback into Ruby would
    # be lost in forked processes.
    module Log
      # The library's names of levels, by Ruby's numbers.
      SEVERITIES = { "error" => 3, "warn" => 2, "info" => 1, "debug" => 0 }.freeze
      private_constant :SEVERITIES

      # `KINDE_LOG_LEVEL_WARN`
      WARN = 2
      # `KINDE_LOG_LEVEL_DEBUG`
      DEBUG = 4

      @level = 0

      class << self
        # Says where messages go. There is one such place in the process.
        #
        # @param level [Integer] {WARN} or {DEBUG}
        # @yieldreturn [Logger, nil]
        # @return [void]
        def send_to(level, &logger)
          @logger = logger
          return if @level == level

          Native.kinde_set_log_callback(level, nil, nil)
          @level = level
        end

        # Hands over what was said since the last time.
        #
        # @return [void]
        def drain
          return if @level.zero?

          while (message = following)
            @logger.call&.add(SEVERITIES.fetch(message[:level], 1)) { "[kinde] #{message[:module]}: #{message[:message]}" }
          end
        end

        private

        def following
          places = Call.take_places
          text = Call.take_text(places.out) if Native.kinde_log_next(0, places.out, nil) == 0
          Call.give_back(places)
          Call.parse(text)
        end
      end
    end
  end
end
