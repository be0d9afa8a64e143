# frozen_string_literal: true

RSpec.describe "Memory" do
  def resident_bytes
    GC.start
    File.read("/proc/self/statm").split[1].to_i * 4096
  end

  # How much a process of its own grows while the block runs so many times: from the most that it has in the second quarter to
  # the least in the last one, because freed memory goes back to the system now and then only.
  def growth(times)
    forked do
      # Ruby does not know how much memory the objects of the library have, so it is in no hurry to collect them.
      samples = Array.new(40) do |round|
        (times / 40).times { |number| yield round + number }
        resident_bytes
      end
      samples.last(10).min - samples[10, 10].max
    end
  end

  def ask(client)
    client.permission_granted?("read:todos")
    client.get_claim("sub")
    client.get_claim("scp")
    client.get_permissions
    client.get_user_details
    client.get_flag("theme", { default_value: "x" })
    client.get_boolean_flag("absent", true)
  end

  # Lets the token endpoint give these tokens again and again: signing others takes the emulator longer than everything else,
  # and the library remembers thousands of them.
  def answer_with(tokens)
    tokens = tokens.to_h.except(:expires_at)
    emulator.post("/faults", { path: "/oauth2/token", times: nil, status: 200, body: tokens,
                               headers: { "Content-Type" => "application/json" } })
    tokens
  end

  # What is lost shows: a session has more than 7 KB in the library, an error half of one.
  let(:bound) { 3 * 1024 * 1024 }

  it "is the same after 10,000 sign-ins" do
    answer_with(sign_in)
    grown = growth(10_000) do
      request = KindeSdk.auth_url
      ask(KindeSdk.client(KindeSdk.fetch_tokens("code", code_verifier: request[:code_verifier])))
    end
    expect(grown).to be < bound
  end

  it "is the same after 2,000 sessions that are kept, renewed and ended" do
    configure(store_url: "memory:", seal_keys: ["k" * 43])
    tokens = answer_with(sign_in)
    grown = growth(2_000) do
      client = KindeSdk.config.core_client
      session = client.load_session(client.session_from_tokens(tokens).save)
      session.refresh
      client.open_session(session.seal)
      session.logout
    end
    expect(grown).to be < bound
  end

  it "is the same after 20,000 failures" do
    session = KindeSdk.config.core_client.new_session
    grown = growth(20_000) do |number|
      (number % 4).zero? ? KindeSdk.auth_url(prompt: 1) : session.permission?("x")
    rescue KindeSdk::Failure
      nil
    end
    expect(grown).to be < bound
  end

  it "is the same after 4,000 calls of an API, lists that nobody reads to their end, and models" do
    configure(management_client_id: Emulator::MACHINE[:client_id], management_client_secret: Emulator::MACHINE[:client_secret])
    users = KindeSdk.management.users
    grown = growth(4_000) do |number|
      if number.even?
        users.all_users(page_size: 1).first
      else
        begin
          users.get_user_data(KindeApi::CreateUserRequest.new(profile: { given_name: "A" }).profile.given_name)
        rescue KindeApi::ApiError
          nil
        end
      end
    end
    expect(grown).to be < bound
  end

  it "of pages may be collected at any moment" do
    answers = ruby(<<~RUBY)
      #{settings_code}
      KindeSdk.configure do |c|
        c.management_client_id = #{Emulator::MACHINE[:client_id].dump}
        c.management_client_secret = #{Emulator::MACHINE[:client_secret].dump}
      end
      users = KindeSdk.management.users
      users.get_users
      GC.stress = 1
      found = [users.all_users(page_size: 2).map(&:email).to_a.size, users.get_users(page_size: 1).users.first.email]
      begin
        users.create_user(KindeApi::CreateUserRequest.new(profile: {}), nonsense: 1)
      rescue ArgumentError => e
        found << e.message[/nonsense|given 1/]
      end
      GC.stress = false
      p found
    RUBY
    expect(answers.strip).to eq([4, "ada@example.com", "given 1"].inspect)
  end

  it "may be collected at any moment" do
    token = emulator.mint(claims: { permissions: ["read:todos"], text: "e" * 50, list: [1, "b"] })
    request = KindeSdk.auth_url
    callback = emulator.granted(request[:url])
    answers = ruby(<<~RUBY)
      #{settings_code}
      # Without major collections, which take a hundred times longer.
      GC.stress = 1
      client = KindeSdk.client({ access_token: #{token.dump} })
      found = [KindeSdk.auth_url.keys, client.permission_granted?("read:todos"), client.get_claim("text")[:value],
               client.get_claim("list")[:value], client.get_flag("absent", { default_value: 1 })[:value],
               KindeSdk.fetch_tokens("#{callback["code"]}", code_verifier: "#{request[:code_verifier]}").key?(:access_token)]
      begin
        KindeSdk.client({ access_token: "x" })
      rescue KindeSdk::TokenError => e
        found << e.status
      end
      GC.stress = true
      found << client.permission_granted?("absent")
      GC.stress = false
      p found
    RUBY
    expect(answers.strip).to eq([%i[url state nonce code_verifier], true, "e" * 50, [1, "b"], 1, true,
                                 :token_malformed, false].inspect)
  end

  it "may be moved", if: GC.respond_to?(:compact) do
    token = emulator.mint(claims: { permissions: ["read:todos"], text: "moved" })
    answers = forked do
      clients = Array.new(50) { KindeSdk.client({ access_token: token }) }
      GC.compact
      GC.verify_compaction_references(toward: :empty, double_heap: true) if GC.respond_to?(:verify_compaction_references)
      clients.map { |client| [client.permission_granted?("read:todos"), client.get_claim("text")[:value]] }.uniq
    end
    expect(answers).to eq([[true, "moved"]])
  end

  it "of an object is freed once, however often the object is freed or copied" do
    freed = 0
    session = KindeSdk.config.core_client.new_session
    expect { session.dup }.to raise_error(KindeSdk::Error, /copied/)
    expect { session.clone }.to raise_error(KindeSdk::Error, /copied/)
    handle = session.instance_variable_get(:@handle)
    expect { handle.dup }.to raise_error(KindeSdk::Error)
    address = handle.address
    allow(KindeSdk::Core::Native).to receive(:kinde_session_free).and_wrap_original do |free, pointer|
      freed += 1 if pointer.address == address
      free.call(pointer)
    end
    handle.free
    3.times { GC.start }
    expect(freed).to eq(1)
  end
end
