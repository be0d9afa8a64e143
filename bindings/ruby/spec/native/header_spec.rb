# frozen_string_literal: true

require "tempfile"
require_relative "../support/header"

RSpec.describe "The declarations of the library's functions" do
  header = Header.new
  declared = KindeSdk::Core::Native::FUNCTIONS

  scalars = { "int32_t" => :int32, "uint32_t" => :uint32, "int64_t" => :int64, "uint64_t" => :uint64, "bool" => :bool,
              "kinde_status" => :int32, "void" => :void }.freeze

  # What FFI must be told for a C type; a text that comes in, or is borrowed, is `const char *`.
  ffi_type = lambda do |type|
    next :string if type == "const char *"
    next :pointer if type.end_with?("*") || header.callbacks.include?(type)

    scalars.fetch(type)
  end

  # Why a function of the header has no declaration.
  left_out = {
    "it has a twin that blocks, which lets other threads of Ruby run" => ->(f) { f.name.end_with?("_async") },
    "it takes a callback, which FFI before 1.17 loses in forked processes" =>
      ->(f) { f.name != :kinde_set_log_callback && f.parameters.any? { |type| header.callbacks.include?(type) } },
    "it is for callbacks of stores" => ->(f) { f.name.start_with?("kinde_store_reply_") },
    "it is for asynchronous calls" => ->(f) { f.name.start_with?("kinde_task_") },
    "an object of Ruby holds the one reference" => ->(f) { f.name.end_with?("_ref") },
    "kinde_error_details says it" =>
      ->(f) { f.name.start_with?("kinde_error_") && f.parameters == ["const kinde_error *"] },
    "kinde_session_claim answers for every type" =>
      ->(f) { %i[kinde_session_claim_integer kinde_session_claim_boolean].include?(f.name) }
  }

  # Functions that may block but do not as they are called here.
  never_waits = { kinde_log_next: "it is called with a wait of 0" }

  it "is read from the whole header" do
    exported = File.readlines(File.expand_path("../../../../tests/symbols.txt", __dir__), chomp: true).map(&:to_sym)
    expect(header.functions.keys).to match_array(exported)
    expect(header.callbacks).to include("kinde_log_callback", "kinde_completion", "kinde_store_load")
  end

  it "has no function that the header lacks" do
    expect(declared.keys - header.functions.keys).to be_empty
  end

  it "has every function of the header, but for those that it has no use for" do
    missing = (header.functions.keys - declared.keys).map { |name| header.functions.fetch(name) }
    expect(missing.reject { |function| left_out.any? { |_, rule| rule.call(function) } }.map(&:name)).to be_empty
    expect(left_out.reject { |_, rule| missing.any?(&rule) }.keys).to be_empty
  end

  declared.each do |name, declaration|
    it "declares #{name} as the header does" do
      function = header.functions.fetch(name)
      expect(declaration.parameters).to eq(function.parameters.map(&ffi_type))
      expect(declaration.result).to eq(ffi_type.call(function.result))
    end

    it "lets other threads run during #{name} exactly if it may block" do
      may_block = header.functions.fetch(name).comment.match?(/\bblocks\b/) && !never_waits.key?(name)
      expect(declaration.blocking).to be(may_block)
    end
  end

  it "was written for the ABI of the header" do
    expect(KindeSdk::Core::Library::ABI_VERSION).to eq(header.constant("KINDE_ABI_VERSION"))
  end

  describe "the reader of headers" do
    let(:made_up) do
      Tempfile.create("kinde.h") do |file|
        file.write(<<~C)
          /** Blocks never: it (the comment; with signs) says so. */
          typedef void (*a_callback)(void *userdata, int32_t level);
          enum kinde_status { KINDE_STATUS_OK = 0, };
          #ifdef __cplusplus
          extern "C" {
          #endif // __cplusplus
          /** First. Any thread; blocks for long. */
          const char *kinde_first(void);
          /** Second. */
          kinde_status kinde_second(const kinde_error *error,
                                    char **out, a_callback callback);
        C
        file.flush
        Header.new(file.path)
      end
    end

    it "reads prototypes and their comments" do
      expect(made_up.callbacks).to eq(["a_callback"])
      expect(made_up.functions.values.map(&:to_a)).to eq(
        [[:kinde_first, [], "const char *", "First. Any thread; blocks for long."],
         [:kinde_second, ["const kinde_error *", "char **", "a_callback"], "kinde_status", "Second."]]
      )
    end
  end
end
