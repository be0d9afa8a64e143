defmodule Web.Emulator do
  @moduledoc "Kinde on localhost, for as long as this node lives."

  @doc "Starts it and gives its address."
  @spec start() :: {:ok, String.t()} | :error
  def start do
    case Enum.find(programs(), &File.regular?/1) do
      nil -> :error
      program -> start(program)
    end
  end

  defp start(program) do
    parent = self()

    # It ends when its standard input closes, which the VM does.
    spawn(fn ->
      arguments = ["--port", "0", "--exit-with-stdin"]
      port = Port.open({:spawn_executable, program}, [:binary, line: 65_536, args: arguments])
      read(port, parent)
    end)

    receive do
      {:emulator, line} ->
        [_all, url] = Regex.run(~r/"url":"([^"]+)"/, line)
        {:ok, url}
    after
      60_000 -> :error
    end
  end

  defp read(port, parent) do
    receive do
      {^port, {:data, {_end, line}}} ->
        send(parent, {:emulator, line})
        read(port, parent)
    end
  end

  defp programs do
    case System.get_env("KINDE_EMULATOR") do
      nil ->
        source = Path.expand("../../../../../..", __DIR__)
        built = for kind <- ["release", "debug"], do: Path.join([source, "target", kind, "kinde-emulator"])
        built ++ List.wrap(System.find_executable("kinde-emulator"))

      program ->
        [program]
    end
  end
end
