# frozen_string_literal: true

require "capybara"
require "selenium-webdriver"

# What has gone with its page is looked for again. Newer drivers call that an unknown error.
module GoneWithItsPage
  def invalid_element_errors
    super + [Selenium::WebDriver::Error::UnknownError]
  end
end

Capybara.register_driver(:chromium) do |application|
  options = Selenium::WebDriver::Chrome::Options.new(
    args: %w[--headless=new --no-sandbox --disable-dev-shm-usage --disable-gpu --window-size=1000,800]
  )
  places = ENV.fetch("PATH").split(File::PATH_SEPARATOR)
  binary = %w[chromium chromium-browser google-chrome].product(places).map { |name, place| File.join(place, name) }
                                                      .find { |path| File.executable?(path) }
  options.binary = binary if binary
  Capybara::Selenium::Driver.new(application, browser: :chrome, capabilities: options).extend(GoneWithItsPage)
end

Capybara.default_max_wait_time = 20

# Real browsers, each with its own cookies.
module Chromium
  # @return [Capybara::Session] the browser of this test
  def browser
    @browser ||= Capybara::Session.new(:chromium)
  end

  # Signs in at the emulator's page.
  def fill_in_sign_in_page(email, organization: nil)
    browser.fill_in("email", with: email)
    browser.click_button("Continue")
    return unless organization

    browser.choose(organization)
    browser.click_button("Continue")
  end
end

RSpec.configure do |config|
  config.include Chromium, :browser
  config.after(:each, :browser) { @browser&.quit }
end
