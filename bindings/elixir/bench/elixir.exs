# Measures the Elixir package beside bare costs in the same VM, and prints a table. `make bench` runs it.

Code.require_file("measuring.exs", __DIR__)

defmodule Kinde.Bench.Calls do
  @moduledoc "The calls that are measured."

  import Kinde.Bench.Turns, only: [repeated: 2]

  alias Kinde.Bench.{Bare, Rustler}
  alias Kinde.Session

  repeated(bare_boolean(), do: Bare.boolean("read:todos"))
  repeated(rustler_boolean(), do: Rustler.boolean("read:todos"))
  repeated(permission(session), do: Session.permission?(session, "read:todos"))
  repeated(flag(session), do: Session.boolean_flag(session, "dark"))
  repeated(bare_claim(text), do: Bare.ok_text(text))
  repeated(rustler_claim(text), do: Rustler.ok_text(text))
  repeated(claim(session), do: Session.claim(session, "sub"))
  repeated(login_url(session), do: Session.login_url(session))
end

defmodule Kinde.Bench do
  @moduledoc false

  alias Kinde.{Client, Session, Support.Emulator, Support.JSON, Token}
  alias Kinde.Bench.{Bare, Calls, Report, Rustler, Turns}

  @library System.get_env("KINDE_LIBRARY") || Path.expand("../../../build/release/libkinde.so", __DIR__)

  def run do
    directory = Path.join(System.tmp_dir!(), "kinde_bench.#{System.pid()}")
    File.mkdir_p!(directory)
    :ok = Bare.load(directory)
    File.rm_rf!(directory)
    :ok = Rustler.load()
    {:ok, pid} = Emulator.start_link([])
    emulator = %Emulator{url: GenServer.call(pid, :url, 60_000)}
    Logger.configure(level: :warning)
    Report.head()
    questions(emulator)
    verification(emulator)
    sessions(emulator)
    waiting(emulator)
  end

  defp questions(emulator) do
    claims = %{permissions: ["read:todos"], feature_flags: %{dark: %{t: "b", v: true}}}
    client = Emulator.client(emulator)
    session = Session.from_tokens!(client, access_token: Emulator.mint(emulator, %{claims: claims}))
    user = Session.claim!(session, "sub")

    found =
      Turns.measure(5_000,
        bare: &Calls.bare_boolean/1,
        rustler: &Calls.rustler_boolean/1,
        permission: &Calls.permission(&1, session),
        flag: &Calls.flag(&1, session),
        bare_claim: &Calls.bare_claim(&1, user),
        rustler_claim: &Calls.rustler_claim(&1, user),
        claim: &Calls.claim(&1, session)
      )

    empty = "beside an empty NIF that takes a binary"
    same = "beside a NIF that builds the same term"

    for {what, took, bases, limit} <- [
          {"`Session.permission?`, #{empty}", found.permission, [:rustler, :bare], 5},
          {"`Session.boolean_flag`, #{empty}", found.flag, [:rustler, :bare], 5},
          {"`Session.claim` of a text, #{same}", found.claim, [:rustler_claim, :bare_claim], 3}
        ],
        {made_with, base} <- Enum.zip(["rustler", "C"], bases) do
      Report.compared("#{what}, made with #{made_with}", took, found[base], limit)
    end

    url = Turns.measure(100, url: &Calls.login_url(&1, Session.new!(client))).url
    Report.row("`Session.login_url`", Report.time(url), limit: "8 µs")
  end

  @minted_rounds 31

  # The client of C has a library of its own, so that what one of them has seen is new to the other.
  defp verification(emulator) do
    settings = Emulator.settings(emulator)
    client = Client.new!(settings)
    :ok = Client.prepare(client)
    :ok = Bare.open_library(@library, settings |> Map.new() |> JSON.encode!())
    seen = Emulator.mint(emulator)

    for {what, verify} <- [
          {"verification of a new token, beside the same call from C", &Token.check/2},
          {"the same with its claims as a map", &Token.verify/2}
        ] do
      rounds = for round <- 1..@minted_rounds, do: new_tokens(emulator, client, verify, round)
      compared(what, rounds)
    end

    for {what, verify} <- [
          {"verification of a token that was seen before, likewise", &Token.check/2},
          {"the same with its claims as a map", &Token.verify/2}
        ] do
      rounds = for round <- 0..Turns.rounds(), do: verified(client, verify, [seen], 100, round)
      compared(what, tl(rounds))
    end
  end

  defp compared(what, rounds) do
    {ours, theirs} = Enum.unzip(rounds)
    Report.compared(what, Turns.median(ours), Turns.median(theirs), 1.1)
  end

  defp new_tokens(emulator, client, verify, round) do
    tokens = mint(emulator, 20)

    # Otherwise whichever comes first pays for what the requests for the tokens pushed out of the processor's caches.
    warm = mint(emulator, 1)
    verified(client, verify, warm, 1, round)
    verified(client, verify, tokens, 1, round)
  end

  # Nanoseconds of a verification from Elixir and from C, by turns the one or the other before.
  defp verified(client, verify, tokens, times, round) do
    calls = [
      fn -> Turns.took(&each(&1, tokens, client, verify), times) / (length(tokens) * times) end,
      fn -> Bare.verification(tokens, times) end
    ]

    case rem(round, 2) do
      0 -> calls |> Enum.map(& &1.()) |> List.to_tuple()
      1 -> calls |> Enum.reverse() |> Enum.map(& &1.()) |> Enum.reverse() |> List.to_tuple()
    end
  end

  defp each(0, _tokens, _client, _verify), do: :ok

  defp each(times, tokens, client, verify) do
    for token <- tokens, do: verify.(client, token)
    each(times - 1, tokens, client, verify)
  end

  defp mint(emulator, count) do
    1..count
    |> Task.async_stream(fn _number -> Emulator.mint(emulator) end, max_concurrency: 4, timeout: :infinity)
    |> Enum.map(fn {:ok, token} -> token end)
  end

  @token_sets 2_000

  # Clients that differ share nothing, so that no two sessions have parts of a token in common.
  defp sessions(emulator) do
    tokens = mint(emulator, @token_sets)
    size = tokens |> hd() |> byte_size()
    before = resident()

    sessions =
      for _client <- 1..5, client = Emulator.client(emulator), token <- tokens do
        session = Session.from_tokens!(client, access_token: token)
        true = Session.authenticated?(session)
        false = Session.permission?(session, "none")
        session
      end

    each = (resident() - before) / length(sessions)
    Report.row("memory of a session with a token of #{Report.kilobytes(size)}", Report.kilobytes(each))
  end

  @waiting 5_000

  defp waiting(emulator) do
    client = Client.with_timeout(Emulator.client(emulator, timeout_ms: 240_000), :infinity)
    token = Emulator.mint(emulator)
    Emulator.post(emulator, "/faults", %{path: "/oauth2/v2/user_profile", hang: true, times: nil})
    before = {resident(), :erlang.memory(:processes)}

    callers =
      for _number <- 1..@waiting, do: Task.async(fn -> Token.user_profile(client, access_token: token) end)

    Emulator.wait_for(emulator, "/oauth2/v2/user_profile", @waiting)
    {all, processes} = {resident() - elem(before, 0), :erlang.memory(:processes) - elem(before, 1)}
    Emulator.control(emulator, "DELETE", "/faults")
    for {:ok, _profile} <- Task.await_many(callers, :infinity), do: :ok
    parts = "of it its process #{Report.kilobytes(processes / @waiting)}"

    Report.row(
      "memory of each of #{@waiting} calls that wait",
      "#{Report.kilobytes(all / @waiting)}, #{parts}"
    )
  end

  # What the whole VM has, once garbage is collected.
  defp resident do
    for pid <- Process.list(), do: :erlang.garbage_collect(pid)
    [_all, pages | _others] = "/proc/self/statm" |> File.read!() |> String.split()
    String.to_integer(pages) * 4096
  end
end

Kinde.Bench.run()
