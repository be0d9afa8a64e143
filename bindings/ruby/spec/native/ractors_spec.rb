# frozen_string_literal: true

RSpec.describe "Ractors", if: defined?(Ractor) do
  # Runs the body of a Ractor in a process of its own and tells what it ended with. Never in that of the specs: once it
  # has had a Ractor, Ruby 3.1 waits for itself without end when it loads an encoding.
  def in_ractor(body, arguments = "", before: "")
    ruby(<<~RUBY, "-W0").strip
      #{settings_code}
      tokens = { access_token: #{emulator.mint.dump} }
      #{before}
      begin
        puts Ractor.new(#{arguments}) { #{"|given|" unless arguments.empty?} Thread.current.report_on_exception = false; #{body} }.take
      rescue Ractor::RemoteError => e
        puts "\#{e.cause.class}: \#{e.cause.message}"
      rescue StandardError => e
        puts "\#{e.class}: \#{e.message}"
      end
      GC.start
    RUBY
  end

  refusal = /\A(KindeSdk::Error|Ractor::Error): .*Ractor/

  {
    "KindeSdk.auth_url" => "KindeSdk.auth_url",
    "KindeSdk.configure" => 'KindeSdk.configure { |c| c.domain = "x" }',
    "KindeSdk.client" => 'KindeSdk.client({ access_token: "x" })',
    "KindeSdk.fetch_tokens" => 'KindeSdk.fetch_tokens("code")',
    "KindeSdk.validate_jwt_token" => 'KindeSdk.validate_jwt_token({ access_token: "x" })',
    "KindeSdk.logout_url" => "KindeSdk.logout_url",
    "KindeSdk.management" => "KindeSdk.management.users.get_users",
    "KindeSdk::Configuration" => "KindeSdk::Configuration.new.core_client",
    "KindeSdk::Core::Client" => 'KindeSdk::Core::Client.new(domain: "https://a.example", client_id: "x")',
    "KindeSdk::Core.shutdown" => "KindeSdk::Core.shutdown"
  }.each do |name, body|
    it "refuse #{name} and say why" do
      expect(in_ractor(body)).to match(refusal)
    end
  end

  it "do not take an object of the library" do
    {
      "KindeSdk.config.core_client" => "given.authorization_url",
      "KindeSdk.config.core_client.new_session" => "given.authenticated?",
      "KindeSdk.client(tokens)" => "given.permission_granted?('x')"
    }.each do |made, body|
      expect(in_ractor(body, "object", before: "object = #{made}")).to match(refusal)
      expect(in_ractor(body, "nil", before: "object = #{made}; Ractor.make_shareable(object) rescue (puts $!.message)"))
        .to match(/shareable/)
    end
  end

  it "take answers, and the names of things" do
    expect(in_ractor("given[:access_token] == given['access_token']", "KindeSdk::TokenHash.by_symbol(tokens)")).to eq("true")
    expect(in_ractor("given[:permissions].class", "KindeSdk.client(tokens).get_permissions")).to eq("Array")
    expect(in_ractor("KindeSdk::TokenStore.new(given).bearer_token == given[:access_token]", "tokens")).to eq("true")
  end

  it "leave the main one working" do
    expect(in_ractor("1", before: 'Ractor.new { KindeSdk.auth_url rescue 1 }.take; puts KindeSdk.auth_url.key?(:url)'))
      .to eq("true\n1")
  end
end
