# frozen_string_literal: true

module KindeSdk
  # The groups of operations of Kinde's APIs, as methods: `users`, `organizations`, `roles`, … Each gives the group's class
  # with this client, such as {KindeApi::UsersApi}. Whose token they ask by is said where this is included.
  #
  # @example
  #   client.users.get_users(page_size: 50).users.first.email
  #   client.organizations.create_organization(name: "Acme").organization.code
  module Apis
    KindeApi::GROUPS.each do |name, class_name|
      define_method(name) { KindeApi.const_get(class_name).new(api_client) }
    end

    # The Account API's, where the Management API has no group of that name.
    KindeApi::FRONTEND_GROUPS.each do |name, class_name|
      define_method(name) { KindeApi::Frontend.const_get(class_name).new(api_client) } unless method_defined?(name)
    end
  end
end
