# frozen_string_literal: true

require "erb"
require "sinatra/base"
require "kinde_sdk"

KindeSdk.configure do |c|
  c.domain = ENV.fetch("KINDE_DOMAIN")
  c.client_id = ENV.fetch("KINDE_CLIENT_ID")
  c.client_secret = ENV.fetch("KINDE_CLIENT_SECRET")
  c.callback_url = ENV.fetch("KINDE_CALLBACK_URL")
  c.logout_url = ENV.fetch("KINDE_LOGOUT_URL")
  c.seal_keys = [ENV.fetch("KINDE_SEAL_KEY")]
end

# What happened in Kinde: here it is only said.
EVENTS = KindeSdk::Rack::Webhooks.new { |event| puts "#{event[:type]} #{event[:event_id]}" }

# Sign in, see what Kinde knows, be let in or not, sign out.
class App < Sinatra::Base
  # Serves /login, /register, /logout and the path of callback_url.
  use KindeSdk::Rack::Middleware, login_path: "/login", register_path: "/register", logout_path: "/logout"

  enable :inline_templates

  helpers do
    include ERB::Util

    def kinde
      env["kinde"]
    end

    # The page's way in: who is not signed in signs in, and comes back here.
    def sign_in_first
      halt kinde.login!(return_to: request.fullpath) unless kinde.authenticated?
    end
  end

  get "/" do
    erb :home
  end

  get "/account" do
    sign_in_first
    erb :account, locals: { client: kinde.client }
  end

  get "/members" do
    sign_in_first
    halt 403, erb(:forbidden) unless kinde.permission?("manage:members")
    erb :members
  end
end

__END__

@@ layout
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Kinde with Sinatra</title>
<style>body { font: 1rem/1.5 system-ui; max-width: 40rem; margin: 2rem auto; padding: 0 1rem } dt { font-weight: bold }</style>
<nav>
  <a href="/">Home</a> <a href="/account">Account</a> <a href="/members">Members</a>
</nav>
<main><%= yield %></main>

@@ home
<% if kinde.authenticated? %>
  <h1>Hello <%= h kinde.user[:given_name] %></h1>
  <form method="post" action="/logout"><button>Sign out</button></form>
<% else %>
  <h1>Nobody is signed in</h1>
  <p><a href="/login">Sign in</a> or <a href="/register">register</a></p>
<% end %>

@@ account
<h1>Account</h1>
<dl>
  <dt>User</dt>
  <dd id="user"><%= h client.get_user_details.values_at(:given_name, :family_name, :email).compact.join(" ") %></dd>
  <dt>Organization</dt>
  <dd id="organization"><%= h client.get_organization[:org_code] || "none" %></dd>
  <dt>Permissions</dt>
  <dd id="permissions"><%= h client.get_permissions[:permissions].join(", ") %></dd>
  <dt>Feature flags</dt>
  <dd id="flags">
    <ul><% client.get_flags.each do |flag| %><li><%= h "#{flag[:key]}: #{flag[:value]}" %></li><% end %></ul>
  </dd>
</dl>

@@ members
<h1>Members</h1>
<p>Whoever reads this may manage members.</p>

@@ forbidden
<h1>Not allowed</h1>
<p>This page needs the permission <code>manage:members</code>.</p>
