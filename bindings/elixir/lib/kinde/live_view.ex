if match?({:module, _}, Code.ensure_compiled(Phoenix.LiveView)) do
  defmodule Kinde.LiveView do
    @moduledoc """
    Users in LiveViews: hooks for `on_mount`, which need nothing but the session of Plug that `Kinde.Plug` wrote.

        live_session :users, on_mount: {Kinde.LiveView, {:require_authenticated, client: MyApp.Kinde}} do
          live "/orders", MyAppWeb.OrdersLive
        end

    or in a LiveView:

        on_mount {Kinde.LiveView, {:require_permission, client: MyApp.Kinde, permission: "read:orders"}}

    | Hook | |
    | --- | --- |
    | `:fetch_session` | says who is signed in |
    | `:require_authenticated` | sends everybody else to `:to` |
    | `:require_permission` | sends who lacks the `:permission`, or one of a list, to `:denied_to`, and nobody to `:to` |

    | Option | Default | |
    | --- | --- | --- |
    | `:client` | | the name of a `Kinde.Client`; needed |
    | `:to` | `"/login"` | where to sign in |
    | `:denied_to` | `"/"` | where to go without the permission |

    The socket gets the assigns `kinde_user` and `kinde_session`, as a conn does from `Kinde.Plug`.

    A LiveView that stays connected is not asked again. Whoever signs out is disconnected if `Kinde.Plug` knows the
    `:endpoint`; before an action that matters, ask `Kinde.Session.authenticated?/1` or `Kinde.Session.permission?/2` again:
    they answer `false` when the access token has expired.
    """

    import Kinde.Plug.Failure, only: [is_unusable: 1]

    alias Kinde.{Client, Error, Session}

    require Logger

    # The names that `Kinde.Plug` gives them.
    @id "kinde_session_id"
    @claims "kinde_claims"
    @seconds_left 60

    @typedoc "A hook and its options."
    @type hook :: {:fetch_session | :require_authenticated | :require_permission, keyword()}

    @doc "The hooks, for `on_mount`."
    @spec on_mount(hook(), map() | :not_mounted_at_router, map(), struct()) :: {:cont | :halt, struct()}
    def on_mount({hook, options}, _params, session, socket)
        when hook in [:fetch_session, :require_authenticated, :require_permission] do
      options = Keyword.validate!(options, [:client, :permission, to: "/login", denied_to: "/"])
      # A dead render and the connected one that follows it ask both.
      found = session |> find(Client.get(options[:client])) |> signed_in()
      socket = Phoenix.Component.assign(socket, kinde_session: found, kinde_user: user(found))
      decide(hook, socket, found, options)
    end

    defp decide(:fetch_session, socket, _session, _options), do: {:cont, socket}
    defp decide(_hook, socket, nil, options), do: {:halt, Phoenix.LiveView.redirect(socket, to: options[:to])}
    defp decide(:require_authenticated, socket, _session, _options), do: {:cont, socket}

    defp decide(:require_permission, socket, session, options) do
      permissions = List.wrap(options[:permission])
      if permissions == [], do: raise(ArgumentError, "require_permission: which permission?")

      if Enum.all?(permissions, &Session.permission?(session, &1)),
        do: {:cont, socket},
        else: {:halt, Phoenix.LiveView.redirect(socket, to: options[:denied_to])}
    end

    defp find(%{@id => id}, client) when is_binary(id) do
      with {:ok, %Session{} = session} <- usable(Session.load(client, id)), do: renew(session)
    end

    defp find(%{@claims => seal}, client) when is_binary(seal), do: usable(Session.open(client, seal))
    defp find(_session, _client), do: {:ok, nil}

    # If the store cannot be asked, mounting fails, and the browser tries again: nobody is sent away as if signed out.
    defp usable({:error, %Error{code: code}}) when is_unusable(code), do: {:ok, nil}
    defp usable({:error, error}), do: raise(error)
    defp usable(found), do: found

    # The store has the new tokens at once: no cookie needs to be set, which a LiveView could not do.
    defp renew(session) do
      case Session.ensure_fresh(session, @seconds_left) do
        {:ok, _refreshed} ->
          {:ok, session}

        {:error, %Error{code: code}} when is_unusable(code) ->
          {:ok, nil}

        {:error, error} ->
          Logger.warning("[kinde] #{Exception.message(error)}")
          {:ok, session}
      end
    end

    defp signed_in({:ok, session}), do: if(session && Session.authenticated?(session), do: session)

    defp user(nil), do: nil

    defp user(session) do
      case Session.user(session) do
        {:ok, user} -> user
        {:error, _error} -> nil
      end
    end
  end
end
