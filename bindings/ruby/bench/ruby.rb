#!/usr/bin/env ruby
# frozen_string_literal: true

# Measures the Ruby gem beside bare costs in the same process, and prints a table. `make bench` runs it.

HERE = File.expand_path("..", __dir__)
ROOT = File.expand_path("../..", HERE)
ENV["KINDE_LIBRARY"] ||= File.join(ROOT, "build", "release", "libkinde.so")
ENV["KINDE_EMULATOR"] ||= File.join(ROOT, "target", "release", "kinde-emulator")
$LOAD_PATH.unshift(File.join(HERE, "lib"))

require "fileutils"
require "logger"
require "open3"
require "rbconfig"
require "tmpdir"
require "kinde_sdk"
require_relative "../spec/support/emulator"

# Functions of a few lines of C.
module Bare
  extend FFI::Library

  def self.load(directory)
    library = File.join(directory, "libbare.so")
    system("cc", "-O2", "-shared", "-fPIC", "-o", library, File.join(__dir__, "bare.c"), exception: true)
    ffi_lib library
    attach_function :bare_boolean, [:string], :bool
    attach_function :bare_text, [:string], :pointer
    attach_function :bare_free, [:pointer], :void
    attach_function :bare_verify, %i[pointer pointer pointer int64 int64], :double
  end

  def self.text(argument)
    pointer = bare_text(argument)
    pointer.read_string.force_encoding(Encoding::UTF_8)
  ensure
    bare_free(pointer)
  end

  # Nanoseconds of a verification from C.
  def self.verify(client, tokens, times)
    texts = tokens.map { |token| FFI::MemoryPointer.from_string(token) }
    list = FFI::MemoryPointer.new(:pointer, texts.size).write_array_of_pointer(texts)
    function = KindeSdk::Core::Native.ffi_libraries.first.find_function("kinde_verify_token")
    bare_verify(function, client.instance_variable_get(:@handle), list, texts.size, times)
  end
end

# Runs what is to be compared in turns, so that nothing else on the machine hits one of them alone.
class Turns
  ROUNDS = 31

  def self.now
    Process.clock_gettime(Process::CLOCK_MONOTONIC, :nanosecond)
  end

  def self.median(values)
    values.sort[values.size / 2]
  end

  # @param times [Integer] calls in each round
  # @return [Hash{Symbol=>Float}] nanoseconds of one call, the median of all rounds
  def self.measure(times, calls)
    rounds = Array.new(ROUNDS) { calls.transform_values { |call| once(times, call) } }
    calls.keys.to_h { |name| [name, median(rounds.drop(1).map { |round| round[name] })] }
  end

  def self.once(times, call)
    begin_at = now
    times.times(&call)
    (now - begin_at) / times.to_f
  end
end

# The table.
class Report
  def initialize
    puts "Ruby #{RUBY_VERSION}, ffi #{FFI::VERSION}, libkinde #{KindeSdk::Core.version}", ""
    puts "| what | median | beside | ratio | at most |", "| --- | --- | --- | --- | --- |"
  end

  def row(what, found, beside = nil, ratio: nil, limit: nil)
    puts "| #{what} | #{found} | #{beside} | #{ratio && format("%.2f", ratio)} | #{limit} |"
  end

  def compared(what, nanoseconds, bare, limit)
    row(what, time(nanoseconds), time(bare), ratio: nanoseconds / bare, limit: "#{limit} ×")
  end

  def time(nanoseconds)
    nanoseconds < 10_000 ? format("%.2f µs", nanoseconds / 1000) : format("%.1f µs", nanoseconds / 1000)
  end
end

def configure(emulator, **more)
  KindeSdk.config = KindeSdk::Configuration.new
  KindeSdk.configure do |c|
    c.domain = emulator.url
    c.client_id = Emulator::WEB[:client_id]
    c.client_secret = Emulator::WEB[:client_secret]
    c.callback_url = Emulator::CALLBACK_URL
    c.logger = Logger.new(IO::NULL)
    more.each { |name, value| c.set(name, value) }
  end
end

def questions(report, emulator)
  claims = { permissions: ["read:todos"], feature_flags: { dark: { t: "b", v: true } } }
  client = KindeSdk.client({ access_token: emulator.mint(claims: claims) })
  found = Turns.measure(20_000, {
                          bare: ->(_) { Bare.bare_boolean("read:todos") },
                          permission: ->(_) { client.permission_granted?("read:todos") },
                          flag: ->(_) { client.get_boolean_flag("dark") },
                          bare_text: ->(_) { Bare.text("kp_1234567890") },
                          claim: ->(_) { client.get_claim("sub") }
                        })
  report.compared("`permission_granted?`, beside a bare call with a text that gives a boolean", found[:permission], found[:bare], 2.5)
  report.compared("`get_boolean_flag`, likewise", found[:flag], found[:bare], 2.5)
  report.compared("`get_claim` of a text, beside a bare call that gives a text, and its release", found[:claim], found[:bare_text], 3)
  urls = Turns.measure(500, { url: ->(_) { KindeSdk.auth_url }, bare: ->(_) { Bare.bare_boolean("read:todos") } })
  # 12 µs where the bare call takes 0.17 µs, so that how fast the machine happens to run counts for both.
  report.compared("`auth_url` with PKCE, beside a bare call with a text that gives a boolean", urls[:url], urls[:bare], 70)
