defmodule Kinde.Api.Response do
  @moduledoc "An answer of an API with what came beside its data, from `Kinde.Api.response/3`."

  # Headers are many.
  @derive {Inspect, except: [:headers]}
  @enforce_keys [:status]
  defstruct [:status, :data, headers: %{}]

  @type t :: %__MODULE__{
          status: pos_integer(),
          headers: %{String.t() => String.t()},
          data: term()
        }
end
