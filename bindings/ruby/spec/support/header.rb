# frozen_string_literal: true

# `include/kinde.h` as a C compiler reads it, and its comments as a person does.
class Header
  PATH = File.expand_path("../../../../include/kinde.h", __dir__)

  # A prototype: its name, the C types of its parameters and its result, and the comment above it.
  Function = Struct.new(:name, :parameters, :result, :comment)

  # A comment, or a declaration that ends with a semicolon outside all brackets.
  PIECE = %r{/\*(?<comment>.*?)\*/|(?<declaration>(?:[^;{}/]|\{[^{}]*\})+;)}m.freeze
  PROTOTYPE = /\A(?<result>[\w\s*]+?)(?<name>\bkinde_\w+)\s*\((?<parameters>[^()]*)\);\z/.freeze
  CALLBACK = /\Atypedef\s+[\w\s*]+\(\*(?<name>\w+)\)/.freeze

  attr_reader :functions, :callbacks, :statuses

  def initialize(path = PATH)
    @text = File.read(path)
    @functions = {}
    @callbacks = []
    read_declarations
    @statuses = @text.scan(/^\s*KINDE_STATUS_(\w+) = (\d+),/).to_h { |name, number| [name.downcase.to_sym, number.to_i] }
  end

  # The number of a `#define`.
  def constant(name)
    Integer(@text[/^#define #{name} (\d+)$/, 1])
  end

  private

  def read_declarations
    comment = nil
    # Lines of the preprocessor, and the bracket of `extern "C"`, belong to no declaration.
    text = @text.gsub(/^\s*#.*$/, "").gsub(/^extern "C" \{$/, "").gsub(%r{//.*$}, "")
    text.scan(PIECE) do
      piece = Regexp.last_match
      next comment = piece[:comment].gsub(/^\s*\*/, "").split.join(" ") if piece[:comment]

      declare(piece[:declaration].split.join(" "), comment)
      comment = nil
    end
  end

  def declare(declaration, comment)
    if (callback = CALLBACK.match(declaration))
      @callbacks << callback[:name]
    elsif (prototype = PROTOTYPE.match(declaration))
      @functions[prototype[:name].to_sym] =
        Function.new(prototype[:name].to_sym, types(prototype[:parameters]), type(prototype[:result]), comment.to_s)
    end
  end

  def types(parameters)
    return [] if parameters.strip == "void"

    parameters.split(",").map { |parameter| type(parameter.sub(/\w+\s*\z/, "")) }
  end

  # One way to write a type: "const char *", "kinde_error **".
  def type(text)
    stars = text.count("*")
    [text.delete("*").split.join(" "), ("*" * stars unless stars.zero?)].compact.join(" ")
  end
end
