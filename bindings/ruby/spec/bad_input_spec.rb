# frozen_string_literal: true

# Every public method is called with bad values in the place of each of its parameters. It answers, or raises what it is
# documented to raise, and no message shows a value that may be a secret.
RSpec.describe "Bad input" do
  mark = "hunter2hunter2"
  values = {
    "nil" => nil, "true" => true, "a number" => 7, "a huge number" => 2**80, "a hugely negative number" => -(2**80),
    "a fraction" => 0.5, "no number" => Float::NAN, "infinity" => Float::INFINITY, "a symbol" => :"#{mark} symbol",
    "an empty text" => "", "a frozen text" => mark, "a binary text" => "#{mark}\xFF\x00\xFE".b, "broken UTF-8" => "#{mark}\xC3",
    "UTF-16" => mark.encode(Encoding::UTF_16LE), "broken UTF-16" => "#{mark}\x00\xD8".dup.force_encoding(Encoding::UTF_16LE),
    "UTF-7, which Ruby only knows by name" => mark.dup.force_encoding(Encoding::UTF_7),
    "a text with NUL" => "#{mark}\0more", "control characters" => "#{mark}\r\nX: y\t\e", "a long text" => mark * 75_000,
    "a list" => [mark, nil], "a deep list" => Array.new(200).reduce(mark) { |inner, _| [inner] }, "a hash" => { "other" => mark },
    "a hash of bad tokens" => { access_token: 7, "refresh_token" => [mark], id_token: mark.b, expires_at: mark },
    "a hash of binary text" => { access_token: "#{mark}\xFF".b, refresh_token: "#{mark}\xFF".b, code: "#{mark}\xFF".b },
    "a hash of long texts" => { access_token: mark * 75_000, code: mark * 75_000, "code" => mark * 75_000 },
    "an object" => Object.new, "a class" => String, "a block" => proc { mark }, "a time" => Time.at(0)
  }.freeze

  # Where a message may say what was given, because nobody would keep a secret there.
  shown = %i[client_id domain token_type flag_type name code claim permission options key keys type role_keys conditions
             operation].freeze

  documented = [KindeSdk::Failure, ArgumentError, TypeError, KeyError].freeze

  receivers = {
    "KindeSdk" => -> { KindeSdk },
    "KindeApi" => -> { KindeApi },
    "KindeSdk::Client" => -> { KindeSdk.client(@tokens, false) },
    "KindeSdk::Configuration" => -> { KindeSdk::Configuration.new },
    "KindeSdk::TokenHash" => -> { KindeSdk::TokenHash.by_symbol(@tokens) },
    "KindeSdk::TokenStore" => -> { KindeSdk::TokenStore.new(@tokens) },
    "KindeSdk::TokenManager" => -> { KindeSdk::TokenManager },
    "KindeApi::ApiClient" => -> { KindeSdk.api_client("token") },
    "KindeSdk::Management" => -> { KindeSdk.management },
    "KindeSdk::Core" => -> { KindeSdk::Core },
    "KindeSdk::Core::Client" => -> { KindeSdk.config.core_client(store_url: "memory:", seal_keys: ["k" * 43]) },
    "KindeSdk::Core::Session" => lambda {
      KindeSdk.config.core_client(store_url: "memory:", seal_keys: ["k" * 43]).session_from_tokens(@tokens)
    },
    "KindeSdk::Client.new" => -> { KindeSdk::Client }, "KindeSdk::TokenStore.new" => -> { KindeSdk::TokenStore },
    "KindeSdk::Core::Client.new" => -> { KindeSdk::Core::Client }, "KindeSdk::TokenHash.new" => -> { KindeSdk::TokenHash }
  }.freeze

  # What is public to Ruby only; and what a value is for, so that none is bad.
  left_out = %i[session verifying_client requested check_ractor pretty_print].freeze

  # Names of the methods that a receiver has from this gem, with the class methods of classes.
  def self.methods_of(name)
    return [:new, *(Object.const_get(name.delete_suffix(".new")).singleton_methods(false) - %i[library_names])] if name.end_with?(".new")

    object = Object.const_get(name)
    return object.singleton_methods if object.instance_of?(Module)

    object.public_instance_methods.select { |method| object.instance_method(method).owner.name.to_s.start_with?("Kinde") }
  end

  before do
    @tokens = { access_token: emulator.mint }
    @config = KindeSdk.config
    @good = {
      tokens: @tokens, tokens_hash: @tokens, hash: @tokens, token_hash: @tokens, session_data: @tokens, params_or_code: "code",
      store: KindeSdk::TokenStore.new(@tokens), session: {}, parameters: {}, params: {}, conditions: {}, options: {},
      token: @tokens[:access_token], token_type: nil, min_seconds: 0, content: "all", timeout: 1, sdk_api_client: nil,
      verifier: "v" * 43, code_verifier: "v" * 43, url_or_query: "code=x&state=y"
    }
  end

  def outcome(documented)
    yield
    nil
  rescue *documented => e
    e
  end

  def parameters_of(receiver, method)
    callable = method == :new ? receiver.instance_method(:initialize) : receiver.method(method)
    callable.parameters
  end

  def call(receiver, method, parameters, place, value)
    positional = []
    named = {}
    parameters.each do |kind, name|
      here = name == place
      case kind
      when :req then positional << (here ? value : @good.fetch(name, "x"))
      when :opt, :rest then positional << value if here
      when :keyreq, :key then named[name] = value if here || kind == :keyreq
      when :keyrest then named[:org_code] = value if here
      end
    end
    receiver.public_send(method, *positional, **named)
  end

  receivers.each do |name, make|
    (methods_of(name) - left_out).sort.each do |method|
      it "of #{name}#{name.end_with?(".new") ? "" : "#"}#{method} is answered" do
        parameters = parameters_of(instance_exec(&make), method)
        places = parameters.reject { |kind, _| kind == :block }.map { |kind, place| place || kind }
        places.product(values.keys).each do |place, described|
          error = outcome(documented) { call(instance_exec(&make), method, parameters, place, values[described]) }
          next unless error

          expect(error).not_to be_a(NameError), "#{place}: #{described}: #{error.full_message}"
          next if shown.include?(place)

          expect(error.message.bytesize).to be < 2000, "#{place}: #{described}: #{error.message[0, 200]}"
          expect(error.message.b).not_to include(mark), "#{place}: #{described}: #{error.message}"
        end
        outcome(documented) { instance_exec(&make).public_send(method) } if places.empty?
        KindeSdk.config = @config
        expect(KindeSdk.auth_url).to have_key(:url)
        expect(logged.b).not_to include(mark)
      end
    end
  end

  it "is tried with every public module and class of the gem" do
    namespaces = [KindeSdk, KindeSdk::Core].flat_map { |space| space.constants.map { |constant| space.const_get(constant) } }
    callable = namespaces.grep(Module).reject { |item| item <= Exception || item == KindeSdk::Failure }
    covered = receivers.keys.map { |name| Object.const_get(name.delete_suffix(".new")) }
    # Parts of others, and values.
    elsewhere = [KindeSdk::SignIn, KindeSdk::Tokens, KindeSdk::LogoutUrl, KindeSdk::PortalPage, KindeSdk::Answer, KindeSdk::Apis, KindeSdk::Core::Pages]
    internal = [KindeSdk::Core::Call, KindeSdk::Core::Library, KindeSdk::Core::Log, KindeSdk::Core::Native]
    # What serves Rack and Rails has tests of its own.
    served = callable.select { |item| Object.const_source_location(item.name).first.match?(%r{/(rack|rails|testing|app)\b}) }
    expect(callable - covered - elsewhere - internal - served).to be_empty
  end
end
