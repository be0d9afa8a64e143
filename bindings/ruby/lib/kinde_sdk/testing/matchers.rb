# frozen_string_literal: true

require "rspec/expectations"
require "kinde_sdk"

module KindeSdk
  module Testing
    # Expectations of RSpec about a {Client}, or about `env["kinde"]`.
    #
    # @example
    #   RSpec.configure { |config| config.include KindeSdk::Testing::Matchers }
    #
    #   expect(client).to be_signed_in.and have_permission("read:orders")
    #   expect(client).to have_feature_flag("theme").with_value("dark")
    module Matchers
      extend RSpec::Matchers::DSL

      # @!method be_signed_in
      #   Expects an access token that has not expired.
      #   @return [RSpec::Matchers::DSL::Matcher]
      matcher :be_signed_in do
        match do |actual|
          actual.respond_to?(:authenticated?) ? actual.authenticated? : !actual.nil? && !actual.token_expired?
        end
        failure_message { "expected somebody to be signed in, but nobody is, or his access token has expired" }
        failure_message_when_negated { "expected nobody to be signed in, but somebody is" }
      end

      # @!method have_permission(key)
      #   Expects the user to have a permission.
      #   @param key [String]
      #   @return [RSpec::Matchers::DSL::Matcher]
      matcher :have_permission do |key|
        match { |actual| permissions_of(actual).include?(key.to_s) }
        failure_message { |actual| "expected the permission #{key.inspect}, but there are #{permissions_of(actual).inspect}" }
        failure_message_when_negated { "expected no permission #{key.inspect}, but it is there" }

        def permissions_of(actual)
          client = actual.respond_to?(:client) ? actual.client : actual
          client ? client.get_permissions(force_api: false)[:permissions] : []
        end
      end

      # @!method have_role(key)
      #   Expects the user to have a role.
      #   @param key [String]
      #   @return [RSpec::Matchers::DSL::Matcher]
      matcher :have_role do |key|
        match { |actual| roles_of(actual).include?(key.to_s) }
        failure_message { |actual| "expected the role #{key.inspect}, but there are #{roles_of(actual).inspect}" }
        failure_message_when_negated { "expected no role #{key.inspect}, but it is there" }

        def roles_of(actual)
          client = actual.respond_to?(:client) ? actual.client : actual
          client ? client.get_roles(force_api: false).map { |role| role[:key] } : []
        end
      end

      # @!method have_feature_flag(code)
      #   Expects a feature flag; with `.with_value(value)` one of this value.
      #   @param code [String]
      #   @return [RSpec::Matchers::DSL::Matcher]
      matcher :have_feature_flag do |code|
        chain(:with_value) { |value| @wanted = [value] }
        match { |actual| (flags = flags_of(actual)).key?(code.to_s) && (@wanted.nil? || @wanted == [flags[code.to_s]]) }
        failure_message do |actual|
          "expected the feature flag #{code.inspect}#{" with the value #{@wanted.first.inspect}" if @wanted}, " \
            "but there are #{flags_of(actual).inspect}"
        end
        failure_message_when_negated { "expected no such feature flag #{code.inspect}, but it is there" }

        def flags_of(actual)
          client = actual.respond_to?(:client) ? actual.client : actual
          client ? client.get_flags(force_api: false).to_h { |flag| [flag[:key], flag[:value]] } : {}
        end
      end
    end
  end
end
