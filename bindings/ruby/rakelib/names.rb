# frozen_string_literal: true

require "kinde_sdk/core"
require "kinde_api/naming"

# Makes `lib/kinde_api/names.rb` of the library's catalogue, so that names are known before the catalogue is read.
class Names
  HEAD = <<~RUBY
    # frozen_string_literal: true

    # Made of the library's catalogue by `rake names`; changes here are lost.
    module KindeApi
  RUBY

  def initialize
    @catalogue = KindeSdk::Core.catalogue
  end

  # @return [String]
  def text
    account, others = @catalogue[:groups].partition { |group| group[:api] == "account" }
    [HEAD,
     hash("By the method of a client, the class of a group of operations.", "GROUPS", others),
     hash("The same for the Account API, in {Frontend}.", "FRONTEND_GROUPS", account),
     list("The classes of what is sent.", "MODELS", @catalogue[:models].keys.sort), "end\n"].join
  end

  private

  def hash(comment, name, groups)
    pairs = groups.flat_map { |group| [group[:name], group[:alias]].compact.map { |it| "    #{it}: :#{KindeApi::Naming.class_of(group[:name])}" } }
    "  # #{comment}\n  #{name} = {\n#{pairs.join(",\n")}\n  }.freeze\n\n"
  end

  def list(comment, name, names)
    "  # #{comment}\n  #{name} = %i[\n#{names.map { |it| "    #{it}\n" }.join}  ].freeze\n"
  end
end
