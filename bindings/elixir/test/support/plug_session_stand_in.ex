# A stand-in for Plug.Session with its stores for cookies and for ETS, as Plug documents them.
unless Code.ensure_loaded?(Plug.Session) do
  defmodule Plug.Session do
    @moduledoc "Takes `key`, and either `store: :cookie` or `store: :ets` with a public `table`."

    @behaviour Plug

    alias Plug.Conn

    @impl Plug
    def init(options), do: Map.new(options)

    @impl Plug
    def call(conn, options), do: Conn.put_private(conn, :plug_session_fetch, &fetch(&1, &2, options))

    defp fetch(conn, _fetch_options, options) do
      {sid, session} = load(conn, conn.cookies[options.key], options)

      conn
      |> Conn.put_private(:plug_session, session)
      |> Conn.put_private(:plug_session_fetch, :done)
      |> Conn.register_before_send(&keep(&1, sid, options))
    end

    defp load(_conn, nil, _options), do: {nil, %{}}

    defp load(_conn, sid, %{store: :ets, table: table}) do
      case :ets.lookup(table, sid) do
        [{^sid, session}] -> {sid, session}
        [] -> {nil, %{}}
      end
    end

    defp load(conn, cookie, %{store: :cookie}) do
      with [content, signature] <- String.split(cookie, "."),
           true <- signature == sign(conn, content),
           {:ok, content} <- Base.url_decode64(content, padding: false) do
        {nil, :erlang.binary_to_term(content, [:safe])}
      else
        _forged -> {nil, %{}}
      end
    end

    defp keep(conn, sid, options) do
      case conn.private[:plug_session_info] do
        :write -> put(conn, sid, options)
        :renew -> conn |> delete(sid, options) |> put(nil, options)
        :drop -> conn |> delete(sid, options) |> Conn.delete_resp_cookie(options.key)
        _ignored -> conn
      end
    end

    defp put(conn, _sid, %{store: :cookie} = options) do
      content = conn.private.plug_session |> :erlang.term_to_binary() |> Base.url_encode64(padding: false)
      Conn.put_resp_cookie(conn, options.key, content <> "." <> sign(conn, content))
    end

    defp put(conn, sid, %{store: :ets, table: table} = options) do
      sid = sid || Base.url_encode64(:crypto.strong_rand_bytes(24))
      :ets.insert(table, {sid, conn.private.plug_session})
      Conn.put_resp_cookie(conn, options.key, sid)
    end

    defp delete(conn, sid, %{store: :ets, table: table}) when is_binary(sid) do
      :ets.delete(table, sid)
      conn
    end

    defp delete(conn, _sid, _options), do: conn

    defp sign(conn, content) do
      true = byte_size(conn.secret_key_base) >= 64
      Base.url_encode64(:crypto.mac(:hmac, :sha256, conn.secret_key_base, content), padding: false)
    end
  end
end
