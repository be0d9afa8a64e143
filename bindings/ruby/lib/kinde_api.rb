# frozen_string_literal: true

# For applications that require the gem by its other name.
require_relative "kinde_sdk"
