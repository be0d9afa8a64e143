# frozen_string_literal: true

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
end
