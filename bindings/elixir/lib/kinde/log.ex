defmodule Kinde.Log do
  @moduledoc false

  # Passes what the native library has to say on to Logger. `config :kinde_sdk, log_level: :debug` asks for more than `:info`.

  use GenServer

  require Logger

  @levels %{none: 0, error: 1, warning: 2, info: 3, debug: 4}
  @names Map.new(@levels, fn {name, level} -> {level, name} end)

  @spec start_link(term()) :: GenServer.on_start()
  def start_link(_options), do: GenServer.start_link(__MODULE__, nil, name: __MODULE__)

  @impl GenServer
  def init(nil) do
    level = Application.get_env(:kinde_sdk, :log_level, :info)

    case @levels do
      %{^level => number} ->
        :ok = Kinde.Native.log_to(self(), number)
        {:ok, nil}

      _others ->
        {:stop, "config :kinde_sdk, log_level: #{inspect(level)} is none of #{inspect(Map.keys(@levels))}"}
    end
  end

  @impl GenServer
  def handle_info({:kinde_log, level, module, text}, state) do
    Logger.log(Map.fetch!(@names, level), text, domain: [:kinde], kinde_module: module)
    {:noreply, state}
  end

  def handle_info(_message, state), do: {:noreply, state}
end
