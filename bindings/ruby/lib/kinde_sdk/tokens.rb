# frozen_string_literal: true

module KindeSdk
  # Getting, renewing and judging tokens, for applications that keep them themselves.
  module Tokens
    # The names of tokens in messages.
    TOKEN_NAMES = { access_token: "Access token", id_token: "Id token" }.freeze
    private_constant :TOKEN_NAMES

    # Exchanges the code of a callback for tokens, and verifies them.
    #
    # The application compares the callback's `state` with the one of {SignIn#auth_url} before.
    #
    # @param params_or_code [Hash, String] the parameters of the callback, or the code alone
    # @param verifier [String, nil] the code verifier, for callers that give it without its name
    # @param client_id [String, nil] instead of the configured one
    # @param client_secret [String, nil] instead of the configured one
    # @param domain [String, nil] instead of the configured one
    # @param code_verifier [String, nil] the one of {SignIn#auth_url}
    # @param redirect_uri [String, nil] if {SignIn#auth_url} was given one
    # @param nonce [String, nil] the one of {SignIn#auth_url}; required if `pkce_enabled` is off
    # @return [TokenHash] with symbols as keys
    # @raise [OAuthError] if Kinde refuses, or cannot be reached
    # @raise [TokenError] if a token is not what it should be
    # @raise [MissingCodeError] a KeyError, if the parameters have no code
    def fetch_tokens(params_or_code, verifier = nil, client_id: nil, client_secret: nil, domain: nil, code_verifier: verifier,
                     redirect_uri: nil, nonce: nil)
      client = verifying_client(client_id: client_id, client_secret: client_secret, domain: domain)
      parameters = { code: code_of(params_or_code), code_verifier: code_verifier, redirect_uri: redirect_uri, nonce: nonce }
      TokenHash.by_symbol(requested { client.exchange_code(parameters) })
    end
    alias fetchTokens fetch_tokens

    # A client for questions about a user.
    #
    # @param tokens [Hash] what {#fetch_tokens} or {#refresh_token} gave, or a part of it with `access_token`
    # @param auto_refresh_tokens [Boolean] whether an expired access token is renewed; without it, the setting
    # @param force_api [Boolean] whether questions go to Kinde's Account API; without it, the setting
    # @return [Client]
    # @raise [AuthenticationError] if there is no access token
    # @raise [TokenError] if a token is not what it should be
    def client(tokens, auto_refresh_tokens = config.auto_refresh_tokens, force_api = config.force_api)
      bearer_token = TokenHash.normalize(tokens)[:access_token]
      Client.new(bearer_token && api_client(bearer_token), tokens, auto_refresh_tokens, force_api)
    end

    # Whether the access token has expired.
    #
    # @param hash [Hash] the tokens
    # @param client_id [String, nil] instead of the configured one
    # @param client_secret [String, nil] instead of the configured one
    # @param audience [String, nil] of which nothing depends; existing callers give it
    # @param domain [String, nil] instead of the configured one
    # @return [Boolean]
    # @raise [TokenError] if it is not what it should be
    # @raise [NetworkError] if the keys to judge it cannot be fetched
    def token_expired?(hash, client_id: nil, client_secret: nil, audience: nil, domain: nil)
      client = verifying_client(client_id: client_id, client_secret: client_secret, domain: domain)
      !session(client, { access_token: access_token_of(hash) }).authenticated?
    end
    alias tokenExpired? token_expired?

    # Exchanges a refresh token for new tokens. The former refresh token is used up: keep what this returns.
    #
    # @param hash [Hash] the tokens
    # @param client_id [String, nil] instead of the configured one
    # @param client_secret [String, nil] instead of the configured one
    # @param audience [String, nil] of which nothing depends; existing callers give it
    # @param domain [String, nil] instead of the configured one
    # @return [TokenHash] with strings as keys
    # @raise [OAuthError] if Kinde refuses, or cannot be reached; the tokens stay good for what they were
    # @raise [TokenError] if a token is not what it should be
    def refresh_token(hash, client_id: nil, client_secret: nil, audience: nil, domain: nil)
      tokens = TokenHash.normalize(hash)
      client = verifying_client(client_id: client_id, client_secret: client_secret, domain: domain)
      renewed = requested { client.refresh_tokens(refresh_token: refresh_token_of(tokens), id_token: tokens[:id_token]) }
      TokenHash.by_string(renewed)
    end
    alias refreshToken refresh_token

    # Gets a token for the application itself. It is kept until shortly before it expires.
    #
    # @param client_id [String, nil] instead of the configured one
    # @param client_secret [String, nil] instead of the configured one
    # @param audience [String, nil] the API that it is for; without it, Kinde's Management API
    # @param domain [String, nil] instead of the configured one
    # @return [Hash{String=>Object}] what Kinde answered, an error included; {KindeSdk.client} takes it, whichever application
    #   of Kinde it is for
    # @raise [NetworkError] if Kinde cannot be reached
    def client_credentials_access(client_id: nil, client_secret: nil, audience: nil, domain: nil)
      client = flow_client(client_id: client_id, client_secret: client_secret, domain: domain)
      audience ||= "#{config.origin(domain || config.domain)}/api"
      tokens = client.client_credentials(audience: audience).slice(:access_token, :expires_in, :scope, :token_type)
      MachineTokens.of(tokens.compact.transform_keys(&:to_s), client_id)
    rescue OAuthError => e
      raise unless e.code

      { "error" => e.code, "error_description" => e.description }.compact
    end
    alias clientCredentialsAccess client_credentials_access

    # Verifies the access token and the ID token of a hash: signature, issuer, audience and times, and that they belong to
    # this application and to one user.
    #
    # @param token_hash [Hash] the tokens
    # @return [Hash] the same
    # @raise [AuthenticationError] if there is neither
    # @raise [TokenError] that names the one which was refused
    # @raise [NetworkError] if the keys to judge them cannot be fetched
    def validate_jwt_token(token_hash)
      tokens = TokenHash.normalize(token_hash).slice(:access_token, :id_token)
      access_token_of(tokens) unless tokens.key?(:id_token)
      client = verifying_client
      judged(:access_token) { client.verify_token(tokens[:access_token]) } if tokens.key?(:access_token)
      judged(:id_token) { client.verify_token(tokens[:id_token], { type: "id" }) } if tokens.key?(:id_token)
      session(client, tokens) if tokens.key?(:access_token)
      token_hash
    end
    alias validateJwtToken validate_jwt_token

    # @api private
    # @return [Core::Session] of tokens that the application kept
    # @raise [TokenError] that names the one which was refused
    def session(client, tokens)
      judged(nil) { client.session_from_tokens(tokens) }
    end

    # @api private
    # @return [Core::Client] one whose tokens must be for the `expected_audience`, if there is one
    def verifying_client(**overrides)
      config.core_client(**overrides.compact, **config.audience_demanded)
    end

    # @api private
    # What the library says of a failed request to the token endpoint, as an error of OAuth.
    def requested
      yield
    rescue NetworkError, RateLimitError => e
      raise OAuthError.new(e.message, status: e.status, details: e.details)
    end

    private

    def code_of(params_or_code)
      return params_or_code.to_s unless params_or_code.respond_to?(:key?)

      key = ["code", :code].find { |name| params_or_code.key?(name) }
      unless key
        raise MissingCodeError.new("key not found: \"code\": the sign-in was refused, or this is no callback",
                                   status: :missing_code, details: { field: "code" })
      end

      params_or_code[key].to_s
    end

    def access_token_of(hash)
      TokenHash.normalize(hash)[:access_token] or
        raise AuthenticationError.new("Missing access_token in token hash", status: :not_authenticated)
    end

    def refresh_token_of(tokens)
      tokens[:refresh_token] or
        raise OAuthError.new("there is no refresh_token in the token hash: ask for the scope offline, and keep the token",
                             status: :invalid_argument, details: { field: "refresh_token" })
    end

    def judged(name)
      yield
    rescue TokenError => e
      name ||= e.field&.to_sym
      raise e.class.new("Invalid #{TOKEN_NAMES.fetch(name, TOKEN_NAMES[:access_token])}", status: e.status, details: e.details)
    end
  end
end
