# frozen_string_literal: true

require "json"
require "net/http"
require "timeout"
require "tmpdir"
require "uri"

# `kinde-emulator` for the tests: one process, its test control, and a browser that follows redirects.
class Emulator
  WEB = { client_id: "emulator_web", client_secret: "emulator-web-secret-0123456789abcdefghijkl" }.freeze
  MACHINE = { client_id: "emulator_m2m", client_secret: "emulator-m2m-secret-0123456789abcdefghijkl" }.freeze
  CALLBACK_URL = "http://localhost:3000/callback"
  LOGOUT_URL = "http://localhost:3000/"

  # How many seconds it may take to start and to stop.
  START = 60
  private_constant :START

  # @return [String]
  attr_reader :url

  def self.program
    ENV.fetch("KINDE_EMULATOR") { File.expand_path("../../../../target/debug/kinde-emulator", __dir__) }
  end

  def initialize(*options)
    key_file = File.join(Dir.tmpdir, "kinde-emulator-#{Process.uid}.pem")
    @input, @output, @waiter = popen(["--port", "0", "--control", "--exit-with-stdin", "--auto-login", "ada@example.com",
                                      "--key-file", key_file, *options])
    @url = JSON.parse(Timeout.timeout(START) { @output.gets }.to_s).fetch("url")
  end

  def stop
    @input.close
    Process.kill(:KILL, @waiter.pid) unless @waiter.join(START)
    @waiter.value
  end

  # Gives an order to the test control.
  def control(method, path, body = nil)
    request = Net::HTTP.const_get(method.to_s.capitalize).new(URI("#{url}/_control#{path}"), "Content-Type" => "application/json")
    request.body = JSON.generate(body) if body
    answer = http(request.uri) { |http| http.request(request) }
    raise "#{method} #{path}: #{answer.code} #{answer.body}" unless answer.code == "200"

    JSON.parse(answer.body, symbolize_names: true)
  end

  def post(path, body = {})
    control(:post, path, body)
  end

  def get(path)
    control(:get, path)
  end

  def patch(path, body)
    control(:patch, path, body)
  end

  def reset
    post("/reset")
  end

  # @return [Array<Hash>] requests of this path
  def requests(path)
    get("/requests?path=#{path}").fetch(:requests)
  end

  # @return [Integer] how many requests of this path there were
  def count(path)
    get("/counts").fetch(path.to_sym, 0)
  end

  # @return [String] a token that the emulator signs
  def mint(template: "access", **options)
    post("/mint", { template: template, client_id: WEB[:client_id], email: "ada@example.com", org_code: "org_acme", **options })
      .fetch(:token)
  end

  # The callback's parameters without going through the pages.
  #
  # @param address [String] of the sign-in page
  # @return [Hash{String=>String}]
  def granted(address, email: "ada@example.com")
    asked = URI.decode_www_form(URI(address).query).to_h
    wanted = asked.slice("client_id", "redirect_uri", "scope", "nonce", "code_challenge")
    { "code" => post("/code", { email: email, **wanted }).fetch(:code), "state" => asked.fetch("state") }
  end

  # Waits until so many requests of a path have arrived.
  def wait_for(path, count:)
    get("/requests/wait?path=#{path}&count=#{count}&timeout_ms=20000")
  end

  # Goes through the sign-in page as a browser would.
  #
  # @return [URI] the address of the application that it leads back to
  def browse(address)
    cookies = {}
    10.times do
      uri = URI(address)
      return uri unless address.start_with?(url)

      answer = Net::HTTP.start(uri.host, uri.port) do |http|
        http.get(uri.request_uri, "Cookie" => cookies.map { |pair| pair.join("=") }.join("; "))
      end
      raise "#{address}: #{answer.code} #{answer.body}" unless answer["Location"]

      answer.get_fields("Set-Cookie").to_a.each { |line| cookies.store(*line.split(";").first.split("=", 2)) }
      address = URI.join(uri, answer["Location"]).to_s
    end
    raise "too many redirects"
  end

  # The parameters of the callback that follows a sign-in page.
  #
  # @return [Hash{String=>String}]
  def callback(address)
    URI.decode_www_form(browse(address).query).to_h
  end

  private

  def http(uri, &block)
    Net::HTTP.start(uri.host, uri.port, &block)
  end

  def popen(options)
    input, write_end = IO.pipe
    read_end, output = IO.pipe
    pid = Process.spawn(self.class.program, *options, in: input, out: output, close_others: true)
    input.close
    output.close
    write_end.close_on_exec = true
    [write_end, read_end, Process.detach(pid)]
  end
end
