defmodule Kinde.Bench.Bare do
  @moduledoc "Functions of a few lines of C."

  @spec load(Path.t()) :: :ok
  def load(directory) do
    library = Path.join(directory, "bare")
    headers = Path.join(:code.root_dir(), "usr/include")

    {_output, 0} =
      System.cmd("cc", ~w(-O2 -shared -fPIC -I #{headers} -o #{library}.so #{__DIR__}/bare.c -ldl))

    :erlang.load_nif(to_charlist(library), 0)
  end

  def boolean(_text), do: :erlang.nif_error(:not_loaded)
  def ok_text(_text), do: :erlang.nif_error(:not_loaded)
  def open_library(_path, _settings), do: :erlang.nif_error(:not_loaded)
  def verification(_tokens, _times), do: :erlang.nif_error(:not_loaded)
end

defmodule Kinde.Bench.Rustler do
  @moduledoc "The same two functions by way of rustler, which all functions of the library go."

  @spec load() :: :ok
  def load do
    built = System.get_env("KINDE_EXAMPLES") || Path.expand("../../../target/release/examples", __DIR__)
    :erlang.load_nif(to_charlist(Path.join(built, "libbare")), 0)
  end

  def boolean(_text), do: :erlang.nif_error(:not_loaded)
  def ok_text(_text), do: :erlang.nif_error(:not_loaded)
end

defmodule Kinde.Bench.Turns do
  @moduledoc "Runs what is to be compared in turns, so that nothing else on the machine hits one of them alone."

  # Many and short: a round that is longer than the turn of another program on the processor would contain one.
  @rounds 301

  @doc "Defines `name(times, argument…)`, which does something so many times."
  defmacro repeated({name, _, arguments}, do: body) do
    quote do
      def unquote(name)(0, unquote_splicing(Enum.map(arguments, &ignored/1))), do: :ok

      def unquote(name)(times, unquote_splicing(arguments)) do
        unquote(body)
        unquote(name)(times - 1, unquote_splicing(arguments))
      end
    end
  end

  defp ignored({_name, _, context}), do: Macro.var(:_, context)

  @doc "Nanoseconds of one call, the median of all rounds but the first, of functions that repeat a call."
  @spec measure(pos_integer(), keyword((pos_integer() -> term()))) :: %{atom() => float()}
  def measure(times, calls) do
    rounds =
      for _round <- 0..@rounds, do: Map.new(calls, fn {name, call} -> {name, took(call, times) / times} end)

    Map.new(calls, fn {name, _call} -> {name, median(for round <- tl(rounds), do: round[name])} end)
  end

  @doc "How many nanoseconds it takes to do something so many times."
  def took(call, times) do
    begin = System.monotonic_time(:nanosecond)
    call.(times)
    System.monotonic_time(:nanosecond) - begin
  end

  def rounds, do: @rounds

  @spec median([number()]) :: number()
  def median(values), do: values |> Enum.sort() |> Enum.at(div(length(values), 2))
end

defmodule Kinde.Bench.Report do
  @moduledoc "The table."

  def head do
    versions = "Elixir #{System.version()}, OTP #{System.otp_release()}, libkinde #{Kinde.Native.version()}"
    IO.puts("#{versions}\n\n| what | median | beside | ratio | limit |\n| --- | --- | --- | --- | --- |")
  end

  def row(what, found, others \\ []) do
    ratio = others[:ratio] && :erlang.float_to_binary(others[:ratio] / 1, decimals: 2)
    IO.puts("| #{what} | #{found} | #{others[:beside]} | #{ratio} | #{others[:limit]} |")
  end

  @doc "A time beside another one, which it may exceed so many times at most."
  def compared(what, nanoseconds, bare, limit) do
    row(what, time(nanoseconds), beside: time(bare), ratio: nanoseconds / bare, limit: "#{limit} ×")
  end

  def time(nanoseconds) when nanoseconds < 1_000, do: "#{round(nanoseconds)} ns"
  def time(nanoseconds), do: "#{decimals(nanoseconds / 1_000)} µs"

  def kilobytes(bytes), do: "#{decimals(bytes / 1_000)} KB"

  def milliseconds(microseconds), do: "#{decimals(microseconds / 1_000)} ms"

  defp decimals(number), do: :erlang.float_to_binary(number / 1, decimals: 1)
end
