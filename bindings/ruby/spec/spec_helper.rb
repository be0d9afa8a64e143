# frozen_string_literal: true

$LOAD_PATH.unshift(File.expand_path("../lib", __dir__))
ENV["KINDE_LIBRARY"] ||= File.expand_path("../../../target/debug/libkinde.so", __dir__)

require "kinde_sdk"
require "logger"
require "stringio"
require_relative "support/emulator"
require_relative "support/process"
require_relative "support/watchdog"

# What every test may use.
module KindeHelpers
  # @return [Emulator] one for all tests
  def self.emulator
    @emulator ||= Emulator.new.tap { |emulator| at_exit { emulator.stop } }
  end

  # @return [Emulator] as it is after its start
  def emulator
    KindeHelpers.emulator
  end

  # @return [String] what was logged
  def logged
    @log.string
  end

  def configure(**settings)
    KindeSdk.configure do |c|
      settings.each { |name, value| c.public_send(:"#{name}=", value) }
    end
  end

  # @return [KindeSdk::TokenHash] of a real sign-in
  def sign_in(**params)
    request = KindeSdk.auth_url(**params)
    callback = emulator.callback(request[:url])
    KindeSdk.fetch_tokens(callback, code_verifier: request[:code_verifier], nonce: request[:nonce])
  end

  # @return [KindeSdk::Client] of a token with these claims
  def client_with(claims = {}, id_claims: nil, **options)
    tokens = { access_token: emulator.mint(claims: claims) }
    tokens[:id_token] = emulator.mint(template: "id", claims: id_claims) if id_claims
    KindeSdk.client({ **tokens, **options })
  end
end

RSpec.configure do |config|
  config.include KindeHelpers
  config.include Processes
  config.disable_monkey_patching!
  config.warnings = true

  # A test may wait for several programs.
  watchdog = Watchdog.new(3 * Processes::LIMIT)
  config.before(:context) { watchdog.watch(self.class.description) }
  config.before { |example| watchdog.watch(example.full_description) }
  config.after(:suite) { watchdog.watch("the end") }

  config.before do
    emulator.reset
    @log = StringIO.new
    KindeSdk.config = KindeSdk::Configuration.new
    configure(domain: emulator.url, **Emulator::WEB, callback_url: Emulator::CALLBACK_URL, logout_url: Emulator::LOGOUT_URL,
              logger: Logger.new(@log))
  end
end
