defmodule Kinde.Support.SilentServer do
  @moduledoc """
  A server that takes requests, never answers, and tells the test what happens to their connections.

  The owner gets `{:request, connection}` for each request, and `{:closed, connection}` when the client gives it up.
  """

  use GenServer

  @doc "Starts one for this test; gives its address."
  @spec start!() :: String.t()
  def start! do
    pid = ExUnit.Callbacks.start_supervised!({__MODULE__, self()}, id: make_ref())
    "http://127.0.0.1:#{GenServer.call(pid, :port)}"
  end

  @spec start_link(pid()) :: GenServer.on_start()
  def start_link(owner), do: GenServer.start_link(__MODULE__, owner)

  @impl GenServer
  def init(owner) do
    {:ok, listener} = :gen_tcp.listen(0, [:binary, active: false, ip: {127, 0, 0, 1}, backlog: 1024])
    {:ok, port} = :inet.port(listener)
    spawn_link(fn -> accept(listener, owner) end)
    {:ok, port}
  end

  @impl GenServer
  def handle_call(:port, _from, port), do: {:reply, port, port}

  defp accept(listener, owner) do
    {:ok, connection} = :gen_tcp.accept(listener)
    process = spawn_link(fn -> serve(owner) end)
    :ok = :gen_tcp.controlling_process(connection, process)
    send(process, {:serve, connection})
    accept(listener, owner)
  end

  defp serve(owner) do
    receive do
      {:serve, connection} ->
        {:ok, _request} = :gen_tcp.recv(connection, 0)
        send(owner, {:request, connection})
        wait(connection, owner)
    end
  end

  defp wait(connection, owner) do
    case :gen_tcp.recv(connection, 0) do
      {:ok, _more} -> wait(connection, owner)
      {:error, :closed} -> send(owner, {:closed, connection})
    end
  end
end
