# frozen_string_literal: true

# What waits in these tests waits for some time, never for ever.
RSpec.describe "The tests" do
  # Nobody writes to this pipe, and its other end is open.
  hanging = "IO.pipe.first.read"

  it "end a program that does not end, and say which" do
    expect { Processes.run({}, RbConfig.ruby, "-e", hanging, limit: 1) }.to raise_error(/#{hanging} did not end in 1 s/)
    output, errors, status = Processes.run({}, RbConfig.ruby, "-e", "print 1; warn 2; exit 3")
    expect([output, errors, status.exitstatus]).to eq(["1", "2\n", 3])
  end

  it "are ended when one of them does not end, whatever holds it" do
    watchdog = File.expand_path("support/watchdog", __dir__)
    locked = <<~RUBY
      require "ffi"
      mutex = FFI::MemoryPointer.new(64)
      lock = FFI::Function.new(:int, [:pointer], FFI::DynamicLibrary.open(nil, 1).find_function("pthread_mutex_lock"))
      2.times { lock.call(mutex) }
    RUBY
    [hanging, locked].each do |code|
      expect { ruby("Watchdog.new(1).watch('one that hangs')\n#{code}", require: watchdog) }
        .to raise_error(/SIGKILL.*Ended after 1\.0 s of: one that hangs/m)
    end
  end
end
