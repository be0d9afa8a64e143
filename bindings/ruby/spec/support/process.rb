# frozen_string_literal: true

require "English"
require "rbconfig"
require "timeout"

# Other processes of Ruby, for what must not happen in the one that runs the tests.
module Processes
  LIB = File.expand_path("../../lib", __dir__)

  # How many seconds a program may take: many times what it takes, on a machine that does other things too. The real cargo takes
  # minutes.
  LIMIT = ENV.key?("KINDE_TEST_CARGO") ? 3000 : 300

  # Runs a program to its end, which comes.
  #
  # @param env [Hash{String=>String, nil}]
  # @param command [Array<String>]
  # @param options [Hash] of `Process.spawn`
  # @return [Array] what it printed, what it printed as errors, and its Process::Status
  def self.run(env, *command, limit: LIMIT, **options)
    output, errors = Array.new(2) { IO.pipe(binmode: true) }
    pid = Process.spawn(env, *command, in: File::NULL, out: output.last, err: errors.last, pgroup: true, **options)
    [output, errors].each { |pipe| pipe.last.close }
    readers = [output, errors].map { |pipe| reader(pipe.first) }
    # With all that it has started.
    status = ended(pid, limit, whom: -pid) or raise "#{command.join(" ")[0, 200]} did not end in #{limit} s"
    [*readers.map { |reader| reader.join(limit)&.value.to_s.force_encoding(Encoding::UTF_8) }, status]
  ensure
    [output, errors].compact.flatten.each(&:close)
  end

  # Waits for the end of a process, and brings it about if it does not come.
  #
  # @return [Process::Status, nil] nil if it had to be killed
  def self.ended(pid, limit = LIMIT, whom: pid)
    waiter = Process.detach(pid)
    return waiter.value if waiter.join(limit)

    Process.kill(:KILL, whom)
    waiter.join
    nil
  end

  # Reads all that comes, until whoever waits for it no longer does.
  #
  # @return [Thread]
  def self.reader(pipe)
    Thread.new { pipe.read }.tap { |thread| thread.report_on_exception = false }
  end

  # Runs a program of Ruby and demands that it succeeds.
  #
  # @param code [String]
  # @param options [Array<String>] of the interpreter
  # @param env [Hash{String=>String, nil}]
  # @return [String] what it printed
  def ruby(code, *options, env: {}, require: "kinde_sdk")
    required = Array(require).flat_map { |file| ["-r", file] }
    output, errors, status = Processes.run(env, RbConfig.ruby, "-I", LIB, *required, *options, "-e", code)
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
    reading = Processes.reader(reader)
    status = Processes.ended(pid) or raise "the forked process did not end"
    # Another process that was forked meanwhile may have the other end still.
    read = reading.join(LIMIT)&.value.to_s
    outcome, answer = read.empty? ? [:failed, status.inspect] : Marshal.load(read)
    raise "in the forked process: #{answer}" if outcome == :failed

    answer
  ensure
    reader&.close
  end
end
