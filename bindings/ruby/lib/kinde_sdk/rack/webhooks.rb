# frozen_string_literal: true

require_relative "../webhook_receiver"

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

        answer(WebhookReceiver.new.receive(env["rack.input"], &@handler))
      end

      private

      def answer(status, headers = {})
        [status, Headers.of(headers.merge("Cache-Control" => "no-store")), []]
      end
    end
  end
end
