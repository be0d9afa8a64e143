# frozen_string_literal: true

require "fileutils"
require "rubygems/package"
require "tmpdir"

RSpec.describe "The gem" do
  here = File.expand_path("..", __dir__)
  packages = File.join(here, "pkg")
  # The library as it ships, where the caller has built it.
  library = ENV.fetch("KINDE_LIBRARY_TO_PACK") { ENV.fetch("KINDE_LIBRARY") }

  def run(env, *command, **options)
    output, _, status = Processes.run(env, *command, err: %i[child out], **options)
    [output, status.success?]
  end

  def rake(task, env = {})
    output, succeeded = run(env, RbConfig.ruby, "-S", "rake", task, chdir: File.expand_path("..", __dir__))
    raise output unless succeeded
  end

  around do |example|
    Dir.mktmpdir("kinde_sdk") { |directory| example.metadata[:directory] = directory and example.run }
  end

  let(:directory) { |example| example.metadata[:directory] }

  # An environment that knows nothing of Rust, of this repository and of the gems that were installed by others than the system.
  def bare(path: directory)
    { "PATH" => path, "HOME" => directory, "GEM_HOME" => File.join(directory, "gems"), "LANG" => "C.UTF-8",
      "GEM_PATH" => [File.join(directory, "gems"), *Gem.default_path].join(":") }
  end

  def install(gem, path: directory, env: {})
    run({ **bare(path: path), **env }, RbConfig.ruby, File.join(RbConfig::CONFIG["bindir"], "gem"), "install", "--local", "--ignore-dependencies", "--no-document",
        gem, unsetenv_others: true)
  end

  # Signs a user in with the gem that is installed in the directory.
  def sign_in_there
    code = <<~RUBY
      require "json"
      require "kinde_sdk"
      #{settings_code}
      request = KindeSdk.auth_url
      puts request[:url]
      $stdout.flush
      tokens = KindeSdk.fetch_tokens(JSON.parse($stdin.gets), code_verifier: request[:code_verifier], nonce: request[:nonce])
      puts KindeSdk.client(tokens).get_user_details[:email]
      puts $LOADED_FEATURES.grep(/kinde_sdk.rb/), File.readlines("/proc/self/maps").grep(/libkinde/).first.split.last
    RUBY
    IO.popen([bare, RbConfig.ruby, "-e", code, { unsetenv_others: true, err: %i[child out] }], "r+") do |program|
      Timeout.timeout(Processes::LIMIT) do
        program.puts(JSON.generate(emulator.callback(program.gets.chomp)))
        program.readlines(chomp: true)
      end
    rescue Timeout::Error
      # The end of the block waits for the program's.
      Process.kill(:KILL, program.pid)
      raise
    end
  end

  describe "for a platform" do
    let(:gem) { File.join(packages, "kinde_sdk-#{KindeSdk::VERSION}-x86_64-linux.gem") }

    before { rake("build", "KINDE_LIBRARY_TO_PACK" => library) }

    it "installs and signs users in where there is no Rust" do
      output, succeeded = install(gem)
      expect(succeeded).to be(true), output
      email, *places = sign_in_there
      expect(email).to eq("ada@example.com")
      expect(places).to all(start_with(File.join(File.realpath(directory), "gems"))) & have_attributes(size: 2)
    end

    it "carries the library and needs ffi alone" do
      package = Gem::Package.new(gem)
      expect(package.spec.platform.to_s).to eq("x86_64-linux")
      expect(package.spec.extensions).to be_empty
      expect(package.spec.runtime_dependencies.map(&:name)).to eq(["ffi"])
      expect(package.spec.required_ruby_version).to be_satisfied_by(Gem::Version.new("3.0.0"))
      expect(package.contents).to include("ext/libkinde.so", "lib/kinde_sdk.rb", "sig/kinde_sdk.rbs", "sig/kinde_api.rbs",
                                          "lib/kinde_api/names.rb", "lib/kinde_api/classes.rb", "docs/api.md", "docs/rails.md", "LICENSE-MIT", "LICENSE-APACHE")
      expect(package.contents.grep(/spec|native|\.rs\z/)).to eq([]) | all(end_with("native.rb"))
      package.extract_files(directory)
      expect(FileUtils.identical?(File.join(directory, "ext", "libkinde.so"), library)).to be(true)
    end
  end

  describe "for all other platforms" do
    let(:gem) { File.join(packages, "kinde_sdk-#{KindeSdk::VERSION}.gem") }

    before(:context) { rake("build:source") }

    def fake_cargo(code)
      program = File.join(directory, "cargo")
      File.write(program, "#!/bin/sh\n#{code}\n")
      File.chmod(0o755, program)
    end

    it "carries what cargo needs, and no more of the workspace" do
      contents = Gem::Package.new(gem).contents
      expect(contents).to include("ext/Rakefile", "ext/native/Cargo.toml", "ext/native/Cargo.lock", "ext/native/build.rs",
                                  "ext/native/include/kinde.h", "ext/native/src/lib.rs", "ext/native/.cargo/config.toml",
                                  "ext/native/README.md", "ext/native/LICENSE-MIT")
      expect(contents.grep(%r{\Aext/(native/(emulator|tests|fuzz|benches|bindings)/|libkinde)})).to be_empty
      Gem::Package.new(gem).extract_files(directory)
      path = "#{ENV.fetch("PATH")}:#{File.join(Dir.home, ".cargo", "bin")}"
      output, succeeded = run({ "PATH" => path }, "cargo", "tree", "--locked", "--offline", "--edges", "normal,build", "--depth", "0",
                              chdir: File.join(directory, "ext", "native"))
      expect(succeeded).to be(true), output
    end

    it "builds the library with cargo and signs users in" do
      fake_cargo(<<~SH)
        test "$1" = --version && exit
        echo "$@" > #{directory}/arguments
        /bin/mkdir -p "$CARGO_TARGET_DIR/release" && /bin/pwd -P > #{directory}/place
        /bin/cp #{library} "$CARGO_TARGET_DIR/release/libkinde.so"
      SH
      output, succeeded = install(gem)
      expect(succeeded).to be(true), output
      expect(File.read(File.join(directory, "arguments")).strip)
        .to eq("rustc --package kinde --release --lib --crate-type cdylib --locked")
      expect(File.read(File.join(directory, "place"))).to end_with("/ext/native\n")
      expect(sign_in_there.first).to eq("ada@example.com")
    end

    it "says how to go on where there is no cargo" do
      output, succeeded = install(gem)
      expect(succeeded).to be(false)
      expect(output).to include("cargo was not found", "Install Rust", "KINDE_LIBRARY")
    end

    it "is built by the real cargo", if: ENV.key?("KINDE_TEST_CARGO") do
      kept = %w[PATH HOME CARGO_HOME RUSTUP_HOME].to_h { |name| [name, ENV.fetch(name, nil)] }.compact
      output, succeeded = install(gem, env: kept)
      expect(succeeded).to be(true), output
      expect(sign_in_there.first).to eq("ada@example.com")
    end
  end

  describe "without a library that it can use" do
    def loading(path)
      output, succeeded = run({ "KINDE_LIBRARY" => path }, RbConfig.ruby, "-I", File.join(__dir__, "..", "lib"), "-e", <<~RUBY)
        begin
          require "kinde_sdk"
          puts "loaded"
        rescue LoadError => e
          puts e.message
        end
      RUBY
      raise output unless succeeded

      output
    end

    def compiled(code)
      path = File.join(directory, "libother.so")
      source = File.join(directory, "other.c")
      File.write(source, code)
      output, succeeded = run({}, "cc", "-shared", "-fPIC", source, "-o", path)
      raise output unless succeeded

      path
    end

    remedies = ["Install the gem for your platform", "make install", "set KINDE_LIBRARY"]

    it "says where it looked for it" do
      path = File.join(directory, "libkinde.so")
      expect(loading(path)).to include("KINDE_LIBRARY=#{path}", "cannot open", *remedies)
    end

    it "says all the places if none was chosen" do
      FileUtils.cp_r(File.join(here, "lib"), directory)
      finder = File.join(directory, "lib", "kinde_sdk", "core", "library.rb")
      # Whatever the system has is not to be found.
      File.write(finder, File.read(finder).gsub("libkinde.so.0", "libkinde-absent.so.0"))
      output, = run({ "KINDE_LIBRARY" => nil }, RbConfig.ruby, "-I", File.join(directory, "lib"), "-e", "require 'kinde_sdk'")
      expect(output).to include("KINDE_LIBRARY (not set)", File.join(directory, "ext", "libkinde.so"), "libkinde-absent.so.0", *remedies)
    end

    it "says that a file is not a library" do
      File.write(File.join(directory, "libkinde.so"), "text")
      expect(loading(File.join(directory, "libkinde.so"))).to include("cannot open", "libkinde.so", *remedies)
    end

    it "says that a library is another one" do
      path = compiled("int something(void) { return 0; }")
      expect(loading(path)).to include(path, "is not the library libkinde", *remedies)
    end

    { 1 << 16 => "1.0", 1 => "0.1" }.each do |version, text|
      it "says that a library has the ABI #{text}" do
        path = compiled("#include <stdint.h>\nuint32_t kinde_abi_version(void) { return #{version}; }")
        needed = KindeSdk::Core::Library::ABI_VERSION
        expect(loading(path)).to include(path, "needs libkinde with the ABI #{needed >> 16}.#{needed & 0xffff}", "has #{text}", *remedies)
      end
    end

    it "takes a library to which functions were added" do
      expect { KindeSdk::Core::Library.check_abi(KindeSdk::Core::Library::ABI_VERSION + 1, "x") }.not_to raise_error
    end
  end
end
