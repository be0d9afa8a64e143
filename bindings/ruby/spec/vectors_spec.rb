# frozen_string_literal: true

require_relative "support/vectors"

RSpec.describe "The cases that every language runs" do
  files = Dir["**/*.json", base: Vectors::DIRECTORY].map { |path| path.delete_suffix(".json") } - ["return_to"]

  let(:vectors) { Vectors.new(emulator) }

  files.sort.each do |file|
    Vectors.groups(file).each do |group|
      it "#{file}: #{group["name"]}" do
        expect(vectors.differences(group)).to be_empty
      end
    end
  end

  it "are nearly all run" do
    tests = files.flat_map { |file| Vectors.groups(file).flat_map { |group| group["cases"] } }
    reasons = tests.filter_map { |test| Vectors.left_out(test) }.tally
    expect(reasons.values.sum).to be < tests.size / 5
  end

  describe "return addresses" do
    vectors = Vectors.read("return_to")
    settings = vectors.fetch("settings").transform_keys(&:to_sym)

    vectors.fetch("refused").each do |address|
      it "#{address.inspect[0, 60]} is refused" do
        session = KindeSdk::Core::Client.new(**settings).new_session
        expect { session.login_url(return_to: address) }
          .to raise_error(KindeSdk::InvalidArgumentError) { |error| expect(error.status).to eq(:invalid_argument) }
      end
    end

    vectors.fetch("accepted").each do |test|
      it "#{test["given"].inspect[0, 60]} is accepted" do
        client = KindeSdk::Core::Client.new(**settings, domain: emulator.url, **Emulator::WEB)
        session = client.new_session
        callback = emulator.browse(session.login_url(return_to: test["given"])).to_s
        expect(session.handle_callback(callback)[:return_to]).to eq(test["result"])
      end
    end
  end
end
