# frozen_string_literal: true

require_relative "names"
require_relative "group"
require_relative "model"
require_relative "union"

# Kinde's APIs by the names of the gem's documentation: classes for groups of operations, such as `UsersApi`, and for what is
# sent, such as `CreateUserRequest`. All of them are made of the library's catalogue when the first one is named.
module KindeApi
  # Where they are made.
  CLASSES = File.expand_path("classes", __dir__)
  private_constant :CLASSES

  # The Account API: what the user whose token it is may know about himself.
  module Frontend
  end

  (GROUPS.values.uniq + MODELS).each { |name| autoload name, CLASSES }
  FRONTEND_GROUPS.each_value do |name|
    Frontend.autoload name, CLASSES
    autoload name, CLASSES unless const_defined?(name, false)
  end

  # What Kinde's APIs answer with instead of a success.
  ApiError = KindeSdk::APIError

  class << self
    # Makes all classes now, as an application does that loads everything before it forks.
    #
    # @return [void]
    def eager_load!
      require CLASSES
    end
  end
end
