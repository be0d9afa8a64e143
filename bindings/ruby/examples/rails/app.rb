# frozen_string_literal: true

require "rails"
require "action_controller/railtie"
require "action_view/railtie"
require "kinde_sdk"

KindeSdk.configure do |c|
  c.domain = ENV.fetch("KINDE_DOMAIN")
  c.client_id = ENV.fetch("KINDE_CLIENT_ID")
  c.client_secret = ENV.fetch("KINDE_CLIENT_SECRET")
  c.callback_url = ENV.fetch("KINDE_CALLBACK_URL")
  c.logout_url = ENV.fetch("KINDE_LOGOUT_URL")
end

# An application that is one file, and its views.
class Example < Rails::Application
  config.load_defaults 6.1
  config.root = __dir__
  config.eager_load = false
  config.logger = Logger.new($stdout)
  config.secret_key_base = ENV.fetch("SECRET_KEY_BASE")

  routes.append do
    # Serves /kinde_sdk/auth, /kinde_sdk/register, /kinde_sdk/callback, /kinde_sdk/logout and more.
    mount KindeSdk::Engine, at: "/kinde_sdk"
    root "pages#home"
    get "account", to: "pages#account"
    get "members", to: "pages#members"
    # Kinde sends here what happens; the address is registered in its settings.
    post "webhooks/kinde", to: "events#create"
  end
end

Rails.application.initialize!

# What happened in Kinde: here it is only said.
class EventsController < ActionController::API
  include KindeSdk::Webhooks

  private

  def handle_kinde_event(event)
    Rails.logger.info("#{event[:type]} #{event[:event_id]}")
  end
end

# Sign in, see what Kinde knows, be let in or not, sign out.
class PagesController < ActionController::Base
  include AuthHelper
  helper AuthHelper

  prepend_view_path File.join(__dir__, "views")
  layout "application"

  before_action :sign_in_first, except: :home

  def home
    @user = get_client.get_user_details if logged_in?
  end

  def account
    @client = get_client
  end

  def members
    render :forbidden, status: :forbidden unless get_client.permission_granted?("manage:members")
  end

  private

  # Who is not signed in signs in, and comes back here.
  def sign_in_first
    redirect_to kinde_sdk.auth_path(return_to: request.fullpath) unless logged_in?
  end
end
