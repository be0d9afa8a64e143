# frozen_string_literal: true

require "kinde_sdk"

KindeApi.eager_load!

# Makes `sig/kinde_api.rbs` of the library's catalogue: the types of what `lib/kinde_api/classes.rb` makes of it.
class ApiSignatures
  HEAD = "# Made of the library's catalogue by `rake sig`; changes here are lost.\n\n"
  HASH = "Hash[untyped, untyped]"
  ANSWER = "KindeSdk::Answer"
  EACH = " ?{ (#{ANSWER} item) -> untyped }"
  ACCOUNT_ONLY = KindeApi::FRONTEND_GROUPS.values - KindeApi::GROUPS.values
  PLAIN = { "string" => "String", "integer" => "Integer", "number" => "Numeric", "boolean" => "bool", "time" => "(String | Time)",
            "object" => HASH, "file" => "untyped", "any" => "untyped" }.freeze

  def initialize
    @catalogue = KindeSdk::Core.catalogue
    @operations = @catalogue[:operations].group_by { |operation| operation.values_at(:api, :group) }
  end

  # @return [String]
  def text
    account, others = @catalogue[:groups].partition { |group| group[:api] == "account" }
    inside = models + others.flat_map { |group| [*group(group, ""), ""] }
    # RBS of Ruby 3.1 knows no other names of classes.
    inside += ACCOUNT_ONLY.map { |name| "  #{name}: singleton(KindeApi::Frontend::#{name})" } + [""]
    frontend = account.flat_map { |group| [*group(group, "  "), ""] }
    HEAD + ["module KindeApi", *inside, "  module Frontend", *frontend[0...-1], "  end", "end", "", *accessors].join("\n") + "\n"
  end

  private

  def group(group, indent)
    operations = @operations.fetch(group.values_at(:api, :name))
    lines = operations.flat_map { |operation| methods(operation) }
    block("class #{KindeApi::Naming.class_of(group[:name])} < KindeApi::Group", lines, "#{indent}  ")
  end

  def methods(operation)
    known = KindeApi::Operation.new(operation, @catalogue[:models])
    forms = forms(operation, known)
    answer = operation[:answer] ? ANSWER : "#{ANSWER}?"
    [operation[:name], operation[:alias]].compact.flat_map do |name|
      pages = method(KindeApi::Naming.all_of(name), forms, "Enumerator::Lazy[#{ANSWER}, void]", EACH) if known.pages?
      [method(name, forms, answer), method("#{name}_with_http_info", ["*untyped, **untyped"], "[#{answer}, Integer, Hash[String, String]]"), pages].compact
    end
  end

  def method(name, forms, result, block = "")
    "def #{name}: #{forms.map { |form| "(#{form})#{block} -> #{result}" }.join(" | ")}"
  end

  # What is required by place, where there is something; and all by name.
  def forms(operation, known)
    fields = fields(operation, known)
    placed = known.required.map { |name| "#{"?" if name == known.body}#{fields.fetch(name)[:type]} #{name}" }
    named = fields.map { |name, field| "#{"?" unless field[:required]}#{name}: #{field[:type]}" }
    by_name = ["?#{HASH} options", *named, *("?extra: #{HASH}" unless named.empty?)].join(", ")
    placed.empty? ? [by_name] : [[*placed, "?#{HASH} options", "**untyped"].join(", "), by_name]
  end

  def fields(operation, known)
    found = operation[:parameters].to_h { |field| [field[:name].to_sym, { type: type(field), required: field[:required] }] }
    body = operation[:body] or return found

    found[known.body] = { type: type(body), required: false } if known.body
    members = @catalogue[:models].fetch(body[:model].to_sym)[:fields] || []
    members.each { |field| found[field[:name].to_sym] ||= { type: type(field), required: field[:required] && !known.body } }
    found
  end

  def models
    @catalogue[:models].sort.flat_map { |name, model| [*(model[:fields] ? record(name, model[:fields]) : union(name)), ""] }
  end

  def record(name, fields)
    parameters = fields.map { |field| "?#{field[:name]}: #{type(field)}" }
    lines = fields.map { |field| "attr_accessor #{field[:name]}: #{nullable(type(field))}" }
    block("class #{name} < KindeApi::Model", [*lines, "def initialize: (#{["?#{HASH} attributes", *parameters].join(", ")}) -> void"], "  ")
  end

  def union(name)
    block("module #{name}", ["extend KindeApi::Union"], "  ")
  end

  def type(field)
    found = shape(field)
    field[:nullable] ? nullable(found) : found
  end

  def shape(field)
    case field[:type]
    when "array" then "Array[#{type(field[:items])}]"
    when "map" then "Hash[untyped, #{type(field[:values])}]"
    when "model" then @catalogue[:models].fetch(field[:model].to_sym)[:fields] ? "(#{field[:model]} | #{HASH})" : "untyped"
    else field[:enum] && field[:type] == "string" ? "(String | Symbol)" : PLAIN.fetch(field[:type])
    end
  end

  def nullable(type)
    type == "untyped" || type.end_with?("?") ? type : "#{type}?"
  end

  def accessors
    named = KindeApi::GROUPS.map { |name, group| "def #{name}: () -> KindeApi::#{group}" }
    account = KindeApi::FRONTEND_GROUPS.reject { |name, _| KindeApi::GROUPS.key?(name) }
    named += account.map { |name, group| "def #{name}: () -> KindeApi::Frontend::#{group}" }
    ["module KindeSdk", *block("module Apis", named, "  "), "end"]
  end

  def block(head, lines, indent)
    ["#{indent}#{head}", *lines.map { |line| "#{indent}  #{line}" }, "#{indent}end"]
  end
end
