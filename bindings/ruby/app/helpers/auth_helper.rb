# frozen_string_literal: true

# Who is signed in, for controllers (`include AuthHelper`) and views (`helper AuthHelper`).
module AuthHelper
  # Signs in the user to whom these tokens belong, for an application that got them itself.
  #
  # @param tokens [Hash] what {KindeSdk.fetch_tokens} or {KindeSdk.refresh_token} gave
  # @return [void]
  # @raise [KindeSdk::TokenError] if a token is not what it should be
  def set_session_tokens(tokens)
    kinde_authentication.tokens = tokens
    KindeSdk::SessionKeys.begin(request, kinde_authentication)
  end

  # @return [Boolean] whether somebody is signed in; his access token is renewed first if need be
  def logged_in?
    kinde_authentication.authenticated?
  end

  # @return [Boolean] whether there are tokens, be they expired
  def session_present_in?
    kinde_authentication.tokens?
  end

  # @return [Boolean] whether the access token has expired and cannot be renewed; true if there is none
  def token_expired?
    !logged_in?
  end

  # Renews the tokens, whether they are expired or not.
  #
  # @return [Boolean] whether that was possible
  def refresh_session_tokens
    return false unless session_present_in? && kinde_authentication.refresh

    KindeSdk::SessionKeys.write(session, kinde_authentication)
    true
  end

  # @return [KindeSdk::Client, nil] for questions about the user; nil if there are no tokens
  def get_client
    kinde_authentication.client
  end

  private

  # Tests of a controller alone run without middleware.
  def kinde_authentication
    request.env["kinde"] ||=
      KindeSdk::Rack::Authentication.new(request.env, cookie_name: "kinde_session", adopt: KindeSdk::SessionKeys.method(:adopt))
  end
end
