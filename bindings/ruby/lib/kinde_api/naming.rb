# frozen_string_literal: true

module KindeApi
  # How what the catalogue names is called in Ruby: as a client of OpenAPI for Ruby calls it.
  #
  # @api private
  module Naming
    # Words that are not written like others.
    WORDS = { "api" => "API", "apis" => "APIs", "mfa" => "MFA", "oauth" => "OAuth" }.freeze
    private_constant :WORDS

    module_function

    # @param group [String] such as "property_categories"
    # @return [Symbol] the name of its class, such as `:PropertyCategoriesApi`
    def class_of(group)
      :"#{group.split("_").map { |word| WORDS.fetch(word) { word.capitalize } }.join}Api"
    end

    # @param model [String] such as "AddAPIScopeRequest"
    # @return [Symbol] the name of a parameter that takes it, such as `:add_api_scope_request`
    def parameter_of(model)
      model.gsub(/([A-Z]+)([A-Z][a-z][a-z]+)/, '\1_\2').gsub(/([a-z\d])([A-Z])/, '\1_\2').downcase.to_sym
    end

    # @param operation [String] one that answers with a list, such as "get_users"
    # @return [Symbol] the method that gives all of it, such as `:all_users`
    def all_of(operation)
      :"all_#{operation.delete_prefix("get_")}"
    end
  end
end
