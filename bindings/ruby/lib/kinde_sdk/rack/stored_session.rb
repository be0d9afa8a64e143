# frozen_string_literal: true

module KindeSdk
  module Rack
    # Keeps a session in the store of the setting `store_url`; a cookie carries its id.
    class StoredSession < SessionCookies
      # The store decides when a session ends; it prolongs one that is used, without setting the cookie again. So the cookie
      # stays for as long as browsers keep any.
      MAX_AGE_SECONDS = 34_560_000
      private_constant :MAX_AGE_SECONDS

      # @return (see SessionCookies#open)
      # @raise [SessionError] if the store has none under this id
      # @raise [StoreError] if the store cannot be asked
      def open
        id = carried
        return unless id

        @session = @client.load_session(id)
        @id = id
        @session
      end

      # @param (see SessionCookies#keep)
      # @return (see SessionCookies#keep)
      # @raise [StoreError]
      def keep(session, secure:)
        id = session.save
        return [] if id == @id

        end_former(session)
        carry(id, secure: secure, max_age_seconds: @max_age_seconds || MAX_AGE_SECONDS)
      end

      private

      # A session that another one takes the place of would live on under the id that the browser had.
      def end_former(session)
        return if session.equal?(@session)

        id = carried
        @client.delete_session(id) if id
      rescue SessionError
        # The cookie holds no id.
      end
    end
  end
end
