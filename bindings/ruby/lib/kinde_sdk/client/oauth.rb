# frozen_string_literal: true

module KindeSdk
  class Client
    # The operations about the user's own account beside the sign-in, by the names of the documentation.
    class OAuth < KindeApi::OAuthApi
      # @param client [Client]
      # @param api_client [KindeApi::ApiClient]
      def initialize(client, api_client)
        super(api_client)
        @client = client
      end

      # @return [Hash{Symbol=>String, nil}] `id`, `preferred_email`, `provided_id`, `last_name`, `first_name`, `picture`
      # @raise [APIError]
      def get_user
        profile = get_user_profile_v2
        { id: profile.id || profile.sub, preferred_email: profile.email, provided_id: profile.provided_id,
          last_name: profile.family_name, first_name: profile.given_name, picture: profile.picture }
      end

      # @return [Answer] `sub`, `name`, `given_name`, `family_name`, `email`, `picture` and what else Kinde says
      # @raise [APIError]
      def get_user_profile_v2
        @client.enhanced_user_profile
      end
    end
  end
end
