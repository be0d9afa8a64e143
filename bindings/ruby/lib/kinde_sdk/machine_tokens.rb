# frozen_string_literal: true

module KindeSdk
  # A machine's token as Kinde answered it, which knows what application of Kinde it was got for: another one than the
  # configured one is not accepted of anybody else.
  class MachineTokens < Hash
    # @return [String, nil] nil for the configured application
    attr_reader :client_id

    # @api private
    # @return [MachineTokens]
    def self.of(tokens, client_id)
      new.replace(tokens).tap { |made| made.instance_variable_set(:@client_id, client_id) }
    end
  end
  private_constant :MachineTokens
end
