# Measures how many codes the Elixir package exchanges for tokens in a second, beside the Rust client, and prints a table.
# `make bench` runs it twice: as it is, and with `one-processor` where the VM, the Rust client and the emulator have one
# processor. With several, most of a single exchange is waking those that sleep, above all in a virtual machine.

for file <- ["measuring.exs", "exchanging.exs"], do: Code.require_file(file, __DIR__)

defmodule Kinde.Bench.Delays do
  @moduledoc "How long a process waits for its turn."

  @doc "Microseconds, the longest first, while `work` is done."
  def during(work) do
    watch = Task.async(fn -> watch([]) end)
    work.()
    send(watch.pid, :stop)
    watch |> Task.await() |> Enum.sort(:desc)
  end

  # How many microseconds pass until a new process has had its turn, again and again.
  defp watch(delays) do
    receive do
      :stop -> delays
    after
      0 ->
        before = System.monotonic_time(:microsecond)
        me = self()
        spawn(fn -> send(me, :turn) end)
        receive do: (:turn -> watch([System.monotonic_time(:microsecond) - before | delays]))
    end
  end
end

alias Kinde.Bench.{Delays, Exchanges, Report}
alias Kinde.Support.Emulator

{:ok, pid} = Emulator.start_link([])
exchanges = Exchanges.prepare(%Emulator{url: GenServer.call(pid, :url, 60_000)})
Logger.configure(level: :warning)
Report.head()

case System.argv() do
  [] ->
    Exchanges.compare(exchanges, "1,000 at once", 1_000, 4, "at least 0.9 ×")
    Exchanges.compare(exchanges, "one after the other", 1, 4_000, "")

    [longest | _others] = delays = Delays.during(fn -> Exchanges.took(exchanges, 1_000, 10) end)
    usual = delays |> Enum.at(div(length(delays), 1_000)) |> Report.milliseconds()

    Report.row(
      "longest delay of a process that is ready, with 1,000 exchanges at once",
      "#{Report.milliseconds(longest)}; 99.9 % below #{usual}"
    )

  ["one-processor"] ->
    Exchanges.compare(exchanges, "one after the other, all on one processor", 1, 4_000, "at least 6,000")
end
