# Phoenix LiveView cannot be fetched where these tests run: the parts that the library uses, as it documents them.
unless Code.ensure_loaded?(Phoenix.LiveView) do
  defmodule Phoenix.LiveView.Socket do
    defstruct assigns: %{__changed__: %{}}, redirected: nil
  end

  defmodule Phoenix.Component do
    def assign(%Phoenix.LiveView.Socket{} = socket, assigns),
      do: %{socket | assigns: Enum.into(assigns, socket.assigns)}
  end

  defmodule Phoenix.LiveView do
    def redirect(%Phoenix.LiveView.Socket{} = socket, to: "/" <> _path = to),
      do: %{socket | redirected: {:redirect, %{to: to}}}
  end
end
