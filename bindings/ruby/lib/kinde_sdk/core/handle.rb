# frozen_string_literal: true

module KindeSdk
  module Core
    # An object of the library, which is freed when Ruby collects this one.
    class OwnedPointer < FFI::AutoPointer
      # A Ractor copies what it is given, and FFI before 1.17.3 lets the copy free the same object again.
      def initialize_copy(_original)
        ObjectSpace.undefine_finalizer(self)
        raise Error, ONE_RACTOR
      end
    end
    private_constant :OwnedPointer

    # What {Client} and {Session} have in common.
    module Owner
      # @return [String] without anything secret
      def inspect
        "#<#{self.class}>"
      end

      private

      # @raise [Error]
      def initialize_copy(_original)
        raise Error, "a #{self.class} cannot be copied. #{ONE_RACTOR}"
      end
    end
    private_constant :Owner
  end
end
