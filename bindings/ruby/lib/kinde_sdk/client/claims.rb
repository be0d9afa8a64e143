# frozen_string_literal: true

module KindeSdk
  class Client
    # What the tokens say.
    module Claims
      # @param claim [String, Symbol]
      # @param token_type [Symbol] `:access_token` or `:id_token`
      # @return [Hash{Symbol=>Object}, nil] `name` and `value`; nil if the token lacks the claim, or there is no such token
      # @example
      #   client.get_claim("aud") #=> {name: "aud", value: ["https://api.example.com"]}
      def get_claim(claim, token_type = :access_token)
        value = claim_value(claim.to_s, token_type)
        { name: claim, value: value } unless value.nil?
      end
      alias getClaim get_claim

      private

      def claim_value(name, token_type)
        number = token_type_of(token_type)
        ask { |session| session.claim(name, number) }
      rescue TokenError => e
        raise unless e.status == :claim_missing
      end
    end
  end
end
