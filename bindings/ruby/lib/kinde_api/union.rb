# frozen_string_literal: true

module KindeApi
  # A value that has one of several shapes. Its modules are made of the library's catalogue.
  module Union
    # @api private
    # @param types [Array<Hash>] of the catalogue
    # @return [Module]
    def self.of(types)
      Module.new do
        extend Union
        @models = types.filter_map { |type| type[:model] }
      end
    end

    # @param attributes [Hash, Object]
    # @return [Model, Object] the first of the shapes that has all these attributes; what is no Hash, as it is
    # @raise [ArgumentError] if none has
    def new(attributes)
      return attributes unless attributes.is_a?(Hash)

      names = attributes.keys.map { |name| Conversion.name(name) }
      models = @models.map { |name| KindeApi.const_get(name) }
      fitting = models.find { |model| (names - model.attribute_names).empty? }
      return fitting.new(attributes) if fitting

      known = models.flat_map(&:attribute_names)
      unknown = names - known
      text = unknown.empty? ? "belong to different shapes of it" : "is no attribute of any shape of it"
      raise KindeSdk::InvalidArgumentError.new("#{(unknown.empty? ? names : unknown).join(", ")}: #{text}: #{@models.join(", ")}",
                                               status: :invalid_argument, details: { field: (unknown.first || names.first).to_s })
    end
    alias build new
    alias build_from_hash new
  end
end
