# frozen_string_literal: true

module KindeSdk
  module Rack
    # Takes the webhooks that Kinde sends, and hands each event to a block, once.
    #
    # An event is verified, and passed over if it was handled before. It counts as handled when the block returns; if the
    # block raises, or the store of sessions is away, Kinde sends the event again, for 36 hours. Two requests with the same
    # event at the same moment both come to the block.
    #
    # @example
    #   map "/webhooks/kinde" do
    #     run KindeSdk::Rack::Webhooks.new { |event| Accounts.sync(event[:data]) if event[:type].start_with?("user.") }
    #   end
    class Webhooks
      # The library takes 64 KiB, and white space around them.
      LONGEST = 65 * 1024
      private_constant :LONGEST

      # @yieldparam event [Hash{Symbol=>Object}] see {Core::Client#webhook_decode}; an unknown `type` is to be passed over
      # @raise [ArgumentError] if there is no block
      def initialize(&handler)
        raise ArgumentError, "a block is needed, which handles the events" unless handler

        @handler = handler
      end

      # @param env [Hash]
      # @return [Array]
      def call(env)
        return answer(405, "Allow" => "POST") unless env["REQUEST_METHOD"] == "POST"

        body = env["rack.input"]&.read(LONGEST + 1).to_s
        body.bytesize > LONGEST ? answer(413) : take(body)
      end

      private

      def take(body)
        client = KindeSdk.config.core_client
        event = decoded(client, body)
        return event unless event.is_a?(Hash)
        return answer(200) if event[:duplicate]

        @handler.call(event)
        noted(client, event)
      end

      def decoded(client, body)
        client.webhook_decode(body)
      rescue StoreError, NetworkError, RateLimitError => e
        unavailable(e)
      rescue TokenError, InvalidArgumentError => e
        %i[keys_unavailable cancelled].include?(e.status) ? unavailable(e) : refused(e)
      end

      def noted(client, event)
        client.webhook_done(event[:event_id])
        answer(200)
      rescue StoreError, NetworkError => e
        unavailable(e)
      end

      def refused(error)
        KindeSdk.config.logger&.warn("[kinde] a webhook was refused: #{error.message}")
        answer(400)
      end

      def unavailable(error)
        KindeSdk.config.logger&.error("[kinde] webhooks cannot be taken: #{error.message}")
        answer(503)
      end

      def answer(status, headers = {})
        [status, Headers.of(headers.merge("Cache-Control" => "no-store")), []]
      end
    end
  end
end
