# frozen_string_literal: true

require "rails/generators"

# What `rails generate` offers for Kinde.
module Kinde
  # Sets Kinde up in a Rails application: `rails generate kinde:install`.
  class InstallGenerator < Rails::Generators::Base
    source_root File.expand_path("templates", __dir__)

    desc "Writes config/initializers/kinde_sdk.rb, and mounts Kinde's pages in config/routes.rb."

    class_option :at, type: :string, default: "/kinde_sdk", desc: "Where the pages are mounted"

    # @return [void]
    def write_initializer
      template "initializer.rb.tt", "config/initializers/kinde_sdk.rb"
    end

    # @return [void]
    def mount_engine
      route %(mount KindeSdk::Engine, at: "#{mount_path.empty? ? "/" : mount_path}")
    end

    # @return [void]
    def say_what_to_do
      say <<~TEXT

        Allow these addresses in Kinde, under Applications > your application > Details:
          callback URL         http://localhost:3000#{mount_path}/callback
          logout redirect URL  http://localhost:3000/
        Then set KINDE_DOMAIN, KINDE_CLIENT_ID and KINDE_CLIENT_SECRET, and open http://localhost:3000#{mount_path}/auth
      TEXT
    end

    private

    # What stands before the paths of the pages: nothing, if they are at the root.
    def mount_path
      options[:at].gsub(%r{\A/*|/+\z}, "").then { |path| path.empty? ? "" : "/#{path}" }
    end
  end
end
