defmodule Kinde.Application do
  @moduledoc false

  use Application

  @impl Application
  def start(_type, _arguments) do
    children = [
      Kinde.Log,
      Kinde.Events,
      {Registry, keys: :unique, name: Kinde.Client.Registry},
      KindeSDK.Supervisor
    ]

    Supervisor.start_link(children, strategy: :one_for_one, name: Kinde.Supervisor)
  end
end
