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
    unless File.exists?(checksum_file(target())), do: File.rm(target())
    :ok
  end

  defp install do
    given = System.get_env("KINDE_NIF_PATH", "")

    cond do
      given != "" -> with :ok <- verify(given, System.get_env("KINDE_NIF_SHA256")), do: put(given)
      File.exists?(checksum_file(target())) -> with :ok <- verify(target(), nil), do: :unchanged
      true -> with {:ok, built} <- build(), do: put(built)
    end
  end

  defp target, do: Path.expand("../priv/native/kinde_nif.so", __DIR__)

  defp checksum_file(file), do: file <> ".sha256"

  defp put(file) do
    # A name of its own, because two builds may put the file at once.
    new = "#{target()}.#{System.pid()}"

    cond do
      same?(file, target()) ->
        :unchanged

      true ->
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

  # What the file has to have, and has.
  defp verify(file, given) do
    with {:ok, wanted} <- wanted(file, given), {:ok, content} <- content(file) do
      found = :sha256 |> :crypto.hash(content) |> Base.encode16(case: :lower)

      if found == wanted do
        :ok
      else
        {:error,
         "#{file} does not have the SHA-256 checksum that it should: it is #{found}, and should be #{wanted}. " <>
           "Get the file again, with its checksum, from the same release."}
      end
    end
  end

  defp content(file) do
    with {:error, reason} <- File.read(file) do
      {:error, "#{file} cannot be read: #{:file.format_error(reason)}. #{named_by(file)}"}
    end
  end

  defp named_by(file) do
    if file == target(),
      do: "Get the package again, or delete #{checksum_file(file)} so that cargo builds it.",
      else: "KINDE_NIF_PATH has to name the native library; unset it to have cargo build one."
  end

  defp wanted(_file, given) when given not in [nil, ""], do: checksum(given, "KINDE_NIF_SHA256")

  defp wanted(file, _given) do
    case File.read(checksum_file(file)) do
      {:ok, text} ->
        checksum(text, checksum_file(file))

      {:error, _reason} ->
        {:error,
         "There is no checksum to verify #{file} by. Set KINDE_NIF_SHA256, or put it beside the file: " <>
           "sha256sum #{file} > #{checksum_file(file)}"}
    end
  end

  # As sha256sum writes it: the checksum, and perhaps the name of the file.
  defp checksum(text, place) do
    case Regex.run(~r/\A\s*([0-9a-fA-F]{64})(\s|\z)/, text) do
      [_all, checksum | _rest] -> {:ok, String.downcase(checksum)}
      nil -> {:error, "#{place} does not begin with a SHA-256 checksum of 64 hexadecimal digits."}
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
