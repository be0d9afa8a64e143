# frozen_string_literal: true

require_relative "kinde_sdk/version"

# Kinde's APIs by the names of the gem's documentation.
module KindeApi
  # What a call of an API needs: the access token, and where to send it.
  class ApiClient
    # @return [KindeSdk::Configuration]
    attr_reader :config

    # @param bearer_token [String]
    # @param config [KindeSdk::Configuration]
    def initialize(bearer_token, config)
      @bearer_token = bearer_token
      @config = config
    end

    # @return [String] without the token
    def inspect
      "#<#{self.class} domain=#{config.domain.inspect}>"
    end
  end

  class << self
    # @!method fetch_tokens(*arguments, **options)
    #   @see KindeSdk::Tokens#fetch_tokens
    # @!method client(*arguments)
    #   @see KindeSdk::Tokens#client
    # @!method token_expired?(*arguments, **options)
    #   @see KindeSdk::Tokens#token_expired?
    # @!method refresh_token(*arguments, **options)
    #   @see KindeSdk::Tokens#refresh_token
    %i[fetch_tokens client token_expired? refresh_token].each do |name|
      define_method(name) { |*arguments, **options| KindeSdk.public_send(name, *arguments, **options) }
    end
  end
end
