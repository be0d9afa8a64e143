# frozen_string_literal: true

require "rack"
require "securerandom"

RSpec.describe KindeSdk::Rack::Webhooks do
  let(:handled) { [] }
  let(:endpoint) { Rack::Lint.new(described_class.new { |event| handled << event }) }

  def webhook(event_id: "event_#{SecureRandom.hex(8)}", **changes)
    emulator.post("/webhooks", { event_id: event_id, **changes }).fetch(:token)
  end

  def post(body, to: endpoint, method: "POST")
    Rack::MockRequest.new(to).request(method, "/", input: body, "CONTENT_TYPE" => "application/jwt")
  end

  it "hands an event to the block, once" do
    body = webhook(type: "role.created", data: { key: "admin" })
    2.times { expect(post(body).status).to eq(200) }
    expect(handled.map { |event| event.slice(:type, :data, :duplicate) })
      .to eq([{ type: "role.created", data: { key: "admin" }, duplicate: false }])
  end

  it "hands it over again when the block has failed" do
    body = webhook
    failing = described_class.new { |_event| raise IOError, "no mail today" }
    expect { post(body, to: failing) }.to raise_error(IOError)
    expect(post(body).status).to eq(200)
    expect(handled.size).to eq(1)
  end

  it "refuses what is no webhook of Kinde, or none of now" do
    [webhook(sign: "foreign"), webhook(timestamp: "2024-11-21T08:01:50+11:00"), emulator.mint, "", "a\0b", "\xff", "a.b.c"].each do |body|
      expect(post(body).status).to eq(400)
    end
    expect(handled).to be_empty
  end

  it "takes POST alone, and no endless body" do
    answer = post("", method: "GET")
    expect([answer.status, answer["Allow"]]).to eq([405, "POST"])
    expect(post("x" * 70_000).status).to eq(413)
  end

  it "answers 503 while the store is away, so that the event comes again" do
    body = webhook
    configure(store_url: "redis://127.0.0.1:1", seal_keys: ["k" * 32])
    expect(post(body).status).to eq(503)
    expect(handled).to be_empty
  end

  it "takes a body that others have read before" do
    logging = ->(env) { env["rack.input"].read && endpoint.call(env) }
    expect(post(webhook, to: logging).status).to eq(200)
    expect(handled.size).to eq(1)
  end

  it "takes a body that can be read once" do
    IO.pipe do |input, output|
      output.write(webhook)
      output.close
      status, = described_class.new { |event| handled << event }.call("REQUEST_METHOD" => "POST", "rack.input" => input)
      expect([status, handled.size]).to eq([200, 1])
    end
  end

  it "needs a block" do
    expect { described_class.new }.to raise_error(ArgumentError, /block/)
  end
end
