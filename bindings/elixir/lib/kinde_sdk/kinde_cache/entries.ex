defmodule KindeSDK.KindeCache.Entries do
  @moduledoc false

  # What this node knows of browsers, beyond what their cookies and the session store say: one table, which callers read and
  # write themselves, so that nothing waits in a queue. What is known of users can be lost: whoever is signed in stays so.
  # The process drops what is old.

  use GenServer

  @sweep_every :timer.minutes(5)
  # Longer than a machine's token lasts.
  @kept_for :timer.hours(25)
  # Whoever asks for the sign-in page adds an entry, and so many must not take the VM down.
  @most 100_000
  # When there are so many, those go that are older than a sign-in may take.
  @kept_when_full :timer.minutes(15)

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

  @doc "Keeps a value; that of one browser more than there is room for is lost."
  @spec put(term(), term()) :: :ok
  def put(key, value) do
    # A token of the application itself is nowhere else.
    if not full?() or is_map_key(value, :held) or :ets.member(__MODULE__, key),
      do: :ets.insert(__MODULE__, {key, value, now()})

    :ok
  end

  defp full?, do: :ets.info(__MODULE__, :size) >= @most

  @doc "Changes some of what is known of a browser, and nothing that others change at the same time."
  @spec merge(String.t(), t()) :: :ok
  def merge(id, changes) when is_binary(id) do
    case lookup(id, nil) do
      nil -> if not full?() and not :ets.insert_new(__MODULE__, {id, changes, now()}), do: merge(id, changes)
      former -> unless replace(id, former, Map.merge(former, changes)), do: merge(id, changes)
    end

    :ok
  end

  # False if it is not what it was.
  defp replace(id, former, entry) do
    same = {:"=:=", :"$1", {:const, former}}
    :ets.select_replace(__MODULE__, [{{id, :"$1", :_}, [same], [{{id, {:const, entry}, now()}}]}]) == 1
  end

  @spec delete(term()) :: :ok
  def delete(key) do
    :ets.delete(__MODULE__, key)
    :ok
  end

  @doc "Drops what was not written for long; gives the number."
  @spec sweep() :: non_neg_integer()
  def sweep do
    old = drop([older_than(@kept_for)])

    if full?(),
      do: old + drop([older_than(@kept_when_full), {:not, {:is_map_key, :held, :"$1"}}]),
      else: old
  end

  defp older_than(age), do: {:"=<", :"$2", now() - age}

  defp drop(conditions), do: :ets.select_delete(__MODULE__, [{{:_, :"$1", :"$2"}, conditions, [true]}])

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
