# frozen_string_literal: true

# The gem that builds the library when it is installed. `rake build` makes another one of it, which carries the library of
# one platform.
Gem::Specification.new do |spec|
  spec.name = "kinde_sdk"
  spec.version = File.read(File.join(__dir__, "lib", "kinde_sdk", "version.rb"))[/VERSION = "(.+)"/, 1]
  spec.summary = "Kinde for Ruby: sign-in, tokens, users, permissions and feature flags"
  spec.description = "Sign-in with Kinde for Rails, Rack and plain Ruby, over the shared library libkinde, which verifies every token."
  spec.authors = ["The libkinde developers"]
  spec.licenses = %w[MIT Apache-2.0]
  spec.required_ruby_version = ">= 3.0"
  spec.metadata = { "rubygems_mfa_required" => "true" }

  places = %w[lib/**/* app/**/* config/**/* sig/**/* ext/Rakefile ext/native/**/* docs/**/* *.md LICENSE-*]
  spec.files = Dir.glob(places, File::FNM_DOTMATCH, base: __dir__).select { |path| File.file?(File.join(__dir__, path)) }.sort
  spec.extensions = ["ext/Rakefile"]
  spec.require_paths = ["lib"]

  spec.add_dependency "ffi", "~> 1.15"
end
