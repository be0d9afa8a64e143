# frozen_string_literal: true

require "English"
require "open3"
require "rbconfig"

# Other processes of Ruby, for what must not happen in the one that runs the tests.
module Processes
  LIB = File.expand_path("../../lib", __dir__)

  # Runs a program of Ruby and demands that it succeeds.
  #
  # @param code [String]
  # @param options [Array<String>] of the interpreter
  # @param env [Hash{String=>String, nil}]
  # @return [String] what it printed
  def ruby(code, *options, env: {}, require: "kinde_sdk")
    required = Array(require).flat_map { |file| ["-r", file] }
    output, errors, status = Open3.capture3(env, RbConfig.ruby, "-I", LIB, *required, *options, "-e", code)
    raise "#{status}\n#{output}\n#{errors}" unless status.success?

    output
  end

  # Settings of a program against the emulator.
  def settings_code
    <<~RUBY
      KindeSdk.configure do |c|
        c.domain = #{emulator.url.dump}
        c.client_id = #{Emulator::WEB[:client_id].dump}
        c.client_secret = #{Emulator::WEB[:client_secret].dump}
        c.callback_url = #{Emulator::CALLBACK_URL.dump}
      end
    RUBY
  end

  # Runs the block in a forked process.
  #
  # @return [Object] what the block gave there
  def forked
    # Rails makes other pipes convert what goes through them.
    reader, writer = IO.pipe(binmode: true)
    pid = fork do
      reader.close
      outcome = nil
      outcome = [:answer, yield]
    ensure
      # What Ruby calls fatal cannot be rescued.
      outcome ||= [:failed, "#{$ERROR_INFO.class}: #{$ERROR_INFO&.full_message(highlight: false)}"]
      writer.write(Marshal.dump(outcome))
      writer.close
      # Neither the hooks of RSpec nor the one that stops the emulator.
      exit!(0)
    end
    writer.close
    read = reader.read
    _, status = Process.wait2(pid)
    outcome, answer = read.empty? ? [:failed, status.inspect] : Marshal.load(read)
    raise "in the forked process: #{answer}" if outcome == :failed

    answer
  ensure
    reader&.close
  end
end
