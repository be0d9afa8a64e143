# frozen_string_literal: true

require "rails"
require "action_controller/railtie"
require "kinde_sdk/rails/engine"

# A Rails application as small as can be. It shows what the helpers say, and keeps its own data in the session.
class RailsApplication < Rails::Application
  config.load_defaults 6.1
  config.root = __dir__
  config.eager_load = false
  config.consider_all_requests_local = true
  config.action_dispatch.show_exceptions = true
  config.secret_key_base = "s" * 64
  config.hosts.clear
  config.logger = Logger.new(IO::NULL)
  config.action_controller.allow_forgery_protection = false
  config.cache_store = :memory_store
  # Not in a cookie, which could not hold what earlier versions of the gem kept there of the emulator's tokens.
  config.session_store :cache_store, key: "_app"

  routes.append do
    mount KindeSdk::Engine, at: "/kinde_sdk"
    root to: "pages#show"
    get "mgmt", to: "pages#show", as: :mgmt
    get "session/:key/:value", to: "pages#write"
    post "session", to: "pages#update"
    post "tokens", to: "pages#tokens"
    get "current", to: "pages#current"
    get "renew", to: "pages#renew"
    get "leave", to: "pages#leave"
    get "fail", to: "pages#fail"
  end
end

RailsApplication.initialize!

# What the tests look at.
class PagesController < ActionController::Base
  include AuthHelper
  helper AuthHelper

  def show
    render json: { user: session[:kinde_user], logged_in: logged_in?, present: session_present_in?, expired: token_expired?,
                   permission: get_client&.permission_granted?("read:todos"), alert: flash[:alert], cart: session[:cart],
                   tokens: session[:kinde_token_store], csrf: session[:_csrf_token],
                   view: render_to_string(inline: "<%= logged_in? %>") }
  end

  def write
    session[params[:key]] = params[:value]
    head :ok
  end

  def update
    session.update(JSON.parse(request.raw_post))
    head :ok
  end

  def tokens
    set_session_tokens(JSON.parse(request.raw_post))
    show
  end

  def current
    store = KindeSdk::Current.token_store
    render json: { same: KindeSdk::Current.session.equal?(session), expires_at: store&.expires_at, bearer: store&.bearer_token }
  end

  def renew
    render json: { renewed: refresh_session_tokens }
  end

  def leave
    request.env["kinde"].logout
    head :ok
  end

  def fail
    logged_in?
    raise "on purpose"
  end
end
