# frozen_string_literal: true

require_relative "app"

# Kinde sends here what happens; the address is registered in its settings.
map("/webhooks/kinde") { run EVENTS }
map("/") { run App }
