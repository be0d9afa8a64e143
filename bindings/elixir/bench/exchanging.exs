defmodule Kinde.Bench.Rust do
  @moduledoc "The Rust client, which exchanges codes by itself."

  def start(settings, request) do
    built = System.get_env("KINDE_EXAMPLES") || Path.expand("../../../target/release/examples", __DIR__)
    arguments = for value <- [settings, request], do: value |> Map.new() |> Kinde.Support.JSON.encode!()
    Port.open({:spawn_executable, Path.join(built, "exchanges")}, [:binary, line: 64, args: arguments])
  end

  @doc "Nanoseconds for rounds of exchanges at once."
  def took(port, at_once, rounds) do
    Port.command(port, "#{at_once} #{rounds}\n")
    receive do: ({^port, {:data, {:eol, nanoseconds}}} -> String.to_integer(nanoseconds))
  end
end

defmodule Kinde.Bench.Exchanges do
  @moduledoc "Exchanges of a code for tokens, from Elixir and from Rust by turns."

  import Kinde.Bench.Turns, only: [repeated: 2]

  alias Kinde.{Client, Support.Emulator, Token}
  alias Kinde.Bench.{Report, Rust, Turns}

  @enforce_keys [:client, :request, :rust]
  defstruct @enforce_keys

  @doc "Lets the emulator answer all with the same tokens: signing others takes it longer than everything else."
  def prepare(emulator) do
    settings = Emulator.settings(emulator)
    client = Client.new!(settings)
    authorization = Client.authorization_url!(client)
    query = emulator |> Emulator.browse(authorization.url) |> URI.parse() |> Map.fetch!(:query)
    request = [code: URI.decode_query(query)["code"], code_verifier: authorization.code_verifier]

    tokens =
      client |> Token.exchange_code!(request) |> Map.from_struct() |> Map.drop([:expires_at, :received_at])

    headers = %{"Content-Type" => "application/json"}
    answer = %{path: "/oauth2/token", times: nil, status: 200, body: tokens, headers: headers}
    Emulator.post(emulator, "/faults", answer)
    %__MODULE__{client: client, request: request, rust: Rust.start(settings, request)}
  end

  @doc "A row of how many there are in a second, so many at once, beside the Rust client."
  def compare(%__MODULE__{} = exchanges, how, at_once, rounds, limit) do
    # The first opens the connections.
    [_first | found] =
      for _round <- 0..10,
          do: {took(exchanges, at_once, rounds), Rust.took(exchanges.rust, at_once, rounds)}

    {ours, theirs} = Enum.unzip(found)
    [ours, theirs] = for all <- [ours, theirs], do: at_once * rounds / (Turns.median(all) / 1.0e9)
    what = "exchanges a second, #{how}, beside the Rust client"
    Report.row(what, round(ours), beside: round(theirs), ratio: ours / theirs, limit: limit)
  end

  @doc "Nanoseconds for rounds of exchanges at once."
  def took(exchanges, 1, rounds), do: Turns.took(&one_by_one(&1, exchanges), rounds)

  # The processes are there before, as those that answer requests are.
  def took(exchanges, at_once, rounds) do
    me = self()
    workers = for _number <- 1..at_once, do: spawn_link(fn -> work(exchanges, me) end)
    took = Turns.took(&all_at_once(&1, workers), rounds)
    for worker <- workers, do: send(worker, :stop)
    took
  end

  repeated(one_by_one(exchanges), do: exchange(exchanges))

  repeated(all_at_once(workers), do: each_once(workers))

  defp each_once(workers) do
    for worker <- workers, do: send(worker, :exchange)
    for _worker <- workers, do: receive(do: (:exchanged -> :ok))
  end

  defp work(exchanges, parent) do
    receive do
      :exchange ->
        exchange(exchanges)
        send(parent, :exchanged)
        work(exchanges, parent)

      :stop ->
        :ok
    end
  end

  defp exchange(exchanges), do: {:ok, _tokens} = Token.exchange_code(exchanges.client, exchanges.request)
end
