defmodule Web.Events do
  @moduledoc "What Kinde told this node. An application would change its own users and organizations."

  use Agent

  def start_link(_options), do: Agent.start_link(fn -> [] end, name: __MODULE__)

  def handle(%Kinde.Webhook{} = event), do: Agent.update(__MODULE__, &[event | &1])

  def all, do: __MODULE__ |> Agent.get(& &1) |> Enum.reverse()
end
