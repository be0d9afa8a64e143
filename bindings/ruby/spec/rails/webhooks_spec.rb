# frozen_string_literal: true

require "securerandom"
require "support/rails_application"

# What the tests have handle events: what is sent to it, in one list.
class KindeEventsController < ActionController::Base
  include KindeSdk::Webhooks

  protect_from_forgery with: :exception

  class << self
    attr_accessor :handler
  end

  private

  def handle_kinde_event(event)
    self.class.handler.call(event)
  end
end

# One that has forgotten its method.
class ForgetfulEventsController < ActionController::API
  include KindeSdk::Webhooks
end

RSpec.describe KindeSdk::Webhooks do
  let(:handled) { [] }

  before { KindeEventsController.handler = ->(event) { handled << event } }

  around do |example|
    ActionController::Base.allow_forgery_protection = true
    example.run
  ensure
    ActionController::Base.allow_forgery_protection = false
  end

  def webhook(event_id: "event_#{SecureRandom.hex(8)}", **changes)
    emulator.post("/webhooks", { event_id: event_id, **changes }).fetch(:token)
  end

  def post(body, to: KindeEventsController, type: "application/jwt")
    Rack::MockRequest.new(to.action(:create)).request("POST", "/", input: body, "CONTENT_TYPE" => type)
  end

  it "hands an event to the controller, once, without a token against forgery" do
    body = webhook(type: "user.updated", data: { user: { id: "kp_1" } })
    2.times do
      answer = post(body)
      expect([answer.status, answer.body, answer["Cache-Control"]]).to eq([200, "", "no-store"])
    end
    expect(handled.map { |event| event.slice(:type, :data) }).to eq([{ type: "user.updated", data: { user: { id: "kp_1" } } }])
  end

  it "hands it over again when the controller has failed" do
    body = webhook
    KindeEventsController.handler = ->(_event) { raise IOError, "no mail today" }
    expect { post(body) }.to raise_error(IOError)
    KindeEventsController.handler = ->(event) { handled << event }
    expect(post(body).status).to eq(200)
    expect(handled.size).to eq(1)
  end

  it "refuses what is no webhook of Kinde, of whatever type it says it is" do
    [webhook(sign: "foreign"), webhook(timestamp: "2024-11-21T08:01:50+11:00"), emulator.mint, "", "a\0b", "\xff"].each do |body|
      %w[application/jwt text/plain application/octet-stream].each { |type| expect(post(body, type: type).status).to eq(400) }
    end
    expect(post("x" * 70_000).status).to eq(413)
    expect(handled).to be_empty
  end

  it "answers 503 while the store is away, so that the event comes again" do
    body = webhook
    configure(store_url: "redis://127.0.0.1:1", seal_keys: ["k" * 32])
    expect(post(body).status).to eq(503)
    expect(handled).to be_empty
  end

  it "says which method a controller lacks" do
    expect { post(webhook(type: "role.created"), to: ForgetfulEventsController) }
      .to raise_error(NotImplementedError, /ForgetfulEventsController needs a method handle_kinde_event.*role\.created/)
  end
end
