# frozen_string_literal: true

RSpec.describe "Headers of answers" do
  # What both make of an answer with a cookie, in a process that has this version of Rack.
  def answer(release)
    ruby(<<~RUBY, require: "rack")
      Rack.define_singleton_method(:release) { #{release.dump} }
      require "kinde_sdk"
      headers = KindeSdk::Rack::Headers
      p headers.of("Location" => "/"), headers.with_cookies({ "content-type" => "a" }, %w[b=1 c=2]),
        headers.with_cookies({ "sEt-cookie" => "a=0", "cache-control" => "private" }.freeze, %w[b=1])
    RUBY
  end

  it "are as Rack 2 wants them" do
    expect(answer("2.2.4").lines.map { |line| eval(line) }).to eq(
      [{ "Location" => "/" }, { "content-type" => "a", "Set-Cookie" => "b=1\nc=2", "Cache-Control" => "no-store" },
       { "sEt-cookie" => "a=0\nb=1", "cache-control" => "private" }]
    )
  end

  it "are as Rack 3 wants them" do
    expect(answer("3.1.0").lines.map { |line| eval(line) }).to eq(
      [{ "location" => "/" }, { "content-type" => "a", "set-cookie" => %w[b=1 c=2], "cache-control" => "no-store" },
       { "sEt-cookie" => %w[a=0 b=1], "cache-control" => "private" }]
    )
  end

  it "need Rack only when the middleware is named" do
    loaded = ruby('p defined?(Rack); KindeSdk::Rack::Middleware; p defined?(Rack::Request)')
    expect(loaded.lines.map(&:chomp)).to eq(["nil", '"constant"'])
  end
end
