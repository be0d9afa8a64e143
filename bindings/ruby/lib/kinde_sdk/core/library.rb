# frozen_string_literal: true

require "rbconfig"

module KindeSdk
  module Core
    # Finds the shared library.
    module Library
      names = RbConfig::CONFIG["host_os"].match?(/darwin/) ? %w[libkinde.0.dylib libkinde.dylib] : %w[libkinde.so.0 libkinde.so]

      # The name under which a system has it.
      SYSTEM_NAME = names.first

      # Where a platform gem carries it, and where the other gem builds it at installation.
      BESIDE_THE_GEM = File.expand_path("../../../ext/#{names.last}", __dir__)

      # The ABI that the declarations in native.rb were written for: major << 16 | minor.
      ABI_VERSION = 8

      # A library that cannot be used, or none at all.
      class NotUsable < LoadError
      end

      class << self
        # @return [Array<String>] what to open, best first; an explicit choice is the only one
        def candidates
          chosen = ENV.fetch("KINDE_LIBRARY", "")
          return [chosen] unless chosen.empty?

          File.exist?(BESIDE_THE_GEM) ? [BESIDE_THE_GEM] : [SYSTEM_NAME]
        end

        # @param found [Integer] what the library says
        # @raise [NotUsable] if the declarations do not fit it
        def check_abi(found, path)
          return if found >> 16 == ABI_VERSION >> 16 && (found & 0xffff) >= (ABI_VERSION & 0xffff)

          raise NotUsable, "kinde_sdk #{VERSION} needs libkinde with the ABI #{text(ABI_VERSION)} or a later one of the " \
                           "same major number, and #{path} has #{text(found)}. #{REMEDY}"
        end

        # @param error [LoadError] why nothing could be opened
        # @return [NotUsable]
        def missing(error)
          NotUsable.new("kinde_sdk #{VERSION} cannot open the library libkinde. Looked for: #{searched}. #{REMEDY} " \
                        "(#{error.message})")
        end

        # @param error [FFI::NotFoundError] which function is not there
        # @return [NotUsable]
        def foreign(path, error)
          NotUsable.new("#{path} is not the library libkinde that kinde_sdk #{VERSION} needs. #{REMEDY} (#{error.message})")
        end

        private

        def searched
          chosen = ENV.fetch("KINDE_LIBRARY", "")
          return "KINDE_LIBRARY=#{chosen}, which is the only place looked at when it is set" unless chosen.empty?

          "KINDE_LIBRARY (not set), #{BESIDE_THE_GEM}, the system's #{SYSTEM_NAME}"
        end

        def text(abi_version)
          "#{abi_version >> 16}.#{abi_version & 0xffff}"
        end
      end

      REMEDY = "Install the gem for your platform, which carries the library; or install the library with " \
               "`make install` in its source; or set KINDE_LIBRARY to the path of the shared library."
      private_constant :REMEDY
    end
  end
end
