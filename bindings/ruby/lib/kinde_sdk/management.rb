# frozen_string_literal: true

module KindeSdk
  # Kinde's Management API by the token of the application itself, which is obtained when it is first needed, kept, and
  # renewed. It is that of `management_client_id`, or else of `client_id`.
  #
  # @see KindeSdk.management
  # @example
  #   KindeSdk.management.users.all_users.each { |user| sync(user.id, user.email) }
  class Management
    include Apis

    # What many calls gave.
    #
    # @!attribute [r] results
    #   @return [Array<Answer, nil>] what Kinde answered, in the order of the calls; nil for one that failed
    # @!attribute [r] failures
    #   @return [Hash{Integer=>Exception}] by the place of the call, why it failed
    Outcome = Struct.new(:results, :failures)

    # @return [KindeApi::ApiClient] to call operations by their names, or any path
    attr_reader :api_client

    # @param config [Configuration]
    def initialize(config = KindeSdk.config)
      @config = InvalidArgumentError.check("config", config, Configuration)
      @api_client = KindeApi::ApiClient.of(config) { config.core_client }
    end

    # Makes many calls, a few at a time. A call that fails does not stop the others.
    #
    # @param concurrency [Integer, nil] how many are under way at once, 1 to 1000; without it, as many as the setting
    #   `api_concurrency` says
    # @yieldparam calls [Management] one that notes each call instead of making it; they give nil
    # @return [Outcome]
    # @raise [InvalidArgumentError] if one of the calls cannot be told to the library; then none is made
    # @example
    #   outcome = KindeSdk.management.call_many { |calls| ids.each { |id| calls.users.delete_user(id: id) } }
    #   outcome.failures.each { |index, error| warn "#{ids[index]}: #{error.message}" }
    def call_many(concurrency: nil)
      raise ArgumentError, "a block is needed, which makes the calls" unless block_given?

      notes = Notes.new
      yield noting(notes)
      outcome = @config.core_client.api_call_many({ calls: notes.calls, concurrency: concurrency }.compact)
      Outcome.new(outcome[:results].map { |answer| answer && Answer.of(answer[:data]) },
                  outcome[:failures].to_h { |failure| [failure[:index], KindeApi::ApiClient.failure(Core::Call.failure(failure[:error]))] })
    end

    # @return [String]
    def inspect
      "#<#{self.class} domain=#{@config.domain.inspect}>"
    end

    # Calls that are to be made later.
    class Notes
      # @return [Array<Hash{Symbol=>Object}>]
      attr_reader :calls

      def initialize
        @calls = []
      end

      # @return [Hash{Symbol=>Object}] an answer that says nothing
      def api_call(operation, parameters)
        @calls << { operation: operation, params: parameters }
        { data: nil, status: nil, headers: {} }
      end

      # @raise [InvalidArgumentError]
      def api_pages(*)
        raise InvalidArgumentError.new("operation: a list of many pages cannot be among many calls",
                                       status: :invalid_argument, details: { field: "operation" })
      end
    end
    private_constant :Notes

    private

    def noting(notes)
      dup.tap { |copy| copy.instance_variable_set(:@api_client, KindeApi::ApiClient.of(@config) { notes }) }
    end
  end
end
