# frozen_string_literal: true

KindeSdk::Engine.routes.draw do
  match "auth", to: "auth#auth", via: %i[get post]
  match "register", to: "auth#register", via: %i[get post]
  match "logout", to: "auth#logout", via: %i[get post]
  get "callback", to: "auth#callback"
  get "logout_callback", to: "auth#logout_callback"
  match "refresh_token", to: "auth#refresh_token", via: %i[get post]
  match "client_credentials_auth", to: "auth#client_credentials_auth", via: %i[get post]
end
