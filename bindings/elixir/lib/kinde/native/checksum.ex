defmodule Kinde.Native.Checksum do
  @moduledoc false

  # Prebuilt libraries are taken only with the checksum that they should have. The compiler of the package uses this module
  # before the package is compiled, so it uses no other.

  @doc """
  Verifies a file by the checksum that is given, or else by the one in `<file>.sha256`.

  What is wrong is said with how to mend it.
  """
  @spec verify(Path.t(), String.t() | nil) :: :ok | {:error, String.t()}
  def verify(file, given) do
    with {:ok, wanted} <- wanted(file, given), {:ok, content} <- content(file) do
      case :sha256 |> :crypto.hash(content) |> Base.encode16(case: :lower) do
        ^wanted ->
          :ok

        found ->
          {:error,
           "#{file} does not have the SHA-256 checksum that it should: it is #{found}, and should be #{wanted}. " <>
             "Get the file again, with its checksum, from the same release."}
      end
    end
  end

  @doc "Where the checksum of a file is."
  @spec file(Path.t()) :: Path.t()
  def file(file), do: file <> ".sha256"

  defp content(file) do
    with {:error, reason} <- File.read(file) do
      {:error, "#{file} cannot be read: #{:file.format_error(reason)}."}
    end
  end

  defp wanted(_file, given) when given not in [nil, ""], do: checksum(given, "KINDE_NIF_SHA256")

  defp wanted(file, _given) do
    case File.read(file(file)) do
      {:ok, text} ->
        checksum(text, file(file))

      {:error, _reason} ->
        {:error,
         "There is no checksum to verify #{file} by. Set KINDE_NIF_SHA256, or put it beside the file: " <>
           "sha256sum #{file} > #{file(file)}"}
    end
  end

  # As sha256sum writes it: the checksum, and perhaps the name of the file.
  defp checksum(text, place) do
    case Regex.run(~r/\A\s*([0-9a-fA-F]{64})(?:\s|\z)/, text) do
      [_all, checksum] -> {:ok, String.downcase(checksum)}
      nil -> {:error, "#{place} does not begin with a SHA-256 checksum of 64 hexadecimal digits."}
    end
  end
end
