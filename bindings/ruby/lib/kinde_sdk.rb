# frozen_string_literal: true

require_relative "kinde_sdk/core"
require_relative "kinde_sdk/configuration"
require_relative "kinde_sdk/answer"
require_relative "kinde_sdk/token_hash"
require_relative "kinde_sdk/machine_tokens"
require_relative "kinde_sdk/token_store"
require_relative "kinde_sdk/token_manager"
require_relative "kinde_api/lazy"
require_relative "kinde_api/api_client"
require_relative "kinde_sdk/apis"
require_relative "kinde_sdk/management"
require_relative "kinde_sdk/client"
require_relative "kinde_sdk/sign_in"
require_relative "kinde_sdk/tokens"
require_relative "kinde_sdk/logout_url"
require_relative "kinde_api/flows"
require_relative "kinde_sdk/rails/engine" if defined?(Rails::Engine)

# Kinde for Ruby: sign-in, tokens, users, permissions and feature flags.
#
# @example
#   KindeSdk.configure do |c|
#     c.domain = "https://example.kinde.com"
#     c.client_id = ENV["KINDE_CLIENT_ID"]
#     c.client_secret = ENV["KINDE_CLIENT_SECRET"]
#     c.callback_url = "https://app.example.com/callback"
#   end
#
#   sign_in = KindeSdk.auth_url           # keep all of it but `url` for this user, then redirect to `url`
#   tokens = KindeSdk.fetch_tokens(params, code_verifier: sign_in[:code_verifier], nonce: sign_in[:nonce])
#   client = KindeSdk.client(tokens)
#   client.permission_granted?("read:orders")
module KindeSdk
  autoload :Rack, File.expand_path("kinde_sdk/rack", __dir__)

  extend SignIn
  extend Tokens
  extend LogoutUrl

  class << self
    # @return [Configuration]
    def config
      @config ||= Configuration.new
    rescue Ractor::IsolationError
      Core.check_ractor
      raise
    end

    # @param config [Configuration, nil] nil for a new one, as it is before {.configure}
    # @raise [InvalidArgumentError]
    def config=(config)
      @config = InvalidArgumentError.check("config", config, Configuration, NilClass)
    end

    # @yieldparam config [Configuration]
    # @return [Configuration]
    def configure
      yield config if block_given?
      Core::Log.send_to(config.debugging ? Core::Log::DEBUG : Core::Log::WARN) { config.logger }
      config
    end

    # Kinde's Management API by the application's own token, which is obtained and renewed by itself.
    #
    # @return [Management]
    # @example
    #   KindeSdk.management.users.create_user(profile: {given_name: "Ada"})
    def management
      Management.new(config)
    end

    # What Kinde's API calls need, to call them by a token that the application has got by itself.
    #
    # @param bearer_token [String]
    # @return [KindeApi::ApiClient]
    def api_client(bearer_token)
      KindeApi::ApiClient.new(bearer_token, config)
    end
    alias apiClient api_client
  end
end
