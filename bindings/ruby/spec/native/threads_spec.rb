# frozen_string_literal: true

require "timeout"

RSpec.describe "Threads" do
  def requests(count)
    Array.new(count) { KindeSdk.auth_url }
  end

  def exchange(request)
    callback = emulator.granted(request[:url])
    KindeSdk.fetch_tokens(callback, code_verifier: request[:code_verifier], nonce: request[:nonce])
  end

  def code_and_verifier
    request = KindeSdk.auth_url
    [emulator.granted(request[:url]).fetch("code"), request[:code_verifier]]
  end

  def hang
    emulator.post("/faults", { path: "/oauth2/token", hang: true, times: nil })
  end

  it "wait for exchanges side by side" do
    hang
    threads = requests(20).map { |request| Thread.new { exchange(request) } }
    # None has an answer, and all have asked: the last one waits for nobody.
    emulator.wait_for("/oauth2/token", count: 20)
    expect(threads).to all(be_alive)
    emulator.post("/release")
    expect(threads.map(&:value)).to all(have_key(:access_token))
  end

  it "run while another one waits" do
    hang
    ticks = 0
    # The exchange below ends only if this thread comes to its end.
    other = Thread.new do
      emulator.wait_for("/oauth2/token", count: 1)
      1000.times { Thread.pass || (ticks += 1) }
      emulator.post("/release")
    end
    expect(exchange(KindeSdk.auth_url)).to have_key(:access_token)
    other.join
    expect(ticks).to eq(1000)
  end

  it "run while another one waits to renew, to save and to load" do
    configure(store_url: "memory:", seal_keys: ["k" * 43])
    session = KindeSdk.config.core_client.new_session
    session.handle_callback(URI.encode_www_form(emulator.granted(session.login_url)))
    hang
    waiting = Thread.new { session.ensure_fresh(10 * 86_400) }
    emulator.wait_for("/oauth2/token", count: 2)
    id = session.save
    expect(KindeSdk.config.core_client.load_session(id).authenticated?).to be(true)
    emulator.post("/release")
    expect(waiting.value).to be(true)
  end

  it "share one client" do
    client = client_with({ permissions: ["read:todos"], n: 7 })
    answers = Array.new(8) do |number|
      Thread.new { Array.new(200) { [client.permission_granted?("read:todos"), client.get_claim("n"), number] } }
    end
    answers.map(&:value).each_with_index do |got, number|
      expect(got.uniq).to eq([[true, { name: "n", value: 7 }, number]])
    end
  end

  it "share one refresh" do
    client = KindeSdk.client(sign_in)
    hang
    threads = Array.new(5) { Thread.new { client.refresh_token } }
    emulator.wait_for("/oauth2/token", count: 2)
    emulator.post("/release")
    expect(threads.map { |thread| thread.value["refresh_token"] }.uniq.size).to eq(1)
  end

  it "end when they are killed, as soon as their call is over" do
    hang
    reached = false
    thread = Thread.new { exchange(KindeSdk.auth_url) && (reached = true) }
    emulator.wait_for("/oauth2/token", count: 1)
    thread.kill
    emulator.post("/release")
    thread.join
    expect(reached).to be(false)
    emulator.control(:delete, "/faults")
    expect(sign_in).to have_key(:access_token)
  end

  it "get their Timeout when their call is over" do
    hang
    code, verifier = code_and_verifier
    thread = Thread.new { Timeout.timeout(0.01) { KindeSdk.config.core_client.exchange_code(code: code, code_verifier: verifier) } }
    thread.report_on_exception = false
    emulator.wait_for("/oauth2/token", count: 1)
    Thread.pass until thread.pending_interrupt?
    emulator.post("/release")
    expect { thread.value }.to raise_error(Timeout::Error)
    emulator.control(:delete, "/faults")
    expect(sign_in).to have_key(:access_token)
  end

  it "free what their call gave when they are killed meanwhile" do
    hang
    freed = 0
    code, verifier = code_and_verifier
    client = KindeSdk.config.core_client
    allow(KindeSdk::Core::Native).to receive(:kinde_string_free).and_wrap_original do |free, *arguments|
      free.call(*arguments).tap { freed += 1 }
    end
    thread = Thread.new { client.exchange_code(code: code, code_verifier: verifier) }
    emulator.wait_for("/oauth2/token", count: 1)
    thread.kill
    emulator.post("/release")
    thread.join
    expect(freed).to eq(1)
  end

  it "of one fiber each keep their results apart" do
    client = client_with({ a: "first", b: "second" })
    fibers = %w[a b].map { |name| Fiber.new { loop { Fiber.yield client.get_claim(name)[:value] } } }
    expect(Array.new(4) { fibers.map(&:resume) }.uniq).to eq([%w[first second]])
  end

  it "keep a result from the handler of a signal that asks before it is read" do
    client = client_with({ a: "first" })
    other = client_with({ b: "second" })
    handled = []
    former = trap("USR1") { handled << other.get_flags << other.get_claim("scp").fetch(:name) }
    allow(KindeSdk::Core::Native).to receive(:kinde_session_permissions).and_wrap_original do |ask, *arguments|
      ask.call(*arguments).tap do
        Process.kill("USR1", Process.pid)
        Thread.pass until handled.size == 2
      end
    end
    expect(client.get_permissions).to include(:permissions, :org_code)
    expect(handled.last).to eq("scp")
  ensure
    trap("USR1", former)
  end

  it "stop in Core.shutdown, after which the library starts anew" do
    hang
    thread = Thread.new { exchange(KindeSdk.auth_url) }
    thread.report_on_exception = false
    emulator.wait_for("/oauth2/token", count: 1)
    KindeSdk::Core.shutdown
    expect { thread.value }.to raise_error(KindeSdk::InvalidArgumentError) { |error| expect(error.status).to eq(:cancelled) }
    emulator.control(:delete, "/faults")
    expect(sign_in).to have_key(:access_token)
  end
end
