# frozen_string_literal: true

require "json"
require "securerandom"
require "socket"

# Starts an example under Puma; with the emulator of Kinde beside it, unless KINDE_DOMAIN names a domain at Kinde.
module Example
  SOURCE = File.expand_path("../../..", __dir__)

  # What the emulator has, see its README.
  APPLICATION = { "KINDE_CLIENT_ID" => "emulator_web",
                  "KINDE_CLIENT_SECRET" => "emulator-web-secret-0123456789abcdefghijkl" }.freeze

  NO_EMULATOR = <<~TEXT
    There is no KINDE_DOMAIN, and no emulator to do without. Either
      - build the emulator: cargo build -p kinde-emulator
      - or say where it is: KINDE_EMULATOR=…/kinde-emulator
      - or use an application at Kinde: KINDE_DOMAIN=https://….kinde.com KINDE_CLIENT_ID=… KINDE_CLIENT_SECRET=…
  TEXT

  class << self
    # @param directory [String] where config.ru is
    # @param callback_path [String] what Kinde leads back to
    def start(directory, callback_path:)
      # Puma takes the socket over, so that PORT=0 works and nobody finds the port closed.
      server = listen(ENV.fetch("PORT", "3000"))
      url = "http://localhost:#{server.addr[1]}"
      environment = { "KINDE_CALLBACK_URL" => "#{url}#{callback_path}", "KINDE_LOGOUT_URL" => "#{url}/", **secrets, **library }
      environment.merge!(emulator) unless ENV.key?("KINDE_DOMAIN")
      $stdout.puts "Open #{url}"
      $stdout.flush
      run(directory, environment, server)
    end

    private

    def listen(port)
      TCPServer.new("127.0.0.1", Integer(port))
    rescue Errno::EADDRINUSE
      abort "Something else listens on port #{port}. Choose another one: PORT=3001 ./run"
    end

    def run(directory, environment, server)
      environment = environment.reject { |name, _| ENV.key?(name) }
      passed = { "LISTEN_FDS" => "1", "LISTEN_PID" => Process.pid.to_s }
      Dir.chdir(directory)
      exec(environment.merge(passed), "puma", "--bind", "tcp://127.0.0.1:#{server.addr[1]}", *ARGV, 3 => server)
    rescue Errno::ENOENT
      abort "There is no Puma: gem install puma"
    end

    # The same for all processes of Puma.
    def secrets
      { "KINDE_SEAL_KEY" => SecureRandom.hex(32), "SECRET_KEY_BASE" => SecureRandom.hex(64) }
    end

    # In the source tree, the gem and the library that were built there.
    def library
      built = %w[release debug].map { |kind| File.join(SOURCE, "target", kind, "libkinde.so") }.find { |path| File.exist?(path) }
      { "RUBYLIB" => File.join(SOURCE, "bindings", "ruby", "lib"), "KINDE_LIBRARY" => built }.compact
    end

    def emulator
      input, write_end = IO.pipe
      read_end, output = IO.pipe
      Process.detach(spawn(emulator_program, "--port", "0", "--exit-with-stdin", in: input, out: output))
      input.close
      output.close
      # Puma inherits this end and never uses it: the emulator ends when Puma does.
      write_end.close_on_exec = false
      $stdout.puts "The emulator answers for Kinde. Sign in as ada@example.com, or as grace@example.com, who may do less."
      { "KINDE_DOMAIN" => JSON.parse(read_end.gets).fetch("url"), **APPLICATION }
    end

    def emulator_program
      built = %w[release debug].map { |kind| File.join(SOURCE, "target", kind, "kinde-emulator") }
      installed = ENV.fetch("PATH", "").split(File::PATH_SEPARATOR).map { |place| File.join(place, "kinde-emulator") }
      candidates = ENV.key?("KINDE_EMULATOR") ? [ENV["KINDE_EMULATOR"]] : built + installed
      candidates.find { |path| File.file?(path) && File.executable?(path) } || abort(NO_EMULATOR)
    end
  end
end
