# frozen_string_literal: true

require "erb"
require "stringio"

# Every operation of the catalogue is called once against the emulator, which judges requests by a catalogue of its own.
RSpec.describe "Every operation of Kinde's APIs" do
  catalogue = KindeSdk::Core.catalogue
  models = catalogue[:models]

  # An example of a type; of a model, all of its members.
  example_of = lambda do |field|
    next field[:enum].first if field[:enum]

    case field[:type]
    when "string" then field[:name].to_s.match?(/ur[il]/) ? "https://app.example.com/" : "example 1/é"
    when "time" then Time.utc(2026, 1, 2, 3, 4, 5)
    when "file" then StringIO.new("an image").tap { |file| file.define_singleton_method(:path) { "logo.png" } }
    when "integer", "number" then 3
    when "boolean" then true
    when "object", "any" then { "key" => "value" }
    when "array" then [example_of.call({ name: field[:name], **field[:items] })]
    when "map" then { "key" => example_of.call(field[:values]) }
    when "model"
      model = models.fetch(field[:model].to_sym)
      next example_of.call(model[:one_of].first) unless model[:fields]

      KindeApi.const_get(field[:model]).new(model[:fields].to_h { |it| [it[:name], example_of.call(it)] })
    end
  end

  # All pages of a list begin at its beginning.
  cursors = %w[ending_before starting_after next_token]

  # What is asked about a user is not answered with examples.
  let(:users_values) do
    { key: "seats", token: user.bearer_token, token_type_hint: "access_token", **Emulator::WEB }
  end

  before do
    emulator.patch("/settings", { management_examples: true })
    configure(management_client_id: Emulator::MACHINE[:client_id], management_client_secret: Emulator::MACHINE[:client_secret])
  end

  let(:user) { KindeSdk.client(sign_in) }

  def group_of(operation)
    name = KindeApi::Naming.class_of(operation[:group])
    return KindeApi.const_get(name).new if operation[:api] == "management"

    space = operation[:api] == "account" ? KindeApi::Frontend : KindeApi
    space.const_get(name).new(user.kinde_api_client)
  end

  # What is given for each parameter of an operation, files as they are sent.
  def given(operation, known, models, example_of, cursors)
    values = operation[:parameters].reject { |it| cursors.include?(it[:name]) }.to_h { |it| [it[:name].to_sym, example_of.call(it)] }
    return values.merge(known.body => example_of.call(operation[:body])) if known.body

    parts = operation[:body] ? models.fetch(operation[:body][:model].to_sym)[:fields] : []
    values = values.merge(parts.to_h { |it| [it[:name].to_sym, example_of.call(it)] })
    operation[:api] == "management" ? values : values.merge(users_values.slice(*values.keys))
  end

  KindeApi.eager_load!
  catalogue[:operations].each do |operation|
    it "#{operation[:name]} is sent as the catalogue says" do
      known = KindeApi::Operation.new(operation, models)
      named = given(operation, known, models, example_of, cursors)
      path = operation[:path].gsub(/\{(.*?)\}/) { ERB::Util.url_encode(named.fetch(Regexp.last_match(1).to_sym)) }
      asked = operation[:parameters].select { |it| it[:in] == "query" && named.key?(it[:name].to_sym) }.map { |it| it[:name] }
      body = JSON.parse(named.fetch(known.body).to_json) if known.body
      placed = known.required.map { |name| named.delete(name) }
      group = group_of(operation)
      emulator.control(:delete, "/requests")
      _, status, headers = group.public_send(:"#{operation[:name]}_with_http_info", *placed, **named)
      expect(status).to be_between(200, 299)
      expect(headers).to include("date")
      sent = emulator.get("/requests").fetch(:requests).find { |request| request[:path] == path }
      expect(sent).to include(method: operation[:method])
      expect(sent[:query].keys.map { |name| name.to_s[/[^\[]*/] }).to include(*asked)
      expect(JSON.parse(sent[:body])).to eq(body) if body
    end
  end
end
