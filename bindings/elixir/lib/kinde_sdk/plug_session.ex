defmodule KindeSDK.PlugSession do
  @moduledoc false

  # All that `KindeClientSDK` needs of Plug. The calls are resolved when they are made, so that this compiles where Plug is
  # not, or is compiled later.

  @compile {:no_warn_undefined, Plug.Conn}

  @typedoc "A `Plug.Conn`, whose session was fetched."
  @type conn :: struct()

  @spec get(conn(), atom()) :: term()
  def get(conn, key), do: Plug.Conn.get_session(conn, key)

  @spec put(conn(), atom(), term()) :: conn()
  def put(conn, key, value), do: Plug.Conn.put_session(conn, key, value)

  @doc "Gives the session of Plug a new id, because somebody signed in or out."
  @spec renew(conn()) :: conn()
  def renew(conn), do: Plug.Conn.configure_session(conn, renew: true)

  @doc "The query with which the browser came, parsed and as it is."
  @spec query(conn()) :: {map(), String.t()}
  def query(conn) do
    conn = Plug.Conn.fetch_query_params(conn)
    query = if conn.query_string == "", do: URI.encode_query(conn.query_params), else: conn.query_string
    {conn.query_params, query}
  end

  @doc """
  Sets the answer to a browser that fetches a page ahead, or a page that embeds it as an image: nobody asked for it. It is not
  sent yet.
  """
  @spec refuse(conn()) :: conn()
  def refuse(conn),
    do: conn |> Plug.Conn.resp(:bad_request, "") |> Plug.Conn.put_resp_header("cache-control", "no-store")

  @doc "Sets the answer that sends the browser elsewhere. It is not sent yet."
  @spec redirect(conn(), String.t()) :: conn()
  def redirect(conn, url) do
    conn |> Plug.Conn.resp(:found, "") |> Plug.Conn.put_resp_header("location", url)
  end
end
