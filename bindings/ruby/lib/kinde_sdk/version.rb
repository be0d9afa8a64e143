# frozen_string_literal: true

module KindeSdk
  # The version of this gem. It goes on from the gem that it replaces; the library has a version of its own, which
  # {KindeSdk::Core.version} gives.
  VERSION = "1.8.0"
end
