# frozen_string_literal: true

module KindeSdk
  # Where the browser goes to end the sign-in at Kinde.
  module LogoutUrl
    # @param logout_url [String, nil] where Kinde sends the browser afterwards, instead of the configured one
    # @param domain [String, nil] instead of the configured one
    # @return [String]
    # @raise [InvalidArgumentError] if the domain is missing or is not one
    def logout_url(logout_url: config.logout_url, domain: config.domain)
      check_domain(domain)
      config.core_client(**{ domain: domain == config.domain ? nil : domain }.compact).logout_url(redirect: logout_url)
    end
    alias logoutUrl logout_url

    private

    # Existing callers rely on these texts.
    def check_domain(domain)
      # As late as this, because many applications never need it, and it takes as long to load as all of this gem.
      require "uri"
      text = Core::Call.argument(domain).strip
      raise refused("domain is required for logout_url") if text.empty?

      uri = URI.parse(config.origin(text))
      unless %w[http https].include?(uri.scheme)
        raise refused("invalid scheme in domain: #{text[0, 200]} (only http/https allowed)")
      end
      raise refused("invalid domain format: #{text[0, 200]}") if uri.host.to_s.empty?
    rescue URI::InvalidURIError
      raise refused("invalid domain format: #{text[0, 200]}")
    end

    def refused(message)
      InvalidArgumentError.new(message, status: :invalid_argument, details: { field: "domain" })
    end
  end
end
