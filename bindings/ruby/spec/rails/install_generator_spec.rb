# frozen_string_literal: true

require "support/rails_application"
require "generators/kinde/install_generator"
require "fileutils"
require "tmpdir"

RSpec.describe Kinde::InstallGenerator do
  around do |example|
    Dir.mktmpdir do |root|
      @root = root
      FileUtils.mkdir_p(File.join(root, "config", "initializers"))
      File.write(File.join(root, "config", "routes.rb"), "Rails.application.routes.draw do\nend\n")
      example.run
    end
  end

  def written(path)
    File.read(File.join(@root, path))
  end

  it "is what `rails generate kinde:install` runs" do
    expect(described_class.namespace).to eq("kinde:install")
    expect(Rails::Generators.find_by_namespace("install", "kinde")).to eq(described_class)
  end

  it "writes the initializer and mounts the pages" do
    expect { described_class.start([], destination_root: @root) }.to output(%r{http://localhost:3000/kinde_sdk/callback}).to_stdout
    expect(written("config/routes.rb")).to include('mount KindeSdk::Engine, at: "/kinde_sdk"')

    domain = emulator.url
    ENV.update("KINDE_DOMAIN" => domain, "KINDE_CLIENT_ID" => "emulator_web", "KINDE_CLIENT_SECRET" => "secret")
    KindeSdk.config = KindeSdk::Configuration.new
    load File.join(@root, "config/initializers/kinde_sdk.rb")
    expect(KindeSdk.config.callback_url).to eq("http://localhost:3000/kinde_sdk/callback")
    expect(KindeSdk.auth_url[:url]).to start_with(domain)
  ensure
    %w[KINDE_DOMAIN KINDE_CLIENT_ID KINDE_CLIENT_SECRET].each { |name| ENV.delete(name) }
  end

  it "mounts them at the root if asked to" do
    expect { described_class.start(["--at", "/"], destination_root: @root) }.to output(%r{localhost:3000/callback}).to_stdout
    expect(written("config/routes.rb")).to include('at: "/"')
    expect(written("config/initializers/kinde_sdk.rb")).to include("http://localhost:3000/callback")
  end

  it "mounts them elsewhere if asked to" do
    expect { described_class.start(["--at", "sign-in/"], destination_root: @root) }.to output.to_stdout
    expect(written("config/routes.rb")).to include('at: "/sign-in"')
    expect(written("config/initializers/kinde_sdk.rb")).to include("http://localhost:3000/sign-in/callback")
  end
end
