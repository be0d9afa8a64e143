# frozen_string_literal: true

require_relative "conversion"
require_relative "naming"

module KindeApi
  # One operation of Kinde's APIs: what it is called, and how a method's arguments become its parameters.
  #
  # @api private
  class Operation
    # @return [String] by which the library knows it
    attr_reader :name
    # @return [String, nil] another name
    attr_reader :other_name
    # @return [Array<Symbol>] what a method takes by place, in this order
    attr_reader :required
    # @return [Symbol, nil] the parameter that takes the whole body
    attr_reader :body

    # @param facts [Hash{Symbol=>Object}] of the catalogue
    # @param models [Hash{Symbol=>Object}] of the catalogue
    def initialize(facts, models)
      @name = facts[:name].freeze
      @other_name = facts[:alias]&.freeze
      @has_pages = !facts[:list].nil? && facts[:method] == "GET"
      @body = Naming.parameter_of(facts[:body][:model]) if facts.dig(:body, :media_type) == "application/json"
      @required = (facts[:parameters] + parts(facts[:body], models)).select { |it| it[:required] }.map { |it| it[:name].to_sym }
      @required << @body if @body && facts[:body][:required]
      @required.freeze
    end

    # @return [Boolean] whether it gives a list
    def pages?
      @has_pages
    end

    # @param arguments [Array] by place; the last one may be a Hash of the others
    # @param keywords [Hash{Symbol=>Object}]
    # @return [Hash{Symbol=>Object}] by their names
    # @raise [ArgumentError] if there are too many, or one is given twice
    def parameters(arguments, keywords)
      options = options?(arguments) ? arguments.last : {}
      values = options.empty? && !options.equal?(arguments.last) ? arguments : arguments[0...-1]
      raise ArgumentError, too_many(arguments) if values.size > required.size

      places = required.first(values.size).zip(values).to_h
      # Names may be Strings among keywords too.
      named = options.to_h.merge(keywords).to_h { |name, value| [Conversion.name(name), value] }
      twice = places.keys & named.keys
      raise ArgumentError, "#{twice.join(", ")}: is given by its place and by its name" unless twice.empty?

      places.merge(named)
    end

    private

    # What is sent in parts, not as one body, is taken part by part.
    def parts(body, models)
      body.nil? || @body ? [] : models.fetch(body[:model].to_sym).fetch(:fields)
    end

    # Whether the last argument names the others, instead of being one of them.
    def options?(arguments)
      last = arguments.last
      return false unless last.is_a?(Hash)
      return true if arguments.size > required.size || required[arguments.size - 1] != body

      last.any? { |name, _| [body, :body, :extra].include?(Conversion.name(name)) }
    end

    def too_many(arguments)
      "wrong number of arguments (given #{arguments.size}): #{name} takes " \
        "#{required.empty? ? "none" : required.join(", ")} by place, and the others by their names"
    end
  end
end
