# frozen_string_literal: true

require "timeout"

# An example application, started as its reader starts it.
class ExampleServer
  EXAMPLES = File.expand_path("../../examples", __dir__)

  # @return [String] where it is
  attr_reader :url

  # @param name [String] its directory
  # @param options [Array<String>] for Puma
  # @param env [Hash{String=>String, nil}]
  def initialize(name, *options, env: {})
    @said = +""
    output, write_end = IO.pipe
    env = { "PORT" => "0", "KINDE_LIBRARY" => ENV.fetch("KINDE_LIBRARY"), "KINDE_EMULATOR" => Emulator.program, **env }
    @pid = Process.spawn(env, File.join(EXAMPLES, name, "run"), *options, out: write_end, err: write_end, pgroup: true)
    write_end.close
    ready = Queue.new
    @reader = Thread.new { read(output, ready) }
    @url = started(ready) or raise "#{name} did not start:\n#{@said}"
  end

  # @return [String] what it printed
  def said
    @said.dup
  end

  def stop
    Process.kill(:TERM, @pid)
    # It may have started others, which have its output.
    Processes.ended(@pid, 60, whom: -@pid)
    @reader.join(60)
  end

  private

  # @return [String, nil] nil if it has ended, or had to
  def started(ready)
    url = Timeout.timeout(30) { ready.pop }
  rescue Timeout::Error
    nil
  ensure
    stop unless url
  end

  def read(output, ready)
    output.each_line do |line|
      @said << line
      address = line[%r{\AOpen (http://\S+)}, 1] and ready << address
    end
    ready << nil
  end
end
