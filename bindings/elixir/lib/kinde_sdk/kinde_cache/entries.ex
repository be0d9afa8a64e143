defmodule KindeSDK.KindeCache.Entries do
  @moduledoc false

  # What this node knows of browsers, beyond what their cookies and the session store say: one table, which callers read and
  # write themselves, so that nothing waits in a queue. All of it can be lost: whoever is signed in stays so. The process
  # drops what is old.

  use GenServer

  @sweep_every :timer.minutes(5)
  # Longer than a machine's token lasts.
  @kept_for :timer.hours(25)

  @type t :: %{
          optional(:client) => KindeClientSDK.t(),
          optional(:session_id) => String.t(),
          optional(:held) => Kinde.Session.t(),
          optional(:status) => :authenticating | :unauthenticated,
          optional(:data) => %{atom() => term()}
        }

  @spec start_link(term()) :: GenServer.on_start()
  def start_link(_options), do: GenServer.start_link(__MODULE__, [], name: __MODULE__)

  @doc "Makes the table, which is the calling process's."
  @spec create() :: :ok
  def create do
    :ets.new(__MODULE__, [:set, :public, :named_table, read_concurrency: true, write_concurrency: true])
    :ok
  end

  @doc "What is known under a key; empty, if nothing is."
  @spec get(term()) :: t()
  def get(key), do: lookup(key, %{})

  @spec lookup(term(), term()) :: term()
  def lookup(key, default) do
    case :ets.lookup(__MODULE__, key) do
      [{^key, value, _written_at}] -> value
      [] -> default
    end
  end

  @spec put(term(), term()) :: :ok
  def put(key, value) do
    :ets.insert(__MODULE__, {key, value, now()})
    :ok
  end

  @spec merge(term(), t()) :: :ok
  def merge(key, changes), do: put(key, Map.merge(get(key), changes))

  @spec delete(term()) :: :ok
  def delete(key) do
    :ets.delete(__MODULE__, key)
    :ok
  end

  @doc "Drops what was written so many milliseconds ago or earlier; gives the number."
  @spec sweep(non_neg_integer()) :: non_neg_integer()
  def sweep(age \\ @kept_for) do
    :ets.select_delete(__MODULE__, [{{:_, :_, :"$1"}, [{:"=<", :"$1", now() - age}], [true]}])
  end

  @impl GenServer
  def init(_options) do
    sweep_later()
    {:ok, nil}
  end

  # Stands in for a process that answers for one browser, when there are too many of them: it knows none.
  @impl GenServer
  def handle_call(:get_kinde_data, _from, state), do: {:reply, %{}, state}
  def handle_call(_question, _from, state), do: {:reply, [], state}

  @impl GenServer
  def handle_cast(_data, state), do: {:noreply, state}

  @impl GenServer
  def handle_info(:sweep, state) do
    sweep()
    sweep_later()
    {:noreply, state}
  end

  def handle_info(_other, state), do: {:noreply, state}

  defp sweep_later, do: Process.send_after(self(), :sweep, @sweep_every)

  defp now, do: System.monotonic_time(:millisecond)
end
