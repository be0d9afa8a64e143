# frozen_string_literal: true

require "rails/engine"
require "active_support/current_attributes"
require_relative "session_keys"
require_relative "current"
require_relative "middleware"
require_relative "webhooks"

module KindeSdk
  # Kinde for Rails: pages for signing in and out, helpers, and `request.env["kinde"]` for every request.
  #
  # @example config/routes.rb
  #   mount KindeSdk::Engine, at: "/kinde_sdk"
  class Engine < ::Rails::Engine
    isolate_namespace KindeSdk

    # Classes that are made when they are first named are made before the processes fork.
    config.eager_load_namespaces << KindeApi

    initializer "kinde_sdk.middleware" do |app|
      # Outside of what makes pages of exceptions, so that tokens which were renewed are kept although a page failed.
      app.middleware.insert_before(0, Rack::Middleware, adopt: SessionKeys.method(:adopt))
      app.middleware.use(Middleware)
    end

    # An application has a secret already, so it needs no further one to keep sessions. The initializers of the application,
    # which may set one, have run before.
    config.after_initialize do |app|
      KindeSdk.config.seal_keys ||= [app.key_generator.generate_key("kinde session seal", 32).unpack1("H*")]
    rescue ArgumentError
      # Tasks such as precompiling assets run without a secret, and sign nobody in.
    end
  end
end
