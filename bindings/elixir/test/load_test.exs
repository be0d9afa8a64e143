defmodule Kinde.LoadTest do
  # Alone, because it measures.
  use ExUnit.Case, async: false

  alias Kinde.{Client, Support.Emulator, Token}

  @processes 5_000

  setup do
    %{emulator: Emulator.start!()}
  end

  @tag timeout: 300_000
  test "#{@processes} processes wait for Kinde, and the schedulers stay responsive", %{emulator: emulator} do
    client =
      Client.with_timeout(
        Emulator.client(emulator, timeout_ms: 240_000),
        :infinity
      )

    token = Emulator.mint(emulator)
    Emulator.post(emulator, "/faults", %{path: "/oauth2/v2/user_profile", hang: true, times: nil})
    watch = Task.async(fn -> watch(0) end)
    memory = :erlang.memory(:processes)

    callers =
      for _number <- 1..@processes, do: Task.async(fn -> Token.user_profile(client, access_token: token) end)

    Emulator.wait_for(emulator, "/oauth2/v2/user_profile", @processes)
    waiting = :erlang.memory(:processes) - memory
    Emulator.control(emulator, "DELETE", "/faults")
    answers = Task.await_many(callers, :infinity)

    send(watch.pid, :stop)
    longest = Task.await(watch, :infinity)

    IO.puts(
      "\n#{@processes} calls at once: a process waited #{longest / 1000} ms for its turn at the most; #{div(waiting, @processes)} bytes for each caller"
    )

    assert Enum.frequencies_by(answers, &elem(&1, 0)) == %{ok: @processes}

    # A call that blocked a scheduler would block it until the emulator answers. The machine may be busy with other things.
    assert longest < 5_000_000
    assert Process.info(self(), :message_queue_len) == {:message_queue_len, 0}
  end

  # How long a process waits for its turn, in microseconds: it asks for a message that another process sends it at once.
  defp watch(longest) do
    receive do
      :stop -> longest
    after
      0 ->
        before = System.monotonic_time(:microsecond)
        me = self()
        spawn(fn -> send(me, :turn) end)

        receive do
          :turn -> watch(max(longest, System.monotonic_time(:microsecond) - before))
        end
    end
  end
end
