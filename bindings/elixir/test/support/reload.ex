defmodule Kinde.Support.Reload do
  @moduledoc """
  What a node of its own does to `Kinde.Native`: there the module can be taken away without other tests noticing, and a crash of
  the node is an answer too.
  """

  alias Kinde.{Call, Client, Native, Session, Token}

  @doc """
  Calls under way while the module is purged, deleted and loaded again, so many times; gives what they answered, and what came of
  calls whose time was up afterwards.
  """
  @spec with_calls_in_flight(keyword(), pos_integer(), pos_integer()) :: %{optional(term()) => pos_integer()}
  def with_calls_in_flight(settings, calls, times) do
    {:ok, _started} = Application.ensure_all_started(:kinde_sdk)

    for _time <- 1..times, reduce: %{} do
      answers ->
        client = Client.new!(settings)

        callers =
          for call <- 1..calls,
              do: under_way(if(rem(call, 2) == 0, do: client, else: %{client | timeout: 100}))

        reload()
        {:ok, _session} = Session.new(Client.new!(settings))

        callers
        |> Task.await_many(:infinity)
        |> Enum.frequencies()
        |> Map.merge(answers, fn _answer, one, other -> one + other end)
    end
  end

  # A call that has begun when this returns.
  defp under_way(client) do
    parent = self()
    begun = make_ref()

    caller =
      Task.async(fn ->
        answer =
          Call.run(client, :device_start, fn ref ->
            started = Native.device_start(client.ref, [], ref)
            send(parent, begun)
            started
          end)

        {outcome(answer), Process.info(self(), :message_queue_len)}
      end)

    receive do: (^begun -> caller)
  end

  @doc "Loads other modules anew while processes ask; gives how many questions were answered."
  @spec other_modules(keyword(), String.t()) :: non_neg_integer()
  def other_modules(settings, token) do
    {:ok, _started} = Application.ensure_all_started(:kinde_sdk)
    session = Session.from_tokens!(Client.new!(settings), access_token: token)
    callers = for _caller <- 1..2, do: Task.async(fn -> ask(session, 0) end)

    for module <- [Session, Client, Call, Token, Kinde.Error] do
      # As a tool for development does: nothing runs in the oldest code when it is purged.
      :code.soft_purge(module)
      :code.load_file(module)
    end

    for caller <- callers, do: send(caller.pid, :stop)
    callers |> Task.await_many(:infinity) |> Enum.sum()
  end

  @doc "Loads the module over itself; gives what the VM said, and whether the loaded one goes on."
  @spec in_place() :: {term(), boolean()}
  def in_place do
    {:ok, _started} = Application.ensure_all_started(:kinde_sdk)
    version = Native.version()
    said = :code.load_file(Native)
    {said, Native.version() == version}
  end

  defp reload do
    :code.purge(Native)
    :code.delete(Native)
    :code.purge(Native)
    {:module, Native} = :code.load_file(Native)
  end

  # Through the module's full name, so that each question is asked of the newest code.
  defp ask(session, count) do
    receive do
      :stop -> count
    after
      0 ->
        true = Session.permission?(session, "read:todos")
        __MODULE__.again(session, count + 1)
    end
  end

  @doc false
  @spec again(Session.t(), non_neg_integer()) :: non_neg_integer()
  def again(session, count), do: ask(session, count)

  defp outcome({:error, %{code: code}}), do: code
  defp outcome({:ok, _value}), do: :ok
end
