# frozen_string_literal: true

require_relative "naming"
require_relative "operation"

module KindeApi
  # A group of operations of Kinde's APIs, such as those about users. Its classes and their methods are made of the library's
  # catalogue: `KindeApi::UsersApi`, `KindeApi::OrganizationsApi`, … and `KindeApi::Frontend::RolesApi`, … for the Account API.
  #
  # Each operation is a method. It takes what it requires by place, in the order of Kinde's documentation, and the rest in a
  # Hash or by name; or all of it by name. The body is given as a model, as a Hash, or its members by name. What Kinde has
  # added to its API since goes into `extra:`, a Hash.
  #
  # For each operation `x` there is `x_with_http_info`, which also gives the HTTP status and the headers; and for each list
  # that is got by `get_xs`, `all_xs`, which gives the items of all pages one by one, to a block if there is one.
  #
  # @example
  #   users.create_user(create_user_request: {profile: {given_name: "Ada"}})
  #   users.update_user("kp_1", {given_name: "Ada"})
  #   users.update_user(id: "kp_1", given_name: "Ada")
  #   users.get_users(page_size: 50).users.first.email
  #   users.all_users(has_organization: true).map(&:email).first(200)
  class Group
    class << self
      # @api private
      # @return [Array<Operation>] of a subclass of an application too
      def operations
        @operations || (superclass <= Group ? superclass.operations : [])
      end

      # @api private
      # @param operations [Array<Operation>]
      # @return [Class] a class with a method for each of them
      def of(operations)
        Class.new(self) do
          @operations = operations.freeze
          operations.each do |operation|
            [operation.name, operation.other_name].compact.each { |name| define(name, operation) }
          end
        end
      end

      private

      def define(name, operation)
        define_method(name) { |*arguments, **keywords| ask(operation, arguments, keywords).first }
        define_method(:"#{name}_with_http_info") { |*arguments, **keywords| ask(operation, arguments, keywords) }
        return unless operation.pages?

        define_method(Naming.all_of(name)) do |*arguments, **keywords, &block|
          each_of(items(operation.name, operation.parameters(arguments, keywords)), block)
        end
      end
    end

    # @return [ApiClient] by whose token it asks
    attr_accessor :api_client

    # @param api_client [ApiClient] such as {KindeSdk.api_client} gives; without it, one with the application's machine token
    def initialize(api_client = ApiClient.default)
      @api_client = KindeSdk::InvalidArgumentError.check("api_client", api_client, ApiClient)
    end

    # All pages of a list, one by one; each is asked for when it is needed.
    #
    # @param operation [Symbol, String] one that gives a list, such as `:get_users`
    # @param arguments [Array<Object>] as its method takes them
    # @param keywords [Hash{Symbol=>Object}] as its method takes them
    # @yieldparam page [KindeSdk::Answer] each of them, if there is a block
    # @return [Enumerator::Lazy] of {KindeSdk::Answer}: `items`, `status`, `headers`, and `data`: what stands beside the items
    # @raise [KindeSdk::InvalidArgumentError] if it gives no list, or a parameter is wrong
    # @example
    #   users.pages(:get_users, page_size: 500).each { |page| import(page.items) }
    def pages(operation, *arguments, **keywords, &block)
      known = self.class.operations.find { |it| [it.name, it.other_name].include?(operation.to_s) }
      raise unknown(operation) unless known

      each_of(answers(known.name, known.parameters(arguments, keywords)).lazy, block)
    end

    # @return [String]
    def inspect
      "#<#{self.class}>"
    end

    private

    def ask(operation, arguments, keywords)
      api_client.call(operation.name, operation.parameters(arguments, keywords))
    end

    def each_of(list, block)
      list.each(&block) if block
      list
    end

    def items(operation, parameters)
      answers(operation, parameters).lazy.flat_map(&:items)
    end

    # Each time it is begun, it asks anew.
    def answers(operation, parameters)
      # What is wrong with them is said at once.
      api_client.pages(operation, parameters)
      Enumerator.new do |receiver|
        pages = api_client.pages(operation, parameters)
        while (page = pages.call)
          receiver << KindeSdk::Answer.of(page)
        end
      end
    end

    def unknown(operation)
      text = "operation: #{operation.inspect[0, 80]} is none of #{self.class}"
      KindeSdk::InvalidArgumentError.new(text, status: :unknown_operation, details: { field: "operation" })
    end
  end
end
