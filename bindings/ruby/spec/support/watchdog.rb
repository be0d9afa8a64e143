# frozen_string_literal: true

require "rbconfig"

# Ends the run of the tests when one of them does not end, whatever it waits for, and says which one. It is a process of its
# own: a library that does not return may keep all threads of Ruby from running.
class Watchdog
  # @param limit [Integer] how many seconds a test may take
  # @param errors [IO] where it says why
  def initialize(limit, errors: $stderr)
    input, @signs = IO.pipe
    pid = Process.spawn(RbConfig.ruby, "--disable-gems", __FILE__, limit.to_s, in: input, out: File::NULL, err: errors)
    input.close
    Process.detach(pid)
    @owner = Process.pid
    trap("USR2") { Thread.list.each { |thread| errors.puts(thread.inspect, thread.backtrace) } }
  end

  # @param test [String] what begins
  # @return [void]
  def watch(test)
    # A forked process is not the one that it ends.
    @signs.syswrite("#{test.tr("\n", " ")[0, 500]}\n") if Process.pid == @owner
  end

  # The other process.
  #
  # @param limit [Numeric]
  # @return [void]
  def self.run(limit, parent = Process.ppid)
    test = "the start"
    while $stdin.wait_readable(limit)
      test = $stdin.gets&.chomp or return
    end
    # Whoever has its number now is another one.
    return unless Process.ppid == parent

    warn "Ended after #{limit} s of: #{test}. What its threads do:"
    Process.kill(:USR2, parent)
    $stdin.wait_readable([limit, 10].min)
    Process.kill(:KILL, parent) if Process.ppid == parent
  end
end

if $PROGRAM_NAME == __FILE__
  require "io/wait"
  # The terminal's signals are for the tests.
  %w[INT TERM HUP].each { |signal| trap(signal, "IGNORE") }
  Watchdog.run(Float(ARGV.fetch(0)))
end
