# frozen_string_literal: true

require "rack"
require_relative "rack/headers"
require_relative "rack/navigation"
require_relative "rack/session_cookies"
require_relative "rack/stored_session"
require_relative "rack/sign_ins"
require_relative "rack/authentication"
require_relative "rack/routes"
require_relative "rack/middleware"
require_relative "rack/bearer_auth"
require_relative "rack/webhooks"

module KindeSdk
  # Kinde for whatever speaks Rack: {Middleware} for applications with users in browsers, {BearerAuth} for APIs,
  # {Webhooks} for events that Kinde sends.
  #
  # Loaded when it is first named, because the gem `rack` is the application's, not one that this gem depends on.
  module Rack
  end
end
