# frozen_string_literal: true

require_relative "version"
require_relative "errors"
require_relative "core/native"
require_relative "core/call"
require_relative "core/log"
require_relative "core/handle"
require_relative "core/pages"
require_relative "core/client"
require_relative "core/session"

module KindeSdk
  # The library `libkinde`: one client for each application, one session for each user. What the rest of this gem is made
  # of; an application that wants more than {KindeSdk} offers may use it directly.
  module Core
    # Why objects of the library stay in one Ractor.
    ONE_RACTOR = "KindeSdk works in the main Ractor only: sign-ins and questions belong there, their answers may be sent to " \
                 "other Ractors"
    private_constant :ONE_RACTOR

    class << self
      # @api private
      # @raise [Error] outside the main Ractor
      def check_ractor
        raise Error, ONE_RACTOR if defined?(::Ractor) && !::Ractor.current.equal?(::Ractor.main)
      end

      # @return [String] the version of the library, such as "0.1.0"
      def version
        Native.kinde_version
      end

      # @return [Hash{Symbol=>Object}] all operations of Kinde's APIs: `groups`, `operations`, `models`
      def catalogue
        check_ractor
        Call.json(:kinde_api_catalogue)
      end

      # Ends all calls that are under way and joins the library's threads. The next call starts them anew.
      #
      # @param timeout [Numeric] seconds to wait at most
      # @return [void]
      def shutdown(timeout: 5)
        check_ractor
        Call.plain(:kinde_shutdown, Call.milliseconds(timeout))
      end
    end
  end
end
