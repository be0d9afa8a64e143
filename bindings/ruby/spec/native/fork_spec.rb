# frozen_string_literal: true

RSpec.describe "After a fork" do
  it "both sides sign users in" do
    sign_in
    child = Thread.new { forked { sign_in.key?(:access_token) } }
    expect(sign_in).to have_key(:access_token)
    expect(child.value).to be(true)
  end

  it "a child of a process that has only loaded the gem signs users in" do
    expect(ruby(<<~RUBY)).to eq("true\ntrue\n")
      #{settings_code}
      2.times do
        reader, writer = IO.pipe
        fork do
          token = #{emulator.mint.dump}
          writer.puts KindeSdk.client(access_token: token).permission_granted?("read:todos")
          exit!(0)
        end
        writer.close
        puts reader.read
      end
    RUBY
  end

  it "objects from before serve both sides" do
    client = KindeSdk.client(sign_in)
    core = KindeSdk.config.core_client
    session = core.new_session
    url = session.login_url
    use = lambda do
      [client.permission_granted?("read:todos"), client.get_user_details[:email], client.refresh_token.key?("access_token"),
       session.handle_callback(URI.encode_www_form(emulator.granted(url)))[:outcome], session.authenticated?,
       core.authorization_url.key?(:url)]
    end
    answers = [true, "ada@example.com", true, "signed_in", true, true]
    expect(forked(&use)).to eq(answers)
    expect(use.call).to eq(answers)
  end

  it "objects from before are freed on both sides" do
    before = Array.new(200) { KindeSdk.config.core_client.new_session }
    clients = Array.new(200) { client_with_token }
    drop = lambda do
      before.clear
      clients.clear
      3.times { GC.start }
      sign_in.key?(:access_token)
    end
    expect(forked(&drop)).to be(true)
    expect(clients).to all(be_a(KindeSdk::Client))
    expect(drop.call).to be(true)
  end

  it "during a call of another thread the child has a library that works" do
    emulator.post("/faults", { path: "/oauth2/token", hang: true })
    request = KindeSdk.auth_url
    callback = emulator.granted(request[:url])
    waiting = Thread.new { KindeSdk.fetch_tokens(callback, code_verifier: request[:code_verifier]) }
    emulator.wait_for("/oauth2/token", count: 1)
    expect(forked { sign_in.key?(:access_token) }).to be(true)
    emulator.post("/release")
    expect(waiting.value).to have_key(:access_token)
  end

  it "a grandchild works" do
    sign_in
    expect(forked { sign_in && forked { sign_in.key?(:access_token) } }).to be(true)
  end

  it "each side draws its own random values" do
    KindeSdk.auth_url
    expect(Array.new(3) { forked { KindeSdk.auth_url[:state] } }.push(KindeSdk.auth_url[:state]).uniq.size).to eq(4)
  end

  def client_with_token
    KindeSdk.client({ access_token: (@token ||= emulator.mint) })
  end
end
