defmodule Web.Router do
  @moduledoc "What leads where. In a router of Phoenix the first half is a pipeline, and the second `get` and `post`."

  @behaviour Plug

  import Kinde.Plug, only: [require_authenticated: 1, require_permission: 2]

  alias Web.Pages

  @impl Plug
  def init(_options) do
    %{
      webhooks:
        Kinde.Plug.Webhooks.init(client: Web.Kinde, at: "/webhooks/kinde", handler: {Web.Events, :handle}),
      session: Plug.Session.init(store: :cookie, key: "_web"),
      kinde: Kinde.Plug.init(client: Web.Kinde, keep: :store),
      members:
        Kinde.Plug.init({:require_permission, permission: "manage:members", on_denied: {Pages, :denied}})
        |> elem(1),
      callback: Kinde.Plug.init({:callback, on_failure: {Pages, :not_signed_in}}) |> elem(1)
    }
  end

  @impl Plug
  def call(conn, options) do
    case Kinde.Plug.Webhooks.call(conn, options.webhooks) do
      %Plug.Conn{halted: true} = answered -> answered
      conn -> page(conn, options)
    end
  end

  defp page(conn, options) do
    conn
    |> Plug.Session.call(options.session)
    |> Plug.Conn.fetch_session()
    |> Kinde.Plug.call(options.kinde)
    |> route(conn.method, conn.path_info, options)
  end

  defp route(conn, "GET", [], _options), do: Pages.home(conn)
  defp route(conn, "GET", ["login"], _options), do: Kinde.Plug.login(conn)
  defp route(conn, "GET", ["register"], _options), do: Kinde.Plug.register(conn)
  defp route(conn, "GET", ["callback"], options), do: Kinde.Plug.callback(conn, options.callback)
  defp route(conn, "POST", ["logout"], _options), do: Kinde.Plug.logout(conn)

  defp route(conn, "GET", ["account"], _options),
    do: conn |> require_authenticated() |> show(&Pages.account/1)

  defp route(conn, "GET", ["members"], options),
    do: conn |> require_permission(options.members) |> show(&Pages.members/1)

  defp route(conn, "GET", ["events"], options),
    do: conn |> require_permission(options.members) |> show(&Pages.events/1)

  defp route(conn, _method, _path, _options), do: Pages.nowhere(conn)

  defp show(%Plug.Conn{halted: true} = conn, _page), do: conn
  defp show(conn, page), do: page.(conn)
end
