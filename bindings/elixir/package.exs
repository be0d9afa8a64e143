# Lays out what the package consists of in a directory of its own, because the library and the licences are outside of this one:
#
#     elixir package.exs DIRECTORY
#
# `mix hex.build` and `mix hex.publish` are run there.

defmodule Kinde.Package do
  @here __DIR__
  @root Path.expand("../..", __DIR__)

  # What `package: [files: …]` in mix.exs names, and no more.
  @parts ~w(lib mix docs mix.exs .formatter.exs README.md CHANGELOG.md)
  @native ~w(src build.rs)

  def lay_out(directory) do
    File.mkdir_p!(directory)
    File.ls!(directory) == [] || raise "#{directory} is not empty"
    for part <- @parts, do: File.cp_r!(Path.join(@here, part), Path.join(directory, part))
    for licence <- Path.wildcard(Path.join(@root, "LICENSE-*")), do: copy(licence, directory)

    native = Path.join(directory, "native")
    File.mkdir_p!(Path.join(native, ".cargo"))
    for part <- @native, do: File.cp_r!(Path.join([@here, "native", part]), Path.join(native, part))
    copy(Path.join(@root, ".cargo/config.toml"), Path.join(native, ".cargo"))
    File.write!(Path.join(native, "Cargo.toml"), manifest())
    unpack_library(Path.join(native, "kinde"))
    lock(native)
  end

  defp copy(file, directory), do: File.cp!(file, Path.join(directory, Path.basename(file)))

  # The crate as cargo packs it: without the other members of the workspace.
  defp unpack_library(directory) do
    built = Path.join(System.tmp_dir!(), "kinde_package.#{System.pid()}")
    arguments = ~w(package --package kinde --no-verify --allow-dirty --locked --quiet)
    cargo(arguments, @root, [{"CARGO_TARGET_DIR", built}])
    [crate] = Path.wildcard(Path.join(built, "package/*.crate"))
    File.mkdir_p!(directory)

    # A crate's files are all of one old day; with that of today cargo sees that they are others than those it has compiled.
    {_output, 0} = System.cmd("tar", ["-xzmf", crate, "-C", directory, "--strip-components=1"])
    File.rm_rf!(built)

    for rest <- ~w(bindings Cargo.toml.orig Cargo.lock .cargo_vcs_info.json),
        do: File.rm_rf!(Path.join(directory, rest))
  end

  # The same versions as in the repository; cargo leaves out those that are not needed.
  defp lock(native) do
    copy(Path.join(@root, "Cargo.lock"), native)
    cargo(~w(metadata --offline --quiet --format-version 1), native, [])
  end

  # A workspace of its own, which says itself what it has from the repository's.
  defp manifest do
    workspace = File.read!(Path.join(@root, "Cargo.toml"))
    values = Map.merge(values(workspace, "workspace.package"), values(workspace, "workspace.dependencies"))

    [crate, _development] =
      @here |> Path.join("native/Cargo.toml") |> File.read!() |> String.split("[dev-dependencies]")

    own =
      ~r/^([\w-]+)\.workspace = true$/m
      |> Regex.replace(crate, fn _line, name -> "#{name} = #{Map.fetch!(values, name)}" end)
      |> String.replace(~s(path = "../../.."), ~s(path = "kinde"))

    lints =
      for section <- sections(workspace, "workspace.lints."), do: String.replace(section, "[workspace.", "[")

    Enum.join(
      [String.trim(own), "[workspace]\nexclude = [\"kinde\"]" | lints ++ sections(workspace, "profile.")],
      "\n\n"
    ) <> "\n"
  end

  defp values(toml, name) do
    [section] = sections(toml, name <> "]")
    for [_line, key, value] <- Regex.scan(~r/^([\w-]+) = (.+)$/m, section), into: %{}, do: {key, value}
  end

  # The sections whose names begin like this, without comments.
  defp sections(toml, name) do
    ~r/^#.*\n/m
    |> Regex.replace(toml, "")
    |> String.split(~r/^(?=\[)/m)
    |> Enum.filter(&String.starts_with?(&1, "[" <> name))
    |> Enum.map(&String.trim/1)
  end

  defp cargo(arguments, directory, environment) do
    program = System.find_executable("cargo") || Path.expand("~/.cargo/bin/cargo")
    {_output, 0} = System.cmd(program, arguments, cd: directory, env: environment)
  end
end

case System.argv() do
  [directory] -> directory |> Path.expand() |> Kinde.Package.lay_out()
  _others -> raise "usage: elixir package.exs DIRECTORY"
end
