defmodule Kinde.Support.Redis do
  @moduledoc """
  A Redis of its own for a test, which ends with it.
  """

  use GenServer

  defstruct [:url, :pid]

  @type t :: %__MODULE__{url: String.t(), pid: pid()}

  @spec start!() :: t()
  def start! do
    pid = ExUnit.Callbacks.start_supervised!({__MODULE__, []}, id: make_ref())
    %__MODULE__{url: GenServer.call(pid, :url), pid: pid}
  end

  @doc "Lets it answer nothing, as one that is away."
  @spec pause(t()) :: :ok
  def pause(redis), do: GenServer.call(redis.pid, {:signal, "STOP"})

  @spec resume(t()) :: :ok
  def resume(redis), do: GenServer.call(redis.pid, {:signal, "CONT"})

  @spec start_link(term()) :: GenServer.on_start()
  def start_link(_options), do: GenServer.start_link(__MODULE__, [])

  @impl GenServer
  def init(_options) do
    Process.flag(:trap_exit, true)

    program =
      System.find_executable("redis-server") || raise "there is no redis-server: apt-get install redis-server"

    number = free_port()

    arguments = [
      "--port",
      "#{number}",
      "--bind",
      "127.0.0.1",
      "--save",
      "",
      "--appendonly",
      "no",
      "--dir",
      System.tmp_dir!()
    ]

    port = Port.open({:spawn_executable, program}, [:binary, line: 65_536, args: arguments])
    {:os_pid, os_pid} = Port.info(port, :os_pid)
    wait_for(port)
    {:ok, %{port: port, os_pid: os_pid, url: "redis://127.0.0.1:#{number}"}}
  end

  @impl GenServer
  def handle_call(:url, _from, state), do: {:reply, state.url, state}

  def handle_call({:signal, signal}, _from, state) do
    signal(state, signal)
    {:reply, :ok, state}
  end

  @impl GenServer
  def handle_info(_output, state), do: {:noreply, state}

  @impl GenServer
  def terminate(_reason, state), do: signal(state, "KILL")

  defp signal(state, signal),
    do: System.cmd("kill", ["-#{signal}", "#{state.os_pid}"], stderr_to_stdout: true)

  defp free_port do
    {:ok, socket} = :gen_tcp.listen(0, ip: {127, 0, 0, 1})
    {:ok, number} = :inet.port(socket)
    :gen_tcp.close(socket)
    number
  end

  defp wait_for(port) do
    receive do
      {^port, {:data, {:eol, line}}} -> unless line =~ "Ready to accept connections", do: wait_for(port)
    after
      10_000 -> raise "redis-server did not start"
    end
  end
end
