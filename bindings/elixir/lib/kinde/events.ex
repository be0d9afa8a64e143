defmodule Kinde.Events do
  @moduledoc false

  # Passes what the native library asks of Kinde on to `:telemetry`, if that is there.

  use GenServer

  @spec start_link(term()) :: GenServer.on_start()
  def start_link(_options), do: GenServer.start_link(__MODULE__, nil, name: __MODULE__)

  @impl GenServer
  def init(nil) do
    :ok = Kinde.Native.events_to(self())
    {:ok, nil}
  end

  @impl GenServer
  def handle_info({:kinde_event, name, nanoseconds, metadata}, state) do
    # Nobody has attached a handler as long as it is not loaded.
    if function_exported?(:telemetry, :execute, 3) do
      measurements = %{
        duration: System.convert_time_unit(nanoseconds, :nanosecond, :native),
        monotonic_time: System.monotonic_time()
      }

      # The module is there only in applications that use it.
      apply(:telemetry, :execute, [[:kinde, name], measurements, metadata])
    end

    {:noreply, state}
  end

  def handle_info(_message, state), do: {:noreply, state}
end
