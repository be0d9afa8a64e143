# frozen_string_literal: true

require "json"
require "set"

# Runs the cases that every language runs unchanged (`tests/vectors/README.md`) with {KindeSdk::Core}.
class Vectors
  DIRECTORY = File.expand_path("../../../../tests/vectors", __dir__)

  # Questions that this gem does not ask by themselves, and what it has instead.
  INSTEAD = { "claim_string" => "claim", "claim_integer" => "claim", "claim_boolean" => "claim" }.freeze

  # What the settings of a group are merged over.
  SETTINGS = { domain: "${issuer}", client_id: "emulator_web", client_secret: "emulator-web-secret-0123456789abcdefghijkl",
               redirect_uri: "http://127.0.0.1:1/callback", logout_redirect_uri: "http://127.0.0.1:1/logged-out" }.freeze

  @count = 0

  # @return [Integer] another one each time
  def self.count
    @count += 1
  end

  # @return [Array<Hash>]
  def self.groups(file)
    read(file).fetch("groups")
  end

  # @return [Hash]
  def self.read(file)
    JSON.parse(File.read(File.join(DIRECTORY, "#{file}.json")), max_nesting: false)
  end

  # Why a case cannot be run with this gem, or nil.
  def self.left_out(test)
    with = test["with"] || {}
    return "nothing is called" unless test["call"]
    return "#{INSTEAD[test["call"]]} answers for every type" if INSTEAD.key?(test["call"])
    return "the gem itself gives the default" if %w[flag flag_boolean flag_integer flag_string].include?(test["call"]) && with.key?("default")
    return "a Ruby program has one environment" if with.key?("environment")

    nil
  end

  def initialize(emulator)
    @emulator = emulator
  end

  # Runs a group and tells what came out differently.
  #
  # @return [Array<String>]
  def differences(group)
    @now = Time.now.to_i
    group = filled(group)
    @emulator.reset
    control(group["control"])
    @client = KindeSdk::Core::Client.new(**settings(group["settings"]))
    @session = session(group["session"])
    control(group["then"])
    group["cases"].reject { |test| self.class.left_out(test) }.filter_map do |test|
      control(test["control"])
      @emulator.control(:delete, "/requests") if test["expect"].key?("request")
      difference = compare(answer(test), test["expect"]) || compare_request(test["expect"])
      "#{test["name"]}: #{difference}" if difference
    end
  end

  private

  def filled(value)
    case value
    when String then value.gsub("${issuer}", @emulator.url).gsub("${host}", @emulator.url.delete_prefix("http://"))
    when Array then value.map { |item| filled(item) }
    when Hash then value.key?("$now") ? @now + value["$now"] : value.transform_values { |item| filled(item) }
    else value
    end
  end

  def settings(changes)
    # Clients whose settings of transport are equal share keys, as long as Ruby keeps one of them.
    own = { "connect_timeout_ms" => 5_000 + self.class.count }
    filled(SETTINGS.transform_keys(&:to_s)).merge(own, changes || {}).compact.transform_keys(&:to_sym)
  end

  def control(requests)
    Array(requests).each { |request| @emulator.control(request["method"].downcase.to_sym, request["path"], request["body"]) }
  end

  def session(wanted)
    case wanted
    when "signed_in" then @client.new_session.tap { |session| sign_in(session) }
    when Hash then @client.session_from_tokens(tokens(wanted))
    else @client.new_session
    end
  end

  def sign_in(session)
    session.handle_callback(@emulator.browse(session.login_url).to_s)
  end

  def tokens(wanted)
    { access_token: mint("access", wanted["access"] || {}), id_token: wanted["id"] && mint("id", wanted["id"]) }.compact
  end

  def mint(template, changes)
    body = { "template" => template, "client_id" => "emulator_web", "email" => "ada@example.com", "org_code" => "org_acme", **changes }
    body = { "claims" => changes["claims"] } if changes.key?("template") && changes["template"].nil?
    @emulator.post("/mint", body).fetch(:token)
  end

  # The answer of a call in the words of `expect`, or its error.
  def answer(test)
    Calls.new(@emulator, @client, @session, method(:mint), method(:control)).call(test["call"], test["with"] || {})
  rescue KindeSdk::Failure => e
    e
  end

  def compare(answer, expect)
    status = answer.is_a?(KindeSdk::Failure) ? answer.status.to_s.upcase : "OK"
    return "expected #{expect["status"]}, got #{status} (#{answer})" unless status == expect["status"]

    expect.except("status", "number", "advice", "request").each do |name, expected|
      return "#{name}: expected #{expected}, got #{answer.inspect}" unless same?(answer, name, expected)
    end
    nil
  end

  # What came to an API during a case.
  def compare_request(expect)
    return unless expect.key?("request")

    found = @emulator.get("/requests").fetch(:requests).select { |request| request[:path].include?("api/v1/") }.last
    sent = found && plain(found.slice(:method, :path, :query)).merge("body" => found[:body].empty? ? nil : JSON.parse(found[:body]))
    "request: expected #{expect["request"]}, sent #{sent}" unless sent == expect["request"]
  end

  def same?(answer, name, expected)
    return error_member(answer, name) == (name == "fields" ? expected.to_set : expected) if answer.is_a?(KindeSdk::Failure)

    case name
    when "members" then expected.all? { |member, value| plain(answer[:value])[member] == value }
    when "url" then url?(answer.fetch(:url), expected)
    else plain(answer[name.to_sym]) == expected
    end
  end

  def error_member(error, name)
    return error.details[:fields].to_set { |field| field[:field] } if name == "fields"

    error.details[name.to_sym]
  end

  def url?(url, expected)
    sent = URI.decode_www_form(URI(url).query.to_s).to_h
    url.start_with?(expected["starts_with"].to_s) && (expected["query"] || {}).all? do |name, value|
      value == "*" ? !sent[name].to_s.empty? : sent[name] == value
    end
  end

  # As JSON has it.
  def plain(value)
    JSON.parse(JSON.generate([value]), max_nesting: false).first
  end

  # The calls by their names in the vectors.
  class Calls
    TYPES = { nil => 0, "access" => 0, "id" => 1 }.freeze

    def initialize(emulator, client, session, mint, control)
      @emulator = emulator
      @client = client
      @session = session
      @mint = mint
      @control = control
    end

    def call(name, with)
      case name
      when "new_client" then KindeSdk::Core::Client.new(**with["settings"].transform_keys(&:to_sym)) && {}
      when "authorization_url" then @client.authorization_url(with).slice(:url)
      when "login_url", "register_url", "create_org_url" then { url: @session.public_send(name, with) }
      when "logout_url" then { url: @client.logout_url(with) }
      when "sign_in" then @session.handle_callback(@emulator.browse(@session.login_url).to_s) && {}
      when "handle_callback" then handle_callback(with)
      when "refresh" then @session.refresh || {}
      when "ensure_fresh" then { value: @session.ensure_fresh(with.fetch("min_seconds", 60)) }
      when "session_from_tokens" then from_tokens(with)
      when "verify_token" then verify(with)
      when "device_poll" then device_poll(with)
      when "client_credentials" then @client.client_credentials(with) && {}
      when "user_profile" then { value: @client.user_profile({ "access_token" => @session.access_token, **with }) }
      when "introspect_token" then { value: @client.introspect_token({ "token" => own_token, **with }) }
      when "api_call" then api_call(with["operation"], with["params"])
      when "revoke_token" then @client.revoke_token({ "token" => own_token, **with }) || {}
      else { value: ask(name, with) }
      end
    end

    private

    # By the method of its class, where the catalogue has the operation.
    def api_call(operation, params)
      KindeApi.eager_load!
      group = KindeApi::GROUPS.values.map { |name| KindeApi.const_get(name) }.find { |it| it.method_defined?(operation) }
      if group
        group.new(KindeApi::ApiClient.of(KindeSdk.config) { @client }).public_send(operation, **params.transform_keys(&:to_sym))
      else
        @client.api_call(operation, params)
      end
      {}
    end

    def own_token
      @session.authenticated? ? @session.access_token : nil
    end

    def handle_callback(with)
      begun = @session.login_url(with["params"] || {})
      state = URI.decode_www_form(URI(begun).query).to_h.fetch("state")
      callback = with.fetch("callback").gsub("${state}") { state }
      callback = callback.gsub("${query}") { @emulator.browse(begun).query } if callback.include?("${query}")
      @session.handle_callback(callback)
    end

    def from_tokens(with)
      tokens = { access_token: @mint.call("access", with["access"] || {}), id_token: with["id"] && @mint.call("id", with["id"]) }
      @client.session_from_tokens(tokens.compact) && {}
    end

    def verify(with)
      minted = with["mint"]
      token = with["token"] || (minted["template"] ? @mint.call(minted["template"], minted) : @emulator.post("/mint", minted)[:token])
      { value: @client.token_claims(token, with["options"]) }
    end

    def device_poll(with)
      code = @client.device_start.fetch(:device_code)
      (with.fetch("polls", 1) - 1).times do
        @client.device_poll(device_code: code)
        raise "only the last poll counts"
      rescue KindeSdk::Failure
        next
      end
      @control.call(with["control"])
      @client.device_poll(device_code: code) && {}
    end

    def ask(name, with)
      type = TYPES.fetch(with["token_type"])
      case name
      when "is_authenticated" then @session.authenticated?
      when "expires_at", "access_token", "tokens", "organization", "organizations", "user" then @session.public_send(name)
      when "claims", "permissions", "roles" then @session.public_send(name, type)
      when "claim" then { "name" => with["name"], "value" => @session.claim(with["name"], type) }
      when "has_permission" then @session.permission?(with["permission"], type)
      when "has_role" then @session.role?(with["key"], type)
      when "has" then @session.has?(with["conditions"])
      when "flags" then { feature_flags: @session.flags(type) }
      when "flag" then @session.flag(with["code"], type: with["type"])
      when "flag_boolean" then @session.boolean_flag(with["code"])
      when "flag_integer" then @session.integer_flag(with["code"])
      when "flag_string" then @session.string_flag(with["code"])
      else raise "no such call: #{name}"
      end
    end
  end
end
