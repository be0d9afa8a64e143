defmodule Kinde.Support.PlugServer do
  @moduledoc "Lets a function answer requests that come over HTTP, as a server lets a plug."

  alias Plug.Conn

  @doc "Starts one for this test; gives its address."
  @spec start!((Conn.t() -> Conn.t())) :: String.t()
  def start!(answer) do
    options = [:binary, packet: :http_bin, active: false, ip: {127, 0, 0, 1}]
    {:ok, listener} = :gen_tcp.listen(0, options)
    {:ok, port} = :inet.port(listener)
    ExUnit.Callbacks.start_supervised!({Task, fn -> serve(listener, answer) end}, id: make_ref())
    "http://127.0.0.1:#{port}/"
  end

  defp serve(listener, answer) do
    {:ok, connection} = :gen_tcp.accept(listener)
    {:ok, {:http_request, method, {:abs_path, path}, _version}} = :gen_tcp.recv(connection, 0)
    headers = headers(connection)
    :ok = :inet.setopts(connection, packet: :raw)
    conn = method |> to_string() |> Plug.Test.conn(path, body(connection, headers["content-length"]))
    conn = answer.(%{conn | req_headers: Map.to_list(headers)})

    :gen_tcp.send(connection, [
      "HTTP/1.1 #{conn.status} Answer\r\n",
      "content-length: #{byte_size(conn.resp_body)}\r\n\r\n",
      conn.resp_body
    ])

    # Whoever asked ends it.
    {:error, :closed} = :gen_tcp.recv(connection, 0)
    serve(listener, answer)
  end

  defp headers(connection, headers \\ %{}) do
    case :gen_tcp.recv(connection, 0) do
      {:ok, {:http_header, _, name, _, value}} ->
        headers(connection, Map.put(headers, name |> to_string() |> String.downcase(), value))

      {:ok, :http_eoh} ->
        headers
    end
  end

  defp body(_connection, length) when length in [nil, "0"], do: ""

  defp body(connection, length) do
    {:ok, body} = :gen_tcp.recv(connection, String.to_integer(length))
    body
  end
end
