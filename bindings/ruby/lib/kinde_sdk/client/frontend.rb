# frozen_string_literal: true

module KindeSdk
  class Client
    # The Account API by the names of the internal client that some applications call.
    class Frontend
      # @param client [Client]
      def initialize(client)
        @client = client
      end

      # @param page_size [Integer] 1 to 500
      # @param starting_after [String, nil] the id of the last one before
      # @return [Answer, nil]
      # @raise [APIError]
      def get_entitlements(page_size: 10, starting_after: nil)
        @client.entitlements(page_size: page_size, starting_after: starting_after)
      end

      # @param key [String, Symbol] of a feature
      # @return [Answer, nil]
      # @raise [APIError]
      def get_entitlement(key)
        @client.entitlement(key)
      end

      # @param page_size [Integer] 1 to 500
      # @param starting_after [String, nil] the id of the last one before
      # @return [Answer, nil]
      # @raise [APIError]
      def get_user_permissions(page_size: 10, starting_after: nil)
        @client.user_permissions(page_size: page_size, starting_after: starting_after)
      end

      # @param page_size [Integer] 1 to 500
      # @param starting_after [String, nil] the id of the last one before
      # @return [Answer, nil]
      # @raise [APIError]
      def get_user_properties(page_size: 10, starting_after: nil)
        @client.user_properties(page_size: page_size, starting_after: starting_after)
      end

      # @param page_size [Integer] 1 to 500
      # @param starting_after [String, nil] the id of the last one before
      # @return [Answer, nil]
      # @raise [APIError]
      def get_user_roles(page_size: 10, starting_after: nil)
        @client.user_roles(page_size: page_size, starting_after: starting_after)
      end

      # @param page_size [Integer] 1 to 500
      # @param starting_after [String, nil] the id of the last one before
      # @return [Answer, nil]
      # @raise [APIError]
      def get_feature_flags(page_size: 10, starting_after: nil)
        @client.user_feature_flags(page_size: page_size, starting_after: starting_after)
      end

      # @param subnav [String, nil] one of {PortalPage}, or another that Kinde has
      # @param return_url [String, nil] absolute
      # @return [Answer]
      # @raise [APIError]
      def get_portal_link(subnav: nil, return_url: nil)
        @client.portal_link(page: subnav, return_url: return_url)
      end

      # @return [Answer]
      # @raise [APIError]
      def get_user_profile_v2
        @client.enhanced_user_profile
      end
    end
  end
end
