# frozen_string_literal: true

module KindeSdk
  module Core
    # A list of an API, read page by page. Any number of threads may use it; each page goes to one of them.
    class Pages
      include Owner

      # Frees the library's object when Ruby collects this one.
      class Handle < OwnedPointer
        # @api private
        # @return [void]
        def self.release(pointer)
          Native.kinde_pages_free(pointer)
        end
      end
      private_constant :Handle

      # @api private
      def initialize(pointer)
        @handle = Handle.new(pointer)
      end

      # Asks for the next page. After a failure the same one is asked for again.
      #
      # @return [Hash{Symbol=>Object}, nil] `items`, `status`, `headers`, and `data`: what stands beside the items; nil at the
      #   end of the list
      # @raise [APIError]
      def next
        Call.json(:kinde_pages_next, @handle)
      end
    end
  end
end
