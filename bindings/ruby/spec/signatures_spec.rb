# frozen_string_literal: true

require_relative "../rakelib/signatures"
require_relative "../rakelib/api_signatures"

RSpec.describe "Types and documentation" do
  here = File.expand_path("..", __dir__)
  signatures = File.join(here, "sig", "kinde_sdk.rbs")

  it "are those of the comments" do
    expect(Signatures.new(here).text).to eq(File.read(signatures)), "sig/kinde_sdk.rbs is out of date: run `rake sig`"
  end

  it "are those of the library's catalogue" do
    made = File.join(here, "sig", "kinde_api.rbs")
    expect(ApiSignatures.new.text == File.read(made)).to be(true), "sig/kinde_api.rbs is out of date: run `rake sig`"
  end

  it "leave nothing without documentation" do
    report, _, status = Processes.run({}, "yard", "stats", "--list-undoc", "--no-save", "--no-cache", err: %i[child out], chdir: here)
    expect(status).to be_success
    expect(report).to include("100.00% documented"), report
    expect(report).not_to match(/^\[(warn|error)\]/), report
  end

  rbs = begin
    Gem::Specification.find_by_name("rbs")
  rescue LoadError
    nil
  end

  describe "for RBS", if: rbs do
    let(:types) do
      require "rbs"
      loader = RBS::EnvironmentLoader.new
      loader.add(path: Pathname(File.dirname(signatures)))
      loader.add(library: "uri", version: nil)
      RBS::DefinitionBuilder.new(env: RBS::Environment.from_loader(loader).resolve_type_names)
    end

    def declared(types, name, kind)
      type = RBS::TypeName.new(name: name.to_s.split("::").last.to_sym, namespace: RBS::Namespace.parse("::#{name.to_s[/.*::/]}"))
      definition = kind == :class ? types.build_singleton(type) : types.build_instance(type)
      definition.methods.select { |_, method| method.accessibility == :public && method.implemented_in.to_s.match?(/Kinde/) }.keys
    end

    it "are valid" do
      code = 'require "rbs"; require "rbs/cli"; RBS::CLI.new(stdout: $stdout, stderr: $stderr).run(ARGV)'
      output, _, status = Processes.run({}, RbConfig.ruby, "-W0", "-e", code, "-r", "uri", "-I", File.dirname(signatures), "validate", err: %i[child out])
      expect(status).to be_success, output
    end

    # The names that Ruby itself knows, without those whose comments say that they are no part of the API.
    internal = { KindeSdk => %i[session verifying_client requested], KindeSdk::Core => %i[check_ractor] }.freeze

    [KindeSdk, KindeSdk::TokenManager, KindeSdk::Core, KindeApi].each do |mod|
      it "name every function of #{mod}" do
        # Rails gives more to a module that an engine is in.
        own = mod.singleton_methods.select { |name| mod.method(name).source_location.first.start_with?(File.join(here, "lib")) }
        expect(declared(types, mod, :class)).to match_array(own - internal.fetch(mod, []))
      end
    end

    it "name every method of the classes that are made of the catalogue" do
      groups = KindeApi::GROUPS.values.uniq.map { |name| KindeApi.const_get(name) }
      groups += KindeApi::FRONTEND_GROUPS.values.map { |name| KindeApi::Frontend.const_get(name) }
      models = KindeApi::MODELS.map { |name| KindeApi.const_get(name) }.grep(Class)
      (groups + models).each do |made|
        own = declared(types, made, :instance).select { |name| made.method_defined?(name, false) }
        expect(own).to match_array(made.public_instance_methods(false)), made.name
      end
      expect(declared(types, KindeSdk::Management, :instance)).to include(*KindeSdk::Apis.public_instance_methods)
    end

    [KindeSdk::Client, KindeSdk::TokenHash, KindeSdk::TokenStore, KindeSdk::Configuration, KindeSdk::Core::Client,
     KindeSdk::Core::Session, KindeSdk::TokenError, KindeSdk::OAuthError].each do |klass|
      it "name every method of #{klass}" do
        public_methods = klass.public_instance_methods.select { |name| klass.instance_method(name).owner.name.to_s.match?(/Kinde/) }
        hidden = klass.name.start_with?("KindeSdk::Core::") ? %i[inspect handle] : []
        expect(declared(types, klass, :instance) - [:initialize]).to match_array(public_methods - hidden)
      end
    end
  end
end
