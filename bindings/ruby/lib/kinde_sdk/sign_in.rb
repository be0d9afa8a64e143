# frozen_string_literal: true

module KindeSdk
  # The URLs of Kinde's pages, for applications that keep the state of a sign-in themselves.
  module SignIn
    # Where to send the browser to sign in.
    #
    # @param client_id [String, nil] instead of the configured one
    # @param client_secret [String, nil] instead of the configured one
    # @param domain [String, nil] instead of the configured one
    # @param redirect_uri [String, nil] instead of the configured `callback_url`
    # @param params [Hash{Symbol=>Object}] authorization parameters, such as `org_code`, `prompt`, `scope`, `audience`,
    #   `login_hint`; also `state` and `nonce` of the application's own
    # @return [Hash{Symbol=>String}] `url`; `state` and `nonce`, to be compared and handed to {Tokens#fetch_tokens}; and
    #   `code_verifier`, a secret, unless `pkce_enabled` is off
    # @raise [ConfigurationError]
    # @raise [InvalidArgumentError] whose details name every parameter that is wrong
    def auth_url(client_id: nil, client_secret: nil, domain: nil, redirect_uri: nil, **params)
      client = flow_client(client_id: client_id, client_secret: client_secret, domain: domain)
      # Rails gives parameters with strings as keys.
      params.transform_keys!(&:to_sym) unless params.empty?
      own = params.slice(:state, :nonce)
      params[:redirect_uri] = redirect_uri if redirect_uri
      begun = request(client, own.empty? ? params : params.except(:state, :nonce))
      begun.compact! if begun[:code_verifier].nil?
      own.empty? ? begun : with_own(begun, own)
    end
    alias authUrl auth_url
    alias login_url auth_url
    alias loginUrl auth_url

    # Where to send the browser to register.
    #
    # @param (see #auth_url)
    # @return (see #auth_url)
    # @raise (see #auth_url)
    def register_url(**params)
      auth_url(prompt: "create", **params)
    end
    alias registerUrl register_url

    # Where to send the browser to register together with a new organization.
    #
    # @param org_name [String, nil] its name
    # @param params (see #auth_url)
    # @return (see #auth_url)
    # @raise (see #auth_url)
    def create_org_url(org_name: nil, **params)
      register_url(is_create_org: true, org_name: org_name, **params)
    end
    alias createOrgUrl create_org_url

    private

    def request(client, parameters)
      client.authorization_url(parameters)
    rescue InvalidArgumentError => e
      # Kinde may know more parameters than the library; an application that names one of them goes on doing so.
      unknown = e.details.fetch(:fields, []).map { |field| field[:field].to_sym }
      raise unless unknown.any? && e.details[:fields].all? { |field| field[:message].start_with?("unknown") }

      client.authorization_url(parameters.except(*unknown).merge(extra: parameters.slice(*unknown)))
    end

    def with_own(request, own)
      require "uri"
      own.each do |name, value|
        value = String(value)
        # Whoever has none of his own gets that of the library.
        next if value.empty?

        request[name] = value
        request[:url] = request[:url].sub(/(?<=[?&])#{name}=[^&]*/) { URI.encode_www_form(name => value) }
      end
      request
    end

    # Flows take the credentials of each call. What the endpoints are follows from the domain, as it always did.
    def flow_client(client_id:, client_secret:, domain:)
      return config.core_client if client_id.nil? && client_secret.nil? && domain.nil?

      config.core_client(**{ client_id: client_id, client_secret: client_secret, domain: domain }.compact)
    end
  end
end
