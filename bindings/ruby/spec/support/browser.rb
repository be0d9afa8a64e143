# frozen_string_literal: true

require "securerandom"
require "rack"
require "rack/test"

# A browser of a Rack application, with its cookies. Pages of Kinde are the emulator's.
class Browser
  include Rack::Test::Methods

  # @return [#call]
  attr_reader :app

  # @param app [#call]
  # @param emulator [Emulator]
  def initialize(app, emulator)
    @app = Rack::Lint.new(app)
    @emulator = emulator
  end

  # Opens a page that leads to Kinde, signs in there, and comes back.
  #
  # @return [Rack::MockResponse] the answer to the callback
  def sign_in(path = "/login", **params)
    get(path, params)
    raise "#{path}: #{last_response.status} #{last_response.body}" unless last_response.redirect?

    come_back(location)
  end

  # Goes on from a page of Kinde to the callback.
  #
  # @return [Rack::MockResponse]
  def come_back(url)
    get(@emulator.browse(url).request_uri)
    last_response
  end

  # @return [String] where the last answer leads
  def location
    last_response.headers.fetch("Location")
  end

  # @return [Array<String>] the cookies that the last answer sets, whole
  def set_cookies
    last_response.headers["Set-Cookie"].to_s.split("\n")
  end

  # @return [Hash{String=>String}] the cookies that it has
  def cookies
    rack_mock_session.cookie_jar.to_hash.reject { |_, value| value.empty? }
  end

  # Another one with the same cookies, as another tab or thread of the same browser is.
  #
  # @return [Browser]
  def twin
    self.class.new(@app, @emulator).tap do |other|
      cookies.each { |name, value| other.set_cookie("#{name}=#{value}") }
    end
  end
end

# Browsers of applications behind {KindeSdk::Rack::Middleware}.
module Browsers
  # The answer of the application is what the block gives, called with `env["kinde"]` and the environment.
  def browser(**options, &block)
    block ||= ->(kinde, _env) { kinde.authenticated? ? kinde.user[:email] : "nobody" }
    inner = lambda do |env|
      answer = block.call(env["kinde"], env)
      answer.is_a?(Array) ? answer : [200, { "Content-Type" => "text/plain" }, [answer.to_s]]
    end
    options = { login_path: "/login", register_path: "/register", logout_path: "/logout", **options }
    Browser.new(KindeSdk::Rack::Middleware.new(inner, **options), emulator)
  end

  # Lets a sign-in in the block give an access token that has expired.
  def with_expired_token
    emulator.post("/clock", { shift_seconds: -50 })
    emulator.patch("/applications?client_id=emulator_web", { access_token_seconds: 1 })
    KindeSdk.config.set(:clock_leeway_seconds, 55)
    yield
  ensure
    KindeSdk.config.set(:clock_leeway_seconds, 0)
    emulator.post("/clock", { reset: true })
    emulator.patch("/applications?client_id=emulator_web", { access_token_seconds: 3600 })
  end
end
