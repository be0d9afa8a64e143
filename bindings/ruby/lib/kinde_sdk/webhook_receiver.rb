# frozen_string_literal: true

module KindeSdk
  # Takes a request that Kinde sent: verifies it, passes over what was handled before, and says with which status to answer.
  #
  # @api private
  class WebhookReceiver
    # The library takes 64 KiB, and white space around them.
    LONGEST = 65 * 1024

    # @param input [#read, nil] the body of the request
    # @yieldparam event [Hash{Symbol=>Object}] see {Core::Client#webhook_decode}; it counts as handled when the block returns
    # @return [Integer] a status of HTTP
    def receive(input, &handler)
      body = whole(input).to_s
      body.bytesize > LONGEST ? 413 : take(body, &handler)
    end

    private

    # Others, such as what logs requests, may have read it before.
    def whole(input)
      begin
        input.rewind if input.respond_to?(:rewind)
      rescue Errno::ESPIPE
        # A pipe is read once.
      end
      input&.read(LONGEST + 1)
    end

    def take(body)
      client = KindeSdk.config.core_client
      event = decoded(client, body)
      return event unless event.is_a?(Hash)
      return 200 if event[:duplicate]

      yield event
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
      200
    rescue StoreError, NetworkError => e
      unavailable(e)
    end

    def refused(error)
      KindeSdk.config.logger&.warn("[kinde] a webhook was refused: #{error.message}")
      400
    end

    def unavailable(error)
      KindeSdk.config.logger&.error("[kinde] webhooks cannot be taken: #{error.message}")
      503
    end
  end
  private_constant :WebhookReceiver
end
