defmodule Mix.Tasks.Compile.KindeNif do
  @shortdoc "Puts the native library of kinde_sdk into priv/native"

  @moduledoc """
  Puts the native library into `priv/native/kinde_nif.so`. It is, the first that applies:

  1. the file that `KINDE_NIF_PATH` names, if its SHA-256 checksum is `KINDE_NIF_SHA256`, or what `<file>.sha256` says;
  2. `priv/native/kinde_nif.so` itself, where `priv/native/kinde_nif.so.sha256` is beside it and says its checksum, as in
     packages for one platform;
  3. what cargo builds of `native/`, in the profile `KINDE_NIF_PROFILE` (`release`, or `debug`).

  Cargo decides what has to be built again. A file that is the same is not written again, and one that is loaded is never
  written into: the new one takes its name.
  """

  use Mix.Task.Compiler

  @compile {:no_warn_undefined, Kinde.Native.Checksum}

  @checksum Kinde.Native.Checksum

  @impl true
  def run(_arguments) do
    case install() do
      :unchanged ->
        {:noop, []}

      :installed ->
        # Links `priv` into the build, which it cannot before there is one.
        Mix.Project.build_structure()
        {:ok, []}

      {:error, message} ->
        Mix.shell().error(message)
        {:error, [diagnostic(message)]}
    end
  end

  @impl true
  def clean do
    # What came with the package could not be made again.
    unless packed?(), do: File.rm(target())
    :ok
  end

  defp install do
    given = System.get_env("KINDE_NIF_PATH", "")

    cond do
      given != "" -> with :ok <- verify(given, System.get_env("KINDE_NIF_SHA256")), do: put(given)
      packed?() -> with :ok <- verify(target(), nil), do: :unchanged
      true -> with {:ok, built} <- build(), do: put(built)
    end
  end

  # What comes with a package for one platform has its checksum beside it; what is built here has not.
  defp packed?, do: File.exists?(target() <> ".sha256")

  defp target, do: Path.expand("../priv/native/kinde_nif.so", __DIR__)

  defp put(file) do
    if same?(file, target()) do
      :unchanged
    else
      # A name of its own, because two builds may put the file at once.
      new = "#{target()}.#{System.pid()}"
      File.mkdir_p!(Path.dirname(target()))
      File.cp!(file, new)
      File.rename!(new, target())
      :installed
    end
  end

  defp same?(one, other) do
    File.exists?(other) and File.stat!(one).size == File.stat!(other).size and
      File.read!(one) == File.read!(other)
  end

  # The package has this itself, and it is compiled afterwards: unless it is loaded it must leave no trace.
  defp verify(file, given) do
    loaded? = Code.ensure_loaded?(@checksum)
    unless loaded?, do: Code.compile_file("../lib/kinde/native/checksum.ex", __DIR__)

    try do
      @checksum.verify(file, given)
    after
      unless loaded? do
        :code.purge(@checksum)
        :code.delete(@checksum)
      end
    end
  end

  defp build do
    native = Path.expand("../native", __DIR__)

    with {:ok, cargo} <- cargo(native) do
      arguments = ["build", "--package", "kinde_nif", "--lib", "--profile", profile()]

      # Cargo's progress goes to the terminal, its messages tell where the library is.
      case System.cmd(cargo, arguments ++ ["--message-format", "json-render-diagnostics"], cd: native) do
        {messages, 0} ->
          library(messages)

        {_messages, status} ->
          {:error, "cargo could not build #{native} (status #{status}); its errors are above."}
      end
    end
  end

  defp profile do
    case System.get_env("KINDE_NIF_PROFILE", "") do
      "" -> "release"
      "debug" -> "dev"
      profile -> profile
    end
  end

  defp cargo(native) do
    # Where rustup puts it, for shells that have not been told.
    rustup = Path.expand("~/.cargo/bin/cargo")

    cond do
      not File.exists?(Path.join(native, "Cargo.toml")) ->
        {:error, nothing("there is no source in #{native}")}

      found = System.find_executable("cargo") ->
        {:ok, found}

      File.exists?(rustup) ->
        {:ok, rustup}

      true ->
        {:error, nothing("Rust is not installed (https://rustup.rs)")}
    end
  end

  defp nothing(reason) do
    "The native library of kinde_sdk cannot be built, because #{reason}, and there is no prebuilt one: neither does " <>
      "KINDE_NIF_PATH name one, nor is there #{target()} with its checksum beside it. " <>
      "Install Rust, or get a prebuilt library and set KINDE_NIF_PATH and KINDE_NIF_SHA256."
  end

  defp library(messages) do
    case Regex.scan(~r/"filenames":\["([^"]*kinde_nif\.(?:so|dylib))"/, messages, capture: :all_but_first) do
      [] -> {:error, "cargo has built kinde_nif, but no shared library of it."}
      found -> {:ok, found |> List.last() |> hd()}
    end
  end

  defp diagnostic(message) do
    %Mix.Task.Compiler.Diagnostic{
      compiler_name: "kinde_nif",
      file: __ENV__.file,
      message: message,
      position: nil,
      severity: :error
    }
  end
end
