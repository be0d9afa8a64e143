defmodule Web.Server do
  @moduledoc """
  A small server for HTTP/1.1: each connection is a process, which reads one request, lets `Web.Router` answer it, and
  closes. Where Plug can be fetched, use Cowboy or Bandit.
  """

  use Task, restart: :permanent

  @timeout 10_000
  # Of one line; a header of cookies may be long.
  @line_bytes 32_768
  @most_headers 100
  @most_body 1_000_000

  @doc "Takes a port of the loopback interface; 0 for any."
  def listen(port) do
    :gen_tcp.listen(port, [
      :binary,
      ip: {127, 0, 0, 1},
      packet: :http_bin,
      packet_size: @line_bytes,
      active: false,
      reuseaddr: true,
      backlog: 128
    ])
  end

  def start_link(options),
    do: Task.start_link(__MODULE__, :accept, [options[:socket], options[:secret_key_base]])

  @doc false
  def accept(socket, secret_key_base) do
    {:ok, connection} = :gen_tcp.accept(socket)

    pid =
      spawn(fn ->
        receive do
          :yours -> serve(connection, secret_key_base)
        end
      end)

    :ok = :gen_tcp.controlling_process(connection, pid)
    send(pid, :yours)
    accept(socket, secret_key_base)
  end

  defp serve(connection, secret_key_base) do
    with {:ok, {:http_request, method, {:abs_path, target}, _version}} <-
           :gen_tcp.recv(connection, 0, @timeout),
         {:ok, headers} <- headers(connection, []),
         {:ok, body} <- body(connection, headers) do
      conn = conn(connection, {to_string(method), target, headers, body}, secret_key_base)
      answer(connection, method, run(conn))
    end

    :gen_tcp.close(connection)
  end

  defp headers(_connection, headers) when length(headers) > @most_headers, do: :error

  defp headers(connection, headers) do
    case :gen_tcp.recv(connection, 0, @timeout) do
      {:ok, {:http_header, _, name, _, value}} ->
        headers(connection, [{name |> to_string() |> String.downcase(), value} | headers])

      {:ok, :http_eoh} ->
        {:ok, Enum.reverse(headers)}

      _failed ->
        :error
    end
  end

  # A browser waits until it was read, also where nothing of it is used.
  defp body(connection, headers) do
    with {_name, length} <- List.keyfind(headers, "content-length", 0, {nil, "0"}),
         {length, ""} when length in 0..@most_body <- Integer.parse(length),
         :ok <- :inet.setopts(connection, packet: :raw) do
      if length == 0, do: {:ok, ""}, else: :gen_tcp.recv(connection, length, @timeout)
    end
  end

  defp conn(connection, {method, target, headers, body}, secret_key_base) do
    [path | query] = String.split(target, "?", parts: 2)
    {:ok, {address, port}} = :inet.peername(connection)
    {_name, host} = List.keyfind(headers, "host", 0, {nil, "localhost"})

    %Plug.Conn{
      # Where the body is read from; that of the stand-in of Plug has it already.
      adapter: {Plug.StandIn.Adapter, body},
      method: method,
      host: host |> String.split(":") |> hd(),
      port: port,
      remote_ip: address,
      request_path: path,
      path_info: String.split(path, "/", trim: true),
      query_string: List.first(query) || "",
      req_headers: headers,
      secret_key_base: secret_key_base,
      owner: self()
    }
  end

  defp run(conn) do
    Web.Router.call(conn, Web.Router.init([]))
  rescue
    error ->
      IO.puts(:stderr, Exception.format(:error, error, __STACKTRACE__))
      Plug.Conn.send_resp(conn, 500, "That went wrong.\n")
  end

  defp answer(connection, method, %Plug.Conn{state: :sent} = conn) do
    own = [{"content-length", to_string(byte_size(conn.resp_body))}, {"connection", "close"}]
    headers = for {name, value} <- conn.resp_headers ++ own, do: [name, ": ", value, "\r\n"]
    body = if method == :HEAD, do: "", else: conn.resp_body
    :gen_tcp.send(connection, ["HTTP/1.1 #{conn.status} #{reason(conn.status)}\r\n", headers, "\r\n", body])
  end

  defp reason(status) do
    Map.get(
      %{200 => "OK", 302 => "Found", 400 => "Bad Request", 401 => "Unauthorized", 403 => "Forbidden"},
      status,
      "Answer"
    )
  end
end
