defmodule Kinde.PackageTest do
  # What is published, in a directory that knows nothing of this repository.
  use ExUnit.Case, async: true

  @moduletag :tmp_dir
  @moduletag timeout: 600_000

  @here Path.expand("..", __DIR__)

  setup %{tmp_dir: directory} do
    package = Path.join(directory, "package")
    {_output, 0} = run("elixir", ["package.exs", package], @here)
    %{package: package}
  end

  defp run(program, arguments, directory, environment \\ []) do
    program = System.find_executable(program) || Path.expand("~/.cargo/bin/#{program}")
    System.cmd(program, arguments, cd: directory, env: environment, stderr_to_stdout: true)
  end

  test "has all that mix.exs names, and what cargo needs, and no more", %{package: package} do
    files = Mix.Project.config()[:package][:files]
    assert Enum.sort(files) == package |> File.ls!() |> Enum.sort()

    inside =
      for path <- Path.wildcard(Path.join(package, "**"), match_dot: true),
          do: Path.relative_to(path, package)

    assert Enum.filter(inside, &(&1 =~ ~r{(^|/)(test|target|_build|priv|emulator|bench)(/|$)|\.(so|beam)$})) ==
             []

    arguments = ~w(metadata --offline --locked --no-deps --format-version 1)
    assert {metadata, 0} = run("cargo", arguments, Path.join(package, "native"))
    assert metadata =~ ~s("workspace_root":"#{package}/native")
    # A path out of the package would be found here, and nowhere else.
    refute File.read!(Path.join(package, "native/Cargo.toml")) =~ ".."
    lock = File.read!(Path.join(package, "native/Cargo.lock"))

    for {crate, there?} <- [rustler: true, kinde: true, criterion: false, "kinde-emulator": false],
        do: assert(lock =~ ~s(name = "#{crate}"\n) == there?, "#{crate}")
  end

  test "is checked by cargo, and compiles with its library", %{package: package} do
    {metadata, 0} =
      run("cargo", ~w(metadata --offline --locked --no-deps --format-version 1), @here <> "/native")

    [_all, target] = Regex.run(~r/"target_directory":"([^"]+)"/, metadata)
    # What others have compiled is not compiled again.
    environment = [{"CARGO_TARGET_DIR", target}]
    assert {output, 0} = run("cargo", ~w(check --offline --locked), Path.join(package, "native"), environment)
    refute output =~ "warning: unused"

    library = System.get_env("KINDE_NIF_PATH") || Path.join(:code.priv_dir(:kinde_sdk), "native/kinde_nif.so")
    checksum = :sha256 |> :crypto.hash(File.read!(library)) |> Base.encode16(case: :lower)

    environment = [{"MIX_ENV", "prod"}, {"KINDE_NIF_PATH", library}, {"KINDE_NIF_SHA256", checksum}]
    assert {output, 0} = run("mix", ["compile", "--warnings-as-errors"], package, environment)
    assert output =~ "Generated kinde_sdk app"
    question = ["run", "-e", "IO.puts(Kinde.Native.version())"]
    assert {output, 0} = run("mix", question, package, environment)
    assert output =~ Kinde.Native.version()
  end
end
