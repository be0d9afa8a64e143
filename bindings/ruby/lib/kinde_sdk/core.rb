# frozen_string_literal: true

require_relative "version"
require_relative "errors"
require_relative "core/native"
require_relative "core/call"
require_relative "core/log"
require_relative "core/client"
require_relative "core/session"

module KindeSdk
  # The library `libkinde`: one client for each application, one session for each user. What the rest of this gem is made
  # of; an application that wants more than {KindeSdk} offers may use it directly.
  module Core
    class << self
      # @return [String] the version of the library, such as "0.1.0"
      def version
        Native.kinde_version
      end

      # Ends all calls that are under way and joins the library's threads. The next call starts them anew.
      #
      # @param timeout [Numeric] seconds to wait at most
      # @return [void]
      def shutdown(timeout: 5)
        Call.plain(:kinde_shutdown, (timeout * 1000).to_i)
      end
    end
  end
end
