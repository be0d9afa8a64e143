# frozen_string_literal: true

module KindeSdk
  # The pages of {Engine}. What succeeds leads to `/`, or to where `return_to` said; what fails leads to `/` with an alert in
  # the flash.
  class AuthController < ActionController::Base
    include AuthHelper

    # What a user is told, by the action that failed. What Kinde said goes into the log: it comes from outside.
    ALERTS = {
      "auth" => "The sign-in could not be started.",
      "register" => "The registration could not be started.",
      "callback" => "You were not signed in. Please try again.",
      "logout" => "You were not signed out. Please try again.",
      "refresh_token" => "Your sign-in could not be renewed.",
      "client_credentials_auth" => "The application got no token for itself."
    }.freeze
    private_constant :ALERTS

    before_action :refuse_unasked, except: %i[callback logout_callback]
    before_action :refuse_head, only: :callback

    rescue_from Failure do |error|
      # A mistake of the developer's is not for the user to read about.
      raise error if error.is_a?(ConfigurationError)

      fail_with(error.message)
    end

    # Leads to Kinde's sign-in page.
    #
    # @return [void]
    def auth
      redirect_to kinde_authentication.login_url(parameters), allow_other_host: true
    end

    # Leads to Kinde's registration page.
    #
    # @return [void]
    def register
      redirect_to kinde_authentication.register_url(parameters), allow_other_host: true
    end

    # Finishes a sign-in. The session of Rails gets a new id; it stays what it was, unless another user was signed in before.
    #
    # @return [void]
    def callback
      result = kinde_authentication.handle_callback(request.query_string)
      return redirect_to(result[:url], allow_other_host: true) if result[:url]

      SessionKeys.begin(request, kinde_authentication)
      # Where it leads was judged by the library.
      redirect_to result[:return_to] || home, allow_other_host: true
    rescue CallbackError => e
      # The user went back to, or reloaded, a callback that has done its work.
      raise unless logged_in?

      log(e.message)
      redirect_to home
    end

    # Signs out: the session of Rails ends, and Kinde's when the browser follows.
    #
    # @return [void]
    def logout
      url = kinde_authentication.logout
      reset_session
      redirect_to url, allow_other_host: true
    end

    # Where Kinde may lead back to after {#logout}.
    #
    # @return [void]
    def logout_callback
      redirect_to home
    end

    # Renews the tokens.
    #
    # @return [void]
    def refresh_token
      refresh_session_tokens ? redirect_to(home) : fail_with("there is nothing to renew, or it cannot be renewed now")
    end

    # Gets a token for the application itself, if the setting `client_credentials_route` allows this user to. An application
    # that has `$redis` finds it there, as `kinde_m2m_token`.
    #
    # @return [void]
    def client_credentials_auth
      return head(:not_found) unless KindeSdk.config.client_credentials_route
      return head(:forbidden) unless client_credentials_allowed?

      keep_machine_token(machine_token)
      redirect_to main_app.respond_to?(:mgmt_path) ? main_app.mgmt_path : home
    end

    private

    def parameters
      Rack::Routes.parameters(request.query_parameters)
    end

    def refuse_unasked
      refuse if Rack::Navigation.unasked?(request.env)
    end

    def refuse_head
      refuse if Rack::Navigation.head?(request.env)
    end

    def refuse
      response.headers["Cache-Control"] = "no-store"
      head :bad_request
    end

    def client_credentials_allowed?
      route = KindeSdk.config.client_credentials_route
      return false unless logged_in?

      route.respond_to?(:call) ? route.call(get_client) : true
    end

    def machine_token
      token = KindeSdk.client_credentials_access(client_id: ENV["KINDE_MANAGEMENT_CLIENT_ID"],
                                                 client_secret: ENV["KINDE_MANAGEMENT_CLIENT_SECRET"])
      return token unless token.key?("error")

      raise OAuthError.new("no token for the application itself: #{token["error"]}", status: :oauth)
    end

    def keep_machine_token(token)
      return unless $redis

      $redis.set("kinde_m2m_token", token["access_token"], ex: token["expires_in"].to_i)
    end

    # The first page of the application, which may be mounted below others.
    def home
      "#{relative_url_root}/"
    end

    def fail_with(reason)
      log(reason)
      # An application for an API alone has no flash.
      flash[:alert] = ALERTS.fetch(action_name) if request.respond_to?(:flash)
      redirect_to home
    end

    def log(message)
      KindeSdk.config.logger&.warn("[kinde] #{action_name}: #{message}")
    end
  end
end
