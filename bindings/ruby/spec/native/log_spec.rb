# frozen_string_literal: true

RSpec.describe "The library's messages" do
  def trouble
    emulator.post("/faults", { path: "/oauth2/token", status: 503, times: nil })
    KindeSdk.fetch_tokens("code", "v" * 43)
  rescue KindeSdk::OAuthError
    nil
  end

  it "go to the configured logger" do
    configure(debugging: true)
    sign_in
    expect(logged).to match(/INFO -- : \[kinde\] http: POST /)
  ensure
    configure(debugging: false)
  end

  it "hold no secret" do
    configure(debugging: true)
    request = KindeSdk.auth_url
    callback = emulator.callback(request[:url])
    tokens = KindeSdk.fetch_tokens(callback, code_verifier: request[:code_verifier], nonce: request[:nonce])
    KindeSdk.client(tokens).user_permissions
    KindeSdk.refresh_token(tokens)
    trouble
    expect(logged.scan(/POST|GET/).tally).to include("POST" => be >= 3, "GET" => be >= 1)
    secrets = [*tokens.values_at(:access_token, :id_token, :refresh_token), Emulator::WEB[:client_secret], callback["code"],
               *request.values_at(:code_verifier, :nonce, :state)]
    expect(secrets.select { |secret| logged.include?(secret) }).to be_empty
  ensure
    configure(debugging: false)
  end

  it "are few unless debugging is on" do
    sign_in
    expect(logged).to be_empty
  end

  it "need no logger" do
    configure(debugging: true, logger: nil)
    expect(sign_in).to have_key(:access_token)
    expect(KindeSdk::Core::Log.drain).to be_nil
  ensure
    configure(debugging: false)
  end

  it "come in forked processes too, each its own" do
    configure(debugging: true)
    sign_in
    before = logged.size
    said = forked do
      sign_in
      logged[before..]
    end
    expect(said).to match(/\[kinde\] http: /)
    expect(logged.size).to eq(before)
    sign_in
    expect(logged.size).to be > before
  ensure
    configure(debugging: false)
  end

  it "are fetched without a callback" do
    calls = []
    allow(KindeSdk::Core::Native).to receive(:kinde_set_log_callback).and_wrap_original do |call, *arguments|
      calls << arguments
      call.call(*arguments)
    end
    configure(debugging: true)
    configure(debugging: false)
    expect(calls).to eq([[KindeSdk::Core::Log::DEBUG, nil, nil], [KindeSdk::Core::Log::WARN, nil, nil]])
  end
end
