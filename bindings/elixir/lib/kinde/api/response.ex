defmodule Kinde.Api.Response do
  @moduledoc "An answer of an API with what came beside its data, from `Kinde.Api.response/3`. `inspect/1` shows its status alone."

  # Headers are many; the data may be personal, or hold the secret of an application that was made.
  @derive {Inspect, only: [:status]}
  @enforce_keys [:status]
  defstruct [:status, :data, headers: %{}]

  @type t :: %__MODULE__{
          status: pos_integer(),
          headers: %{String.t() => String.t()},
          data: term()
        }
end
