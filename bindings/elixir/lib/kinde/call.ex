defmodule Kinde.Call do
  @moduledoc false

  # Waits for what the native library answers by a message: with a deadline, and without leaving a message behind.
  # The library itself notices when the caller dies.

  alias Kinde.{Client, Error, Native}

  # A machine that is too busy to send a message for so long has other worries than one that comes late.
  @cancelled_within 10_000

  @doc """
  Starts a call and waits for its result.

  `start` is given the reference under which the answer comes. `flow` names the call in telemetry events.
  """
  @spec run(Client.t(), atom(), map(), (reference() -> Native.started())) :: term()
  def run(%Client{} = client, flow, metadata \\ %{}, start) do
    if function_exported?(:telemetry, :execute, 3) do
      span([:kinde, flow], Map.put(metadata, :client, client.name), fn ->
        start_and_wait(start, client.timeout)
      end)
    else
      # Nobody has attached a handler: that would have loaded :telemetry.
      start_and_wait(start, client.timeout)
    end
  end

  defp start_and_wait(start, timeout) do
    ref = make_ref()

    case start.(ref) do
      {:ok, task} -> wait(ref, task, timeout)
      {:error, _error} = failed -> failed
    end
  end

  defp wait(ref, task, timeout) do
    receive do
      {^ref, result} -> result
    after
      timeout ->
        cancel(task)

        # The one message comes in any case, at once as a rule, and it may be the answer.
        receive do
          {^ref, {:error, %Error{code: :cancelled}}} -> {:error, late(timeout)}
          {^ref, result} -> result
        after
          @cancelled_within -> {:error, late(timeout)}
        end
    end
  end

  # A call of a `Kinde.Native` that was unloaded since is unknown to the one that is loaded; its message comes all the same.
  defp cancel(task) do
    Native.task_cancel(task)
  rescue
    ArgumentError -> :ok
  end

  defp late(timeout), do: %Error{code: :timeout, message: "there was no answer within #{timeout} ms"}

  # The events of `:telemetry.span/3`, without depending on it.
  defp span(event, metadata, function) do
    started = System.monotonic_time()
    execute(event ++ [:start], %{monotonic_time: started, system_time: System.system_time()}, metadata)

    try do
      function.()
    catch
      kind, reason ->
        failure = %{kind: kind, reason: reason, stacktrace: __STACKTRACE__}
        execute(event ++ [:exception], since(started), Map.merge(metadata, failure))
        :erlang.raise(kind, reason, __STACKTRACE__)
    else
      result ->
        execute(event ++ [:stop], since(started), Map.put(metadata, :error, error(result)))
        result
    end
  end

  defp since(started) do
    now = System.monotonic_time()
    %{monotonic_time: now, duration: now - started}
  end

  defp error({:error, error}), do: error
  defp error(_result), do: nil

  # The module is there only in applications that use it.
  defp execute(event, measurements, metadata) do
    apply(:telemetry, :execute, [event, measurements, metadata])
  end
end
