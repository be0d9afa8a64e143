# frozen_string_literal: true

require "yard"

# Makes `sig/kinde_sdk.rbs` of the comments: they say the types already, and a test compares the names with what Ruby says.
class Signatures
  NAMESPACES = %w[JWT OAuth2 KindeSdk KindeApi].freeze
  # What answers to Rails, and what is inside {KindeSdk::Core}: no application calls it.
  LEFT_OUT = %w[KindeSdk::AuthController KindeSdk::Engine KindeSdk::Core::Call KindeSdk::Core::Library KindeSdk::Core::Log
                KindeSdk::Core::Native].freeze
  NAMED = { "Boolean" => "bool", "true" => "bool", "false" => "bool", "Object" => "untyped", "void" => "void", "nil" => "nil",
            "Hash" => "Hash[untyped, untyped]", "Array" => "Array[untyped]", "self" => "self", "Numeric" => "Numeric" }.freeze
  CONSTANTS = { /\A"/ => "String", /\A\d/ => "Integer", /\A%i/ => "Array[Symbol]", /\A%w/ => "Array[String]",
                /\A\[/ => "Array[untyped]", /\A\{/ => "Hash[untyped, untyped]" }.freeze

  # @param directory [String] of the gem
  def initialize(directory)
    YARD::Registry.clear
    YARD.parse(Dir[File.join(directory, "lib", "**", "*.rb")].reject { |file| file.include?("/generators/") }, [], YARD::Logger::ERROR)
    @known = YARD::Registry.all(:class, :module).to_h { |namespace| [namespace.path, namespace] }
  end

  # @return [String]
  def text
    head = "# Made of the comments in lib/ by `rake sig`; changes here are lost.\n\n"
    head + NAMESPACES.map { |name| "#{namespace(@known.fetch(name)).join("\n")}\n" }.join("\n")
  end

  private

  def namespace(object, indent = "")
    inner = "#{indent}  "
    lines = members(object).map { |line| "#{inner}#{line}" }
    children(object).each { |child| lines.push("", *namespace(child, inner)) }
    lines.shift if lines.first == ""
    ["#{indent}#{head(object)}", *lines, "#{indent}end"]
  end

  def head(object)
    return "module #{object.name}" unless object.type == :class

    above = object.superclass&.path.to_s
    above = "Hash[untyped, untyped]" if above == "Hash"
    above = nil unless @known.key?(above) || KindeApi::GROUPS.value?(above.delete_prefix("KindeApi::").to_sym) || %w[StandardError ArgumentError KeyError LoadError Hash[untyped,\ untyped]].include?(above)
    ["class #{object.name}", above].compact.join(" < ")
  end

  def children(object)
    object.children.select { |child| %i[class module].include?(child.type) && public?(child) }.sort_by(&:path)
  end

  def public?(object)
    object.visibility == :public && object.tag(:api)&.text != "private" && !object.tag(:private) && !LEFT_OUT.include?(object.path)
  end

  def members(object)
    mixins(object, :class, "extend") + mixins(object, :instance, "include") + constants(object) + methods(object, :class) + methods(object, :instance)
  end

  def mixins(object, scope, word)
    object.mixins(scope).map(&:path).select { |path| @known.key?(path) && path != object.path && public?(@known[path]) }
          .sort.map { |path| "#{word} #{path}" }
  end

  def constants(object)
    object.constants(included: false, inherited: false).select { |constant| public?(constant) }.sort_by(&:path).map do |constant|
      _, type = CONSTANTS.find { |pattern, _| pattern.match?(constant.value.to_s) }
      "#{constant.name}: #{type || "untyped"}"
    end
  end

  def methods(object, scope)
    found = object.meths(included: false, inherited: false, scope: scope, visibility: :public).select { |method| public?(method) }
    aliases, own = found.sort_by(&:path).partition(&:is_alias?)
    receiver = scope == :class ? "self." : ""
    own.map { |method| "def #{receiver}#{method.name}: #{signature(method)}" } +
      aliases.map { |method| "alias #{receiver}#{method.name} #{receiver}#{object.aliases[method]}" }
  end

  def signature(method)
    types = method.tags(:param).to_h { |tag| [tag.name.to_s.delete("*&:"), tag.types] }
    return "(#{union(written(method, types))} value) -> void" if method.name.match?(/\w=\z/)

    parameters = method.parameters.filter_map { |name, default| parameter(name, default, types[name.delete("*&:")]) }
    "(#{parameters.join(", ")})#{block(method)} -> #{result(method)}"
  end

  # What an attribute takes is what it gives.
  def written(method, types)
    types.values.first || method.tag(:return)&.types
  end

  def parameter(name, default, types)
    plain = name.delete("*&:")
    optional = default ? "?" : ""
    case name
    when /\A&/ then nil
    when /\A\*\*/ then "**#{inside(types, /\AHash\{.*?=>(.*)\}\z/)}"
    when /\A\*/ then "*#{inside(types, /\AArray<(.*)>\z/)}"
    when /:\z/ then "#{optional}#{plain}: #{union(types)}"
    else "#{optional}#{union(types)} #{plain}"
    end
  end

  # The type of each member of what takes all further parameters.
  def inside(types, pattern)
    types && (members = types.first[pattern, 1]) ? union(split(members)) : "untyped"
  end

  def block(method)
    given = method.tags(:yieldparam)
    gives = method.tag(:yieldreturn)
    named = method.parameters.any? { |name, _| name.start_with?("&") }
    return named ? " ?{ (*untyped) -> untyped }" : "" if given.empty? && gives.nil?

    " ?{ (#{given.map { |tag| "#{union(tag.types)} #{tag.name}" }.join(", ")}) -> #{gives ? union(gives.types) : "untyped"} }"
  end

  def result(method)
    return "void" if method.name == :initialize

    found = union(method.tag(:return)&.types)
    found == "untyped" && method.name.end_with?("?") ? "bool" : found
  end

  # One type of all that a comment names.
  def union(types)
    found = Array(types).map { |type| type(type.strip) }.uniq
    return "untyped" if found.empty? || found.include?("untyped")
    return found.first if found.size == 1

    others = found - ["nil"]
    one = others.size == 1 ? others.first : "(#{others.join(" | ")})"
    found.include?("nil") ? "#{one}?" : one
  end

  def type(name)
    case name
    when /\A(Array|Set|Enumerator|Enumerable)<(.*)>\z/ then "#{Regexp.last_match(1)}[#{union(split(Regexp.last_match(2)))}]"
    when /\AHash\{(.*?)=>(.*)\}\z/ then hash(Regexp.last_match(1), Regexp.last_match(2))
    else NAMED.fetch(name) { known?(name) ? name : "untyped" }
    end
  end

  def hash(keys, values)
    "Hash[#{union(split(keys))}, #{union(split(values))}]"
  end

  def known?(name)
    %w[String Symbol Integer Float Time URI Class].include?(name) || @known.any? { |path, object| path.end_with?("::#{name}") && public?(object) } ||
      @known.key?(name)
  end

  # At the commas that are outside of all brackets.
  def split(text)
    text.scan(/(?:[^,<>{}]|=>|<(?:[^<>]|<[^<>]*>)*>|\{(?:[^{}]|\{[^{}]*\})*\})+/).map(&:strip)
  end
end
