defmodule Kinde.Client.Options do
  @moduledoc false

  # Supervisors show how they start a child in their reports. This shows no secret there.
  @enforce_keys [:name, :all]
  @derive {Inspect, only: [:name]}
  defstruct [:name, :all]

  @type t :: %__MODULE__{name: term(), all: keyword()}
end
