# frozen_string_literal: true

# Kinde's APIs by the names of the gem's documentation.
module KindeApi
  # @see KindeSdk::Client
  Client = KindeSdk::Client

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
