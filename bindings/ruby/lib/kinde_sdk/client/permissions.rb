# frozen_string_literal: true

module KindeSdk
  class Client
    # What the user may do in the organization that he is signed in to.
    module Permissions
      # @param options [Hash, Symbol] `token_type`; `force_api`, to ask Kinde; `fallback_to_token`, to answer from the token
      #   if Kinde cannot be asked. A symbol means the token type
      # @return [Hash{Symbol=>Object}] `org_code` and `permissions`, a list of keys
      # @raise [APIError] if Kinde was to be asked and cannot be
      def get_permissions(options = {})
        return fresh_or_token(:permissions, options) { token_permissions(options) } if fresh?(options)

        token_permissions(options)
      end

      # @param permission [String, Symbol]
      # @param options (see #get_permissions)
      # @return [Hash{Symbol=>Object}] `org_code` and `is_granted`
      def get_permission(permission, options = {})
        found = get_permissions(options)
        { org_code: found[:org_code], is_granted: found[:permissions].include?(permission.to_s) }
      end
      alias getPermission get_permission

      # @param permission [String, Symbol]
      # @param options (see #get_permissions)
      # @return [Boolean]
      def permission_granted?(permission, options = nil)
        return get_permission(permission, options || {})[:is_granted] if options || @force_api

        begin
          answer = Core::Native.kinde_session_test_permission(@question_handle, permission)
          return answer == 1 if answer >= 0
        rescue TypeError, ArgumentError
          # What FFI does not take for a text, such as a Symbol.
        end
        ask { |session| session.permission?(permission) }
      end
      alias permissionGranted? permission_granted?

      # Permissions as Kinde has them now.
      #
      # @return (see #get_permissions)
      def getPermissions
        get_permissions(force_api: true)
      end

      # @return [Array<String>] keys of permissions as Kinde has them now
      def all_permissions
        getPermissions[:permissions]
      end
      alias getAllPermissions all_permissions

      # @param token_type [Symbol]
      # @return [Array<String>, nil] the claim as it stands in the token
      def get_permissions_legacy(token_type = :access_token)
        get_claim("permissions", token_type)&.fetch(:value)
      end

      private

      def token_permissions(options)
        type = token_type_of(options)
        ask_token({ org_code: nil, permissions: [] }) { |session| session.permissions(type) }
      end
    end
  end
end
