defmodule Kinde.Application do
  @moduledoc false

  use Application

  @impl Application
  def start(_type, _arguments) do
    Supervisor.start_link([Kinde.Log, KindeSDK.Supervisor], strategy: :one_for_one, name: Kinde.Supervisor)
  end
end
