# frozen_string_literal: true

module KindeSdk
  class Client
    # Who is signed in, and to which organization.
    module Users
      # @return [Hash{Symbol=>String, nil}] `id`, `given_name`, `family_name`, `email`, `picture`
      def get_user_details
        ask(&:user)
      end
      alias getUserDetails get_user_details

      # @return [Hash{Symbol=>String, nil}] `org_code`, nil if the user is signed in to none
      def get_organization
        ask(&:organization) || { org_code: nil }
      end
      alias getOrganization get_organization

      # @return [Hash{Symbol=>Array<String>}] `org_codes`
      def get_user_organizations
        ask_token({ org_codes: [] }, &:organizations)
      end
      alias getUserOrganizations get_user_organizations
    end
  end
end
