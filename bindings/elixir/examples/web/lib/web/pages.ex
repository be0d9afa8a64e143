defmodule Web.Pages do
  @moduledoc "The pages, each a whole answer."

  alias Kinde.Session

  def home(%{assigns: %{kinde_user: nil}} = conn) do
    answer(conn, 200, """
    <h1>Nobody is signed in</h1>
    <p><a href="/login">Sign in</a> or <a href="/register">register</a></p>
    """)
  end

  def home(conn) do
    answer(conn, 200, """
    <h1>Hello #{escape(conn.assigns.kinde_user.given_name)}</h1>
    <form method="post" action="/logout"><button>Sign out</button></form>
    """)
  end

  def account(conn) do
    session = conn.assigns.kinde_session
    user = conn.assigns.kinde_user

    flags =
      for flag <- Session.flags!(session).feature_flags,
          do: "<li>#{escape(flag.key)}: #{escape(inspect(flag.value))}</li>"

    answer(conn, 200, """
    <h1>Account</h1>
    <dl>
      <dt>User</dt>
      <dd id="user">#{[user.given_name, user.family_name, user.email] |> Enum.reject(&is_nil/1) |> Enum.join(" ") |> escape()}</dd>
      <dt>Organization</dt>
      <dd id="organization">#{escape(Session.organization!(session).org_code || "none")}</dd>
      <dt>Permissions</dt>
      <dd id="permissions">#{session |> Session.permissions!() |> Map.fetch!(:permissions) |> Enum.join(", ") |> escape()}</dd>
      <dt>Feature flags</dt>
      <dd id="flags"><ul>#{flags}</ul></dd>
    </dl>
    """)
  end

  def members(conn), do: answer(conn, 200, "<h1>Members</h1>\n<p>Whoever reads this may manage members.</p>")

  def events(conn) do
    events = for event <- Web.Events.all(), do: "<li>#{escape(event.type)} #{escape(event.event_id)}</li>"

    answer(
      conn,
      200,
      "<h1>Events</h1>\n<p>What Kinde has told since the start:</p>\n<ul id=\"events\">#{events}</ul>"
    )
  end

  def denied(conn) do
    answer(
      conn,
      403,
      "<h1>Not allowed</h1>\n<p>This page needs the permission <code>manage:members</code>.</p>"
    )
  end

  # Nothing of what the address said is shown: it may come from anybody.
  def not_signed_in(conn, _error) do
    answer(conn, 400, ~s(<h1>You were not signed in</h1>\n<p><a href="/login">Try again</a></p>))
  end

  def nowhere(conn), do: answer(conn, 404, "<h1>There is no such page</h1>")

  defp answer(conn, status, content) do
    conn
    |> Plug.Conn.put_resp_content_type("text/html")
    |> Plug.Conn.send_resp(status, """
    <!doctype html>
    <html lang="en">
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Kinde with Elixir</title>
    <style>body { font: 1rem/1.5 system-ui; max-width: 40rem; margin: 2rem auto; padding: 0 1rem } dt { font-weight: bold }</style>
    <nav><a href="/">Home</a> <a href="/account">Account</a> <a href="/members">Members</a> <a href="/events">Events</a></nav>
    <main>#{content}</main>
    """)
  end

  defp escape(text) do
    text
    |> to_string()
    |> String.replace("&", "&amp;")
    |> String.replace("<", "&lt;")
    |> String.replace(">", "&gt;")
    |> String.replace("\"", "&quot;")
  end
end
