defmodule Kinde.Support.Program do
  @moduledoc "Programs that a test starts, and ends: the example, as its reader starts it, and Redis."

  @doc "Starts the example and gives its address, and what ends it."
  def start_example!(environment \\ []) do
    program = Path.expand("../../examples/web/run", __DIR__)
    environment = [{"PORT", "0"}, {"KINDE_EMULATOR", Kinde.Support.Emulator.program()}] ++ environment
    start!(program, [], environment, ~r/\AOpen (http:\S+)/)
  end

  @doc "Starts Redis without files, and gives its address."
  def start_redis! do
    {:ok, socket} = :gen_tcp.listen(0, ip: {127, 0, 0, 1})
    {:ok, port} = :inet.port(socket)
    :ok = :gen_tcp.close(socket)

    arguments =
      ~w(--port #{port} --bind 127.0.0.1 --appendonly no --dir #{System.tmp_dir!()}) ++ ["--save", ""]

    {_line, _stop} =
      start!(System.find_executable("redis-server"), arguments, [], ~r/(Ready to accept connections)/)

    "redis://127.0.0.1:#{port}"
  end

  defp start!(program, arguments, environment, ready) do
    environment =
      for {name, value} <- environment,
          do: {to_charlist(name), if(value, do: to_charlist(value), else: false)}

    options = [:binary, :stderr_to_stdout, line: 4096, args: arguments, env: environment]
    port = Port.open({:spawn_executable, program}, options)
    {:os_pid, pid} = Port.info(port, :os_pid)

    # What does not end by itself is ended: nobody would wait for it with a limit of time.
    stop = fn ->
      System.cmd("sh", [
        "-c",
        "kill #{pid} 2>/dev/null; for look in $(seq 400); do kill -0 #{pid} 2>/dev/null || exit 0; sleep 0.05; done; kill -KILL #{pid}"
      ])
    end

    ExUnit.Callbacks.on_exit(stop)
    {read(port, ready, []), stop}
  end

  defp read(port, ready, lines) do
    receive do
      {^port, {:data, {_end, line}}} ->
        case Regex.run(ready, line) do
          [_all, found] -> found
          nil -> read(port, ready, [line | lines])
        end
    after
      60_000 -> raise "it did not start:\n" <> (lines |> Enum.reverse() |> Enum.join("\n"))
    end
  end
end
