defmodule KindeSDK.Supervisor do
  @moduledoc false

  # What `KindeClientSDK` needs to run: the owner of what is known of browsers, and the processes that answer for one of
  # them, each started when it is asked for.

  use Supervisor

  @spec start_link(term()) :: Supervisor.on_start()
  def start_link(_options), do: Supervisor.start_link(__MODULE__, [], name: __MODULE__)

  @impl Supervisor
  def init(_options) do
    # The supervisor owns the tables itself, because it runs no code that could fail.
    KindeSDK.KindeCache.Entries.create()
    KindeSDK.CoreClient.create()

    # Names of browsers have atoms of these modules, and a session of Plug is read before they are called.
    Enum.each([KindeClientSDK, KindeSDK.SDK.Utils], &Code.ensure_loaded!/1)

    children = [
      KindeSDK.KindeCache.Entries,
      {Registry, keys: :unique, name: KindeSDK.KindeCache.Registry},
      {DynamicSupervisor, name: KindeSDK.KindeCache.Processes, max_children: 50_000}
    ]

    Supervisor.init(children, strategy: :one_for_one)
  end
end
