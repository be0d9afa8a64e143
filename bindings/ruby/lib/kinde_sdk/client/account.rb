# frozen_string_literal: true

module KindeSdk
  # The pages of Kinde's self-serve portal.
  module PortalPage
    # What the organization is called.
    ORGANIZATION_DETAILS = "organization_details"
    # Who belongs to the organization.
    ORGANIZATION_MEMBERS = "organization_members"
    # What the organization's plan holds.
    ORGANIZATION_PLAN_DETAILS = "organization_plan_details"
    # How the organization pays.
    ORGANIZATION_PAYMENT_DETAILS = "organization_payment_details"
    # Where another plan is chosen.
    ORGANIZATION_PLAN_SELECTION = "organization_plan_selection"
    # The user's own details.
    PROFILE = "profile"
  end

  class Client
    # What Kinde's Account API knows about the user now. What cannot be had raises {APIError}.
    module Account
      # The lists of the Account API that are given by the page: the method, what is asked for, and its name in messages.
      PAGES = {
        entitlements: [:entitlements, "entitlements"],
        user_feature_flags: [:flags, "feature flags"],
        user_permissions: [:permissions, "permissions"],
        user_properties: [:properties, "properties"],
        user_roles: [:roles, "roles"]
      }.freeze
      private_constant :PAGES

      # What existing callers read in messages, by the HTTP status.
      TEXTS = { 401 => "Invalid or expired token", 403 => "Insufficient permissions", 429 => "Too many requests" }.freeze
      private_constant :TEXTS

      # The conditions that only Kinde can judge.
      IN_NO_TOKEN = %i[billing_entitlements entitlements].freeze
      private_constant :IN_NO_TOKEN

      # @!method user_permissions(page_size: 10, starting_after: nil)
      #   One page of the user's permissions.
      #   @param page_size [Integer] 1 to 500
      #   @param starting_after [String, nil] the id of the last one before
      #   @return [Answer, nil] `data.permissions`, `data.org_code`, `metadata.has_more`, `metadata.next_page_starting_after`
      #   @raise [APIError]
      # @!method user_roles(page_size: 10, starting_after: nil)
      #   One page of the user's roles.
      #   @param page_size [Integer] 1 to 500
      #   @param starting_after [String, nil] the id of the last one before
      #   @return [Answer, nil] `data.roles`, and as {#user_permissions}
      #   @raise [APIError]
      # @!method user_properties(page_size: 10, starting_after: nil)
      #   One page of the user's properties.
      #   @param page_size [Integer] 1 to 500
      #   @param starting_after [String, nil] the id of the last one before
      #   @return [Answer, nil] `data.properties`, and as {#user_permissions}
      #   @raise [APIError]
      # @!method user_feature_flags(page_size: 10, starting_after: nil)
      #   One page of the user's feature flags.
      #   @param page_size [Integer] 1 to 500
      #   @param starting_after [String, nil] the id of the last one before
      #   @return [Answer, nil] `data.feature_flags`, and as {#user_permissions}
      #   @raise [APIError]
      # @!method entitlements(page_size: 10, starting_after: nil)
      #   One page of the user's entitlements.
      #   @param page_size [Integer] 1 to 500
      #   @param starting_after [String, nil] the id of the last one before
      #   @return [Answer, nil] `data.entitlements`, `data.plans`, and as {#user_permissions}
      #   @raise [APIError]
      PAGES.each do |name, (what, thing)|
        define_method(name) do |page_size: 10, starting_after: nil|
          page(what, thing, page_size: page_size, starting_after: starting_after)
        end
      end

      # @return [Array<Answer>] all entitlements of the user
      # @raise [APIError]
      def all_entitlements
        Answer.of(fetch(:entitlements, thing: "all entitlements")[:entitlements])
      end
      alias getAllEntitlements all_entitlements

      # @param _options [Hash] of which nothing depends; entitlements are in no token
      # @return (see #all_entitlements)
      # @raise (see #all_entitlements)
      def get_entitlements(_options = {})
        all_entitlements
      end

      # @param key [String, Symbol] of a feature
      # @return [Answer, nil] `data.entitlement`; nil if the user has none to it
      # @raise [APIError]
      def entitlement(key)
        found = fetch(:entitlement, thing: "entitlement", key: key.to_s)
        found[:entitlement] && Answer.of({ data: found })
      rescue APIError => e
        raise unless e.http_status == 404
      end

      # @param key [String, Symbol] of a feature
      # @return [Answer, nil] the entitlement itself
      # @raise [APIError]
      def getEntitlement(key)
        entitlement(key)&.data&.entitlement
      end

      # @param feature_key [String, Symbol]
      # @return [Boolean] false also if it cannot be had
      def has_entitlement?(feature_key)
        judged { !entitlement(feature_key).nil? }
      end
      alias hasEntitlement has_entitlement?

      # @param key [String, Symbol] of a feature
      # @return [Integer, nil] how much of it the user may use; nil also if it cannot be had
      def entitlement_limit(key)
        getEntitlement(key)&.entitlement_limit_max
      rescue APIError => e
        log&.error("[kinde] #{e.message}")
        nil
      end
      alias getEntitlementLimit entitlement_limit

      # @param billing_entitlements [String, Array<String>, nil] names of prices
      # @param _options [Hash] of which nothing depends
      # @return [Boolean] whether the user has all of them; true if there are none, false if they cannot be had
      def has_billing_entitlements?(billing_entitlements, _options = {})
        includes_all?(billing_entitlements, :price_name)
      end
      alias hasBillingEntitlements has_billing_entitlements?

      # @param entitlement_keys [String, Array<String>, nil] keys of features
      # @param _options [Hash] of which nothing depends
      # @return [Boolean] whether the user has all of them; true if there are none, false if they cannot be had
      def has_entitlements?(entitlement_keys, _options = {})
        includes_all?(entitlement_keys, :feature_key)
      end
      alias hasEntitlements has_entitlements?

      # Whether all of these conditions hold. Billing and entitlements are in no token, so Kinde is asked about them.
      #
      # @param force_api [Boolean, nil] whether Kinde is asked about everything; without it, as {#force_api} says
      # @param conditions [Hash{Symbol=>Object}] `permissions`, `roles`, `feature_flags` (codes, or hashes of `flag` and `value`),
      #   `billing_entitlements` (names of prices), `entitlements` (keys of features)
      # @return [Boolean] true if there are none
      # @raise [APIError] if Kinde was to be asked and cannot be: no failure is taken for an answer
      # @raise [InvalidArgumentError]
      # @example
      #   client.has?(roles: ["admin"], feature_flags: [{flag: "theme", value: "dark"}], billing_entitlements: ["Pro"])
      def has?(force_api: nil, **conditions)
        fresh = force_api.nil? ? self.force_api : force_api
        return ask { |session| session.has?(conditions) } unless fresh || IN_NO_TOKEN.any? { |name| conditions.key?(name) }

        asked("conditions") { @session.fetch_has?(conditions) }
      end

      # @return [Answer] the user's profile as Kinde has it now
      # @raise [APIError]
      def enhanced_user_profile
        Answer.of(fetch(:user_profile, thing: "enhanced profile"))
      end

      # A link that opens Kinde's self-serve portal once.
      #
      # @param return_url [String] absolute, where the portal leads back to
      # @param page [String] one of {PortalPage}, or another that Kinde has
      # @return [Answer] `url`
      # @raise [APIError]
      def portal_link(return_url: nil, page: PortalPage::PROFILE)
        Answer.of(fetch(:portal_url, thing: "portal link", return_url: return_url, page: page))
      end

      # The same with its arguments by place.
      #
      # @param return_url [String]
      # @param sub_nav [String]
      # @return (see #portal_link)
      # @raise [ArgumentError] if `return_url` is not absolute
      # @raise [APIError]
      def generatePortalUrl(return_url, sub_nav = PortalPage::PROFILE)
        require_absolute(return_url)
        portal_link(return_url: return_url, page: sub_nav)
      end

      # The same with its answer as a URI.
      #
      # @param domain [String, nil] instead of the configured one
      # @param return_url [String]
      # @param sub_nav [String]
      # @return [Hash{Symbol=>URI}] `url`
      # @raise [ArgumentError] if `return_url` is not absolute
      # @raise [APIError]
      def generate_portal_url(return_url:, domain: nil, sub_nav: PortalPage::PROFILE)
        require "uri"
        require_absolute(return_url)
        session = domain.nil? || domain == KindeSdk.config.domain ? @session : session_at(domain)
        { url: URI.parse(portal_url(session, return_url: return_url, page: sub_nav)) }
      rescue URI::InvalidURIError
        raise APIError.new("Invalid URL received from API", status: :malformed_response)
      end

      # Makes what was changed in Kinde since the sign-in, such as new permissions, take effect now.
      #
      # @return [Boolean] whether a new access token came
      # @raise [APIError]
      def refresh_claims
        fetch(:refresh_claims, thing: "refreshed claims")[:refreshed]
      end

      private

      # What Kinde says now, by the names of the library.
      def fetch(what, thing: what.to_s, **parameters)
        asked(thing) { @session.fetch(what, **parameters) }
      end

      def asked(thing)
        yield
      rescue Failure => e
        raise if e.is_a?(InvalidArgumentError)

        raise api_error(e, "Unable to fetch #{thing}: #{text_of(e)}")
      ensure
        # Also if Kinde said no: the refresh token from before is used up.
        adopt_renewed
      end

      def portal_url(session, parameters)
        session.fetch(:portal_url, **parameters).fetch(:url)
      rescue Failure => e
        raise if e.is_a?(InvalidArgumentError)

        raise api_error(e, portal_text(e))
      ensure
        adopt_renewed
      end

      # What Kinde says now; what the token says if Kinde cannot be asked and the caller wants that rather than an error.
      def fresh_or_token(what, options)
        fetch(what)
      rescue APIError => e
        raise unless options.is_a?(Hash) && options[:fallback_to_token]

        log&.warn("[kinde] answered from the token: #{e.message}")
        yield
      end

      def page(what, thing, **parameters)
        answer = fetch(what, thing: thing, **parameters)
        Answer.of({ data: answer.except(:metadata), metadata: answer[:metadata] })
      rescue APIError => e
        raise unless e.http_status == 404
      end

      def api_error(failure, text)
        Core::Call.api_class(http_status(failure)).new(text, status: failure.status, details: failure.details)
      end

      # That of the answer; if nobody was asked because nobody is signed in, what Kinde would have answered.
      def http_status(failure)
        failure.http_status || (401 if failure.is_a?(AuthenticationError) || failure.is_a?(TokenError))
      end

      def text_of(failure)
        TEXTS.fetch(http_status(failure)) do
          next failure.message unless failure.status == :api

          "API request failed with status #{failure.http_status}: #{shown(failure.details[:body])}"
        end
      end

      def portal_text(failure)
        case failure.status
        when :not_authenticated then "generatePortalUrl: Access Token not found"
        when :malformed_response then "Invalid URL received from API"
        else
          "Failed to fetch profile URL: #{[failure.http_status, failure.message].compact.join(" ")}"
        end
      end

      # What the other side said may be long, and is not for terminals.
      def shown(body)
        body.to_s[0, 500].gsub(/[[:cntrl:]]+/, " ")
      end

      def includes_all?(wanted, field)
        wanted = Array(wanted).map(&:to_s)
        wanted.empty? || judged { (wanted - all_entitlements.map { |entitlement| entitlement[field] }).empty? }
      end

      def judged
        yield
      rescue APIError => e
        log&.error("[kinde] #{e.message}")
        false
      end

      # Existing callers rely on this text.
      def require_absolute(return_url)
        return if Core::Call.argument(return_url).start_with?("http://", "https://")

        raise InvalidArgumentError.new("generatePortalUrl: returnUrl must be an absolute URL",
                                       status: :invalid_argument, details: { field: "return_url" })
      end

      # Without the refresh token, which only one session may use up.
      def session_at(domain)
        KindeSdk.session(KindeSdk.verifying_client(domain: domain), { access_token: bearer_token })
      end
    end
  end
end
