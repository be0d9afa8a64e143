# frozen_string_literal: true

module KindeSdk
  class Client
    # The roles that the user has in the organization that he is signed in to.
    module Roles
      # From the token, or as Kinde has them now if the token names none: roles are in it only if the application's token
      # customization says so.
      #
      # @param options [Hash, Symbol] as {Permissions#get_permissions} takes them
      # @return [Array<Hash{Symbol=>String, nil}>] `id`, `name`, `key`
      # @raise [APIError] if Kinde was to be asked and cannot be
      def get_roles(options = {})
        return fresh_or_token(:roles, options) { { roles: token_roles(options) } }[:roles] if fresh?(options)

        roles = token_roles(options)
        roles.empty? && wants_fresh_roles?(options) ? fetch(:roles)[:roles] : roles
      end

      # @param role_keys [String, Array<String>, nil]
      # @param options (see #get_roles)
      # @return [Boolean] whether the user has all of them; true if there are none, false if they cannot be had
      def has_roles?(role_keys, options = {})
        wanted = Array(role_keys).map(&:to_s)
        wanted.empty? || (wanted - get_roles(options).map { |role| role[:key] }).empty?
      rescue StandardError => e
        log&.error("[kinde] the user's roles cannot be had: #{e.message}")
        false
      end
      alias hasRoles has_roles?

      # Roles as Kinde has them now.
      #
      # @return (see #get_roles)
      def getRoles
        get_roles(force_api: true)
      end

      private

      def token_roles(options)
        type = token_type_of(options)
        ask_token({ roles: [] }) { |session| session.roles(type) }[:roles]
      end

      # A call that says `force_api: false` gets no request over the network.
      def wants_fresh_roles?(options)
        !options.is_a?(Hash) || options[:force_api] != false
      end
    end
  end
end
