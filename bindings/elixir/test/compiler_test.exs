defmodule Kinde.CompilerTest do
  # The compiler of the package, in a project that has nothing else, with and without Rust.
  use ExUnit.Case, async: true

  @moduletag :tmp_dir

  @package Path.expand("..", __DIR__)

  setup %{tmp_dir: directory} do
    for file <- ["mix/compile_kinde_nif.exs", "lib/kinde/native/checksum.ex"] do
      File.mkdir_p!(Path.join(directory, Path.dirname(file)))
      File.cp!(Path.join(@package, file), Path.join(directory, file))
    end

    File.write!(Path.join(directory, "mix.exs"), """
    Code.require_file("mix/compile_kinde_nif.exs", __DIR__)

    defmodule Some.MixProject do
      use Mix.Project
      def project, do: [app: :some, version: "1.0.0", compilers: [:kinde_nif] ++ Mix.compilers()]
      def application, do: [extra_applications: [:crypto]]
    end
    """)

    library = Path.join(directory, "prebuilt.so")
    File.write!(library, "a library")
    checksum = :sha256 |> :crypto.hash("a library") |> Base.encode16(case: :lower)
    %{library: library, checksum: checksum, target: Path.join(directory, "priv/native/kinde_nif.so")}
  end

  # Without Rust, unless a directory with a `cargo` is given.
  defp mix(directory, task \\ "compile", environment) do
    mix = System.find_executable("mix")
    programs = Path.join(directory, "bin")
    File.mkdir_p!(programs)

    for program <- ~w(mix elixir erl sh env dirname basename readlink sed uname expr cat rm cp mkdir pwd),
        path = System.find_executable(program),
        do: File.ln_s(path, Path.join(programs, program))

    mine = [
      {"PATH", programs},
      {"HOME", directory},
      {"MIX_ENV", "dev"},
      {"KINDE_NIF_PATH", nil},
      {"KINDE_NIF_SHA256", nil}
    ]

    System.cmd(mix, [task, "--warnings-as-errors"],
      cd: directory,
      stderr_to_stdout: true,
      env: mine ++ environment
    )
  end

  test "says what is missing when there is neither Rust nor a prebuilt library", %{tmp_dir: directory} do
    assert {output, 1} = mix(directory, [])
    assert output =~ "there is no source in"
    assert output =~ "set KINDE_NIF_PATH and KINDE_NIF_SHA256"
    File.mkdir_p!(Path.join(directory, "native"))
    File.write!(Path.join(directory, "native/Cargo.toml"), "")
    assert {output, 1} = mix(directory, [])
    assert output =~ "Rust is not installed"
  end

  test "takes a prebuilt library with its checksum, and compiles what verifies it", context do
    %{tmp_dir: directory, library: library, target: target} = context
    given = [{"KINDE_NIF_PATH", library}, {"KINDE_NIF_SHA256", String.upcase(context.checksum)}]
    assert {output, 0} = mix(directory, given)
    refute output =~ "warning"
    assert File.read!(target) == "a library"
    assert File.read!(Path.join(directory, "_build/dev/lib/some/priv/native/kinde_nif.so")) == "a library"
    assert Path.wildcard(Path.join(directory, "priv/native/*")) == [target]

    before = File.stat!(target)
    assert {_output, 0} = mix(directory, given)
    assert File.stat!(target) == before

    # A new one takes the name of the old one, which may be loaded.
    File.write!(library, "a new library")

    File.write!(
      library <> ".sha256",
      Base.encode16(:crypto.hash(:sha256, "a new library")) <> "  prebuilt.so\n"
    )

    assert {_output, 0} = mix(directory, [{"KINDE_NIF_PATH", library}])
    assert File.read!(target) == "a new library"
    assert File.stat!(target).inode != before.inode

    assert {_output, 0} = System.cmd("mix", ["clean"], cd: directory, env: [{"MIX_ENV", "dev"}])
    refute File.exists?(target)
  end

  test "refuses a library without a checksum, with another one, and one that is not there", context do
    %{tmp_dir: directory, library: library, target: target} = context
    assert {output, 1} = mix(directory, [{"KINDE_NIF_PATH", library}])
    assert output =~ "sha256sum #{library} > #{library}.sha256"

    assert {output, 1} =
             mix(directory, [{"KINDE_NIF_PATH", library}, {"KINDE_NIF_SHA256", String.duplicate("0", 64)}])

    assert output =~ "it is #{context.checksum}, and should be 0000"

    assert {output, 1} = mix(directory, [{"KINDE_NIF_PATH", library}, {"KINDE_NIF_SHA256", "0123"}])
    assert output =~ "KINDE_NIF_SHA256 does not begin with a SHA-256 checksum"

    missing = [{"KINDE_NIF_PATH", library <> "x"}, {"KINDE_NIF_SHA256", context.checksum}]
    assert {output, 1} = mix(directory, missing)
    assert output =~ "#{library}x cannot be read"
    refute File.exists?(target)
  end

  test "takes the library that came with the package, and keeps it", context do
    %{tmp_dir: directory, target: target} = context
    File.mkdir_p!(Path.dirname(target))
    File.cp!(context.library, target)
    File.write!(target <> ".sha256", context.checksum)
    assert {_output, 0} = mix(directory, [])
    assert {_output, 0} = System.cmd("mix", ["clean"], cd: directory, env: [{"MIX_ENV", "dev"}])
    assert File.exists?(target)

    File.write!(target, "another library")
    assert {output, 1} = mix(directory, [])
    assert output =~ "does not have the SHA-256 checksum that it should"
  end
end
