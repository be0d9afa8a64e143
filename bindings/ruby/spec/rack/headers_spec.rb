# frozen_string_literal: true

RSpec.describe "Headers of answers" do
  # What both make of an answer with a cookie, in a process that has this version of Rack.
  def answer(release)
    ruby(<<~RUBY, require: "rack")
      Rack.define_singleton_method(:release) { #{release.dump} }
      require "kinde_sdk"
      headers = KindeSdk::Rack::Headers
      print JSON.generate([headers.of("Location" => "/"), headers.with_cookies({ "content-type" => "a" }, %w[b=1 c=2]),
                           headers.with_cookies({ "sEt-cookie" => "a=0", "cache-control" => "private" }.freeze, %w[b=1])])
    RUBY
  end

  it "are as Rack 2 wants them" do
    expect(JSON.parse(answer("2.2.4"))).to eq(
      [{ "Location" => "/" }, { "content-type" => "a", "Set-Cookie" => "b=1\nc=2", "Cache-Control" => "no-store" },
       { "sEt-cookie" => "a=0\nb=1", "cache-control" => "private" }]
    )
  end

  it "are as Rack 3 wants them" do
    expect(JSON.parse(answer("3.1.0"))).to eq(
      [{ "location" => "/" }, { "content-type" => "a", "set-cookie" => %w[b=1 c=2], "cache-control" => "no-store" },
       { "sEt-cookie" => %w[a=0 b=1], "cache-control" => "private" }]
    )
  end

  it "are in small letters on every page of its own, as Rack 3 demands" do
    said = ruby(<<~RUBY, require: "rack")
      Rack.define_singleton_method(:release) { "3.1.0" }
      require "kinde_sdk"
      #{settings_code}
      KindeSdk.config.seal_keys = ["k" * 32]
      KindeSdk.config.logger = nil
      pages = KindeSdk::Rack::Middleware.new(->(_) { [200, {}, []] }, login_path: "/login", logout_path: "/logout")
      api = KindeSdk::Rack::BearerAuth.new(->(_) { [200, {}, []] }, audience: "a", realm: "r")
      answers = ["/login", "/login?return_to=//evil.example", "/callback?state=x", "/logout"].map { |path| pages.call(Rack::MockRequest.env_for(path)) }
      answers << pages.call(Rack::MockRequest.env_for("/login", "HTTP_SEC_PURPOSE" => "prefetch")) << api.call({})
      print JSON.generate(answers.map { |status, headers, _| [status, headers] })
    RUBY
    answers = JSON.parse(said)
    expect(answers.map(&:first)).to eq([302, 400, 400, 302, 400, 401])
    expect(answers.flat_map { |_, headers| headers.keys }).to all(match(/\A[a-z-]+\z/))
    expect(answers.first.last).to include("set-cookie" => [start_with("kinde_session_")], "cache-control" => "no-store")
  end

  it "need Rack only when the middleware is named" do
    loaded = ruby('p defined?(Rack); KindeSdk::Rack::Middleware; p defined?(Rack::Request)')
    expect(loaded.lines.map(&:chomp)).to eq(["nil", '"constant"'])
  end
end
