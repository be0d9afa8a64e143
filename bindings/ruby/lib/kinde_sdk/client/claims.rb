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
        number = token_type == :access_token ? Core::Session::ACCESS_TOKEN : token_type_of(token_type)
        value = begin
          @session.claim(claim, number)
        rescue TokenError
          claim_value(claim, number)
        end
        { name: claim, value: value } unless value.nil?
      end
      alias getClaim get_claim

      private

      # After a renewal, if that is what is needed.
      def claim_value(name, number)
        ask_token(nil) { |session| session.claim(name, number) }
      end
    end
  end
end
