# frozen_string_literal: true

require_relative "../webhook_receiver"

module KindeSdk
  # Has a controller of Rails take the webhooks that Kinde sends: `create` verifies an event, passes it over if it was handled
  # before, hands it to the controller's `handle_kinde_event`, and answers.
  #
  # An event counts as handled when that method returns. If it raises, or the store of sessions is away, Kinde sends the event
  # again, for 36 hours. Two requests with the same event at the same moment both come to the method. What takes long belongs
  # into a job, because Kinde waits for the answer.
  #
  # Kinde has no token against forgery of Rails, so none is asked for; the signature of the event stands for it.
  #
  # @example
  #   # config/routes.rb
  #   post "webhooks/kinde", to: "kinde_events#create"
  #
  #   class KindeEventsController < ActionController::API
  #     include KindeSdk::Webhooks
  #
  #     private
  #
  #     def handle_kinde_event(event)
  #       SyncUserJob.perform_later(event[:data]) if event[:type].start_with?("user.")
  #     end
  #   end
  module Webhooks
    # Answers 200 for what is or was handled, 400 for what is no webhook of Kinde, 413 for what is too long, and 503 while
    # nobody can tell.
    #
    # @return [void]
    def create
      response.headers["Cache-Control"] = "no-store"
      head WebhookReceiver.new.receive(request.body) { |event| handle_kinde_event(event) }
    end

    private

    # What Rails asks before it demands a token against forgery.
    def protect_against_forgery?
      false
    end

    # The controller has its own.
    #
    # @param event [Hash{Symbol=>Object}] `type`, `event_id`, `timestamp`, `source`, `data`; an unknown `type` is to be passed
    #   over
    # @return [void]
    def handle_kinde_event(event)
      raise NotImplementedError, "#{self.class} needs a method handle_kinde_event, which is given #{event[:type]}"
    end
  end
end
