# frozen_string_literal: true

module KindeSdk
  class Client
    # Calls of Kinde's APIs by the token of the client, a user's or a machine's, which is renewed as for questions.
    class Calls
      # @param client [Client]
      def initialize(client)
        @client = client
      end

      # @return [Hash{Symbol=>Object}] see {Core::Session#api_call}
      def api_call(operation, parameters)
        @client.send(:called) { |session| session.api_call(operation, parameters) }
      end

      # @return [#next] see {Core::Session#api_pages}
      def api_pages(operation, parameters)
        pages = @client.send(:called) { |session| session.api_pages(operation, parameters) }
        Pages.new(@client, pages)
      end

      # A list, read page by page.
      Pages = Struct.new(:client, :pages) do
        # @return [Hash{Symbol=>Object}, nil] see {Core::Pages#next}
        def next
          client.send(:called) { pages.next }
        end
      end
      private_constant :Pages
    end
    private_constant :Calls
  end
end