end

def verification(report, emulator)
  client = KindeSdk.config.core_client
  client.prepare
  seen = emulator.mint
  client.verify_token(seen)
  known = verified(client, seen) { [[seen], 2000] }
  first = verified(client, seen) { [Array.new(20) { emulator.mint }, 1] }
  { "verification of a token, beside the same call from C" => first, "of a token that was seen before, likewise" => known }
    .each { |what, rounds| report.compared(what, *rounds.transpose.map { |values| Turns.median(values) }, 1.15) }
end

# Nanoseconds of a verification from Ruby and from C in each round, by turns the one or the other before.
def verified(client, seen)
  Array.new(Turns::ROUNDS) do |round|
    ours, theirs = Array.new(2) { yield }
    # Otherwise whichever comes first pays for what the requests for the tokens pushed out of the processor's caches: a
    # twentieth of it in each of 20 calls, and Ruby comes first once more than C.
    client.verify_token(seen)
    calls = [-> { verify(client, *ours) }, -> { Bare.verify(client, *theirs) }]
    round.even? ? calls.map(&:call) : calls.reverse.map(&:call).reverse
  end
end

# Nanoseconds of a verification from Ruby, in a loop that costs as little as the one in C, and with tokens that have just been
# written, as there and as in a server that has just read them.
def verify(client, tokens, times)
  tokens = tokens.map { |token| token + "" } * times
  begin_at = Turns.now
  tokens.each { |token| client.verify_token(token) }
  (Turns.now - begin_at) / tokens.size.to_f
end

def loading(report)
  code = <<~'RUBY'
    require "ffi"
    memory = -> { GC.start; File.read("/proc/self/statm").split[1].to_i * 4096 }
    before = memory.call
    begin_at = Process.clock_gettime(Process::CLOCK_MONOTONIC)
    require "kinde_sdk"
    puts((Process.clock_gettime(Process::CLOCK_MONOTONIC) - begin_at) * 1000, (memory.call - before) / 1e6)
  RUBY
  runs = Array.new(11) { Open3.capture2(RbConfig.ruby, "-I", File.join(HERE, "lib"), "-e", code).first.split.map(&:to_f) }
  milliseconds, megabytes = runs.transpose.map { |values| Turns.median(values) }
  report.row('`require "kinde_sdk"` after `require "ffi"`', format("%.1f ms", milliseconds), limit: "40 ms")
  report.row("its memory", format("%.1f MB", megabytes), limit: "5 MB")
end

# The emulator answers with the same tokens each time: signing others takes it longer than everything else.
def exchanges(report, name, emulator, limit: nil)
  configure(emulator, **(name == "TLS" ? { ca_file: emulator.certificate } : {}))
  request = KindeSdk.auth_url
  tokens = KindeSdk.fetch_tokens(emulator.granted(request[:url]), code_verifier: request[:code_verifier])
  emulator.post("/faults", { path: "/oauth2/token", times: nil, status: 200, body: tokens.to_h.except(:expires_at),
                             headers: { "Content-Type" => "application/json" } })
  [1, 20].each do |threads|
    rates = Array.new(5) { rate(threads, 4000, request[:code_verifier]) }
    report.row("exchanges a second, #{name}, #{threads} thread#{"s" if threads > 1}", Turns.median(rates).round, limit: (limit if threads > 1))
  end
end

def rate(threads, total, verifier)
  begin_at = Turns.now
  Array.new(threads) do
    Thread.new { (total / threads).times { KindeSdk.fetch_tokens("code", code_verifier: verifier) } }
  end.each(&:join)
  total / ((Turns.now - begin_at) / 1e9)
end

# An emulator behind a certificate of its own.
class SecureEmulator < Emulator
  attr_reader :certificate

  def initialize(directory)
    @certificate = File.join(directory, "certificate.pem")
    key = File.join(directory, "key.pem")
    system("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
           "-subj", "/CN=localhost", "-addext", "basicConstraints=critical,CA:FALSE",
           "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost", "-keyout", key, "-out", @certificate,
           err: File::NULL, exception: true)
    super("--tls-cert", @certificate, "--tls-key", key)
  end

  private

  def http(uri, &block)
    Net::HTTP.start(uri.host, uri.port, use_ssl: true, ca_file: @certificate, &block)
  end
end

Dir.mktmpdir("kinde_bench") do |directory|
  Bare.load(directory)
  report = Report.new
  emulator = Emulator.new
  configure(emulator)
  questions(report, emulator)
  verification(report, emulator)
  loading(report)
  exchanges(report, "plain", emulator, limit: "at least 6,000")
  secure = SecureEmulator.new(directory)
  exchanges(report, "TLS", secure)
  [emulator, secure].each(&:stop)
end
