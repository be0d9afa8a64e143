# The package `telemetry` cannot be fetched where these tests run. As in applications that use it, it is loaded when the first
# handler is attached.
unless Code.ensure_loaded?(:telemetry) do
  defmodule :telemetry do
    @moduledoc "A stand-in with the two functions that the tests and the library use."

    @spec attach(term(), [atom()], function(), term()) :: :ok
    def attach(id, event, handler, config) do
      :persistent_term.put({__MODULE__, event}, {id, handler, config})
    end

    @spec execute([atom()], map(), map()) :: :ok
    def execute(event, measurements, metadata) do
      case :persistent_term.get({__MODULE__, event}, nil) do
        {_id, handler, config} -> handler.(event, measurements, metadata, config)
        nil -> :ok
      end

      :ok
    end
  end
end
