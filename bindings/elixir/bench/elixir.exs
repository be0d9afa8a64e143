# Measures the Elixir package beside bare costs in the same VM, and prints a table. `make bench` runs it.

Code.require_file("measuring.exs", __DIR__)

defmodule Kinde.Bench.Calls do
  @moduledoc "The calls that are measured."

  import Kinde.Bench.Turns, only: [repeated: 2]

  alias Kinde.{Bench.Bare, Session, Token}

  repeated(bare_boolean(), do: Bare.boolean("read:todos"))
  repeated(permission(session), do: Session.permission?(session, "read:todos"))
  repeated(flag(session), do: Session.boolean_flag(session, "dark"))
  repeated(bare_claim(text), do: Bare.ok_text(text))
  repeated(claim(session), do: Session.claim(session, "sub"))
  repeated(login_url(session), do: Session.login_url(session))
  repeated(exchange(client, request), do: {:ok, _tokens} = Token.exchange_code(client, request))
end

defmodule Kinde.Bench.Rust do
  @moduledoc "The Rust client, which exchanges codes by itself."

  def start(settings, request) do
    program =
      System.get_env("KINDE_EXCHANGES") || Path.expand("../../../target/release/examples/exchanges", __DIR__)

    arguments = for value <- [settings, request], do: value |> Map.new() |> Kinde.Support.JSON.encode!()
    Port.open({:spawn_executable, program}, [:binary, line: 64, args: arguments])
  end

  @doc "Nanoseconds for rounds of exchanges at once."
  def took(port, at_once, rounds) do
    Port.command(port, "#{at_once} #{rounds}\n")
    receive do: ({^port, {:data, {:eol, nanoseconds}}} -> String.to_integer(nanoseconds))
  end
end

defmodule Kinde.Bench do
  @moduledoc false

  alias Kinde.{Client, Session, Support.Emulator, Support.JSON, Token}
  alias Kinde.Bench.{Bare, Calls, Report, Rust, Turns}

  @library System.get_env("KINDE_LIBRARY") || Path.expand("../../../build/release/libkinde.so", __DIR__)

  def run do
    directory = Path.join(System.tmp_dir!(), "kinde_bench.#{System.pid()}")
    File.mkdir_p!(directory)
    :ok = Bare.load(directory)
    File.rm_rf!(directory)
    {:ok, pid} = Emulator.start_link([])
    emulator = %Emulator{url: GenServer.call(pid, :url, 60_000)}
    Logger.configure(level: :warning)
    Report.head()
    questions(emulator)
    verification(emulator)
    sessions(emulator)
    waiting(emulator)
    exchanges(emulator)
  end

  defp questions(emulator) do
    claims = %{permissions: ["read:todos"], feature_flags: %{dark: %{t: "b", v: true}}}
    client = Emulator.client(emulator)
    session = Session.from_tokens!(client, access_token: Emulator.mint(emulator, %{claims: claims}))
    user = Session.claim!(session, "sub")

    found =
      Turns.measure(5_000,
        bare: &Calls.bare_boolean/1,
        permission: &Calls.permission(&1, session),
        flag: &Calls.flag(&1, session),
        bare_claim: &Calls.bare_claim(&1, user),
        claim: &Calls.claim(&1, session)
      )

    Report.compared(
      "`Session.permission?`, beside an empty NIF that takes a binary",
      found.permission,
      found.bare,
      5
    )

    Report.compared("`Session.boolean_flag`, likewise", found.flag, found.bare, 5)

    Report.compared(
      "`Session.claim` of a text, beside a NIF that builds the same term",
      found.claim,
      found.bare_claim,
      3
    )

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

  @at_once 1_000

  # The emulator answers with the same tokens each time: signing others takes it longer than everything else.
  defp exchanges(emulator) do
    settings = Emulator.settings(emulator)
    client = Client.new!(settings)
    authorization = Client.authorization_url!(client)
    query = emulator |> Emulator.browse(authorization.url) |> URI.parse() |> Map.fetch!(:query)
    request = [code: URI.decode_query(query)["code"], code_verifier: authorization.code_verifier]

    tokens =
      client |> Token.exchange_code!(request) |> Map.from_struct() |> Map.drop([:expires_at, :received_at])

    headers = %{"Content-Type" => "application/json"}

    Emulator.post(emulator, "/faults", %{
      path: "/oauth2/token",
      times: nil,
      status: 200,
      body: tokens,
      headers: headers
    })

    rust = Rust.start(settings, request)

    for {what, at_once, rounds, limit} <- [
          {"exchanges a second, #{@at_once} at once, beside the Rust client", @at_once, 4, "at least 0.9 ×"},
          {"exchanges a second, one after another, likewise", 1, 4_000, "at least 6,000"}
        ] do
      # The first opens the connections.
      [_first | found] =
        for _round <- 0..10,
            do: {took(client, request, at_once, rounds), Rust.took(rust, at_once, rounds)}

      {ours, theirs} = Enum.unzip(found)
      rate = &(at_once * rounds / (Turns.median(&1) / 1.0e9))

      Report.row(what, round(rate.(ours)),
        beside: round(rate.(theirs)),
        ratio: rate.(ours) / rate.(theirs),
        limit: limit
      )
    end

    watch = Task.async(fn -> watch([]) end)
    for _round <- 1..10, do: took(client, request, @at_once, 1)
    send(watch.pid, :stop)
    delays = watch |> Task.await() |> Enum.sort(:desc)
    usual = Report.milliseconds(Enum.at(delays, div(length(delays), 1_000)))
    longest = "#{Report.milliseconds(hd(delays))}; 99.9 % below #{usual}"
    Report.row("longest delay of a process that is ready, with #{@at_once} exchanges at once", longest)
  end

  defp took(client, request, 1, rounds), do: Turns.took(&Calls.exchange(&1, client, request), rounds)

  defp took(client, request, at_once, rounds),
    do: Turns.took(&all_at_once(&1, client, request, at_once), rounds)

  defp all_at_once(0, _client, _request, _at_once), do: :ok

  defp all_at_once(rounds, client, request, at_once) do
    1..at_once
    |> Enum.map(fn _number -> Task.async(fn -> {:ok, _tokens} = Token.exchange_code(client, request) end) end)
    |> Task.await_many(:infinity)

    all_at_once(rounds - 1, client, request, at_once)
  end

  # How many microseconds pass until a new process has had its turn, again and again.
  defp watch(delays) do
    receive do
      :stop -> delays
    after
      0 ->
        before = System.monotonic_time(:microsecond)
        me = self()
        spawn(fn -> send(me, :turn) end)
        receive do: (:turn -> watch([System.monotonic_time(:microsecond) - before | delays]))
    end
  end

  # What the whole VM has, once garbage is collected.
  defp resident do
    for pid <- Process.list(), do: :erlang.garbage_collect(pid)
    [_all, pages | _others] = "/proc/self/statm" |> File.read!() |> String.split()
    String.to_integer(pages) * 4096
  end
end

Kinde.Bench.run()
