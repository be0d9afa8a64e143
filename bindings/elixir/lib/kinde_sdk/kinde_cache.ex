defmodule KindeSDK.KindeCache do
  @moduledoc """
  Answers for one browser, by messages:

      pid = KindeClientSDK.get_cache_pid(conn)
      GenServer.call(pid, {:get_kinde_data, :kinde_access_token})
      #=> [kinde_access_token: "eyJ…"]

      GenServer.cast(pid, {:add_kinde_data, {:my_key, "my value"}})

  The keys are those of `KindeClientSDK.get_all_data/1` with the prefix `kinde_`, and `kinde_auth_status` and `kinde_client`; an
  application may add its own. Nothing is under `kinde_oauth_state` and `kinde_oauth_code_verifier`, which the library keeps to
  itself. What is added is shown as data until somebody signs in or out; nobody is signed in by it, and no claim is read from it.

  What the session of Plug holds under `:kinde_cache_pid` is a name that `GenServer` understands as well as a process id. It
  means the same on another node and after a restart, which a process id does not:

      conn |> Plug.Conn.get_session(:kinde_cache_pid) |> GenServer.call({:get_kinde_data, :kinde_access_token})

  So it does in a LiveView, which has no `conn`:

      def mount(_params, %{"kinde_cache_pid" => cache}, socket) do
        case GenServer.call(cache, {:get_kinde_data, :kinde_auth_status}) do
          [kinde_auth_status: :authenticated] ->
            [kinde_user: user] = GenServer.call(cache, {:get_kinde_data, :kinde_user})
            {:ok, assign(socket, :user, user)}

          _nobody ->
            {:ok, redirect(socket, to: "/login")}
        end
      end

  What it answers of tokens and users is as it was when they came. A plug that calls `KindeClientSDK.get_token/1`, or asks any other
  question, renews tokens that have expired.

  The process is supervised, started when it is asked for, and ends when it was not asked for a minute. Nothing is lost with
  it: sign-ins are kept in the session store.
  """

  use GenServer, restart: :temporary

  alias KindeSDK.Browser
  alias KindeSDK.KindeCache.{Entries, Processes}

  @idle :timer.minutes(1)

  @typedoc "What the session of Plug holds."
  @type name :: {:via, __MODULE__, Browser.name()}

  @doc "Starts a cache for no browser, linked to the caller."
  @spec start_link() :: GenServer.on_start()
  def start_link, do: start_link(Browser.name(Browser.new(nil)))

  @doc false
  @spec start_link(Browser.name()) :: GenServer.on_start()
  def start_link({id, _session_id, _settings} = name) do
    GenServer.start_link(__MODULE__, name, name: {:via, Registry, {__MODULE__.Registry, id}})
  end

  @doc "All data of a cache, by their keys."
  @spec get_data(GenServer.server()) :: %{atom() => term()}
  def get_data(server), do: GenServer.call(server, :get_kinde_data)

  @doc false
  @spec pid(Browser.name()) :: pid()
  def pid({id, _session_id, _settings} = name) do
    case Registry.lookup(__MODULE__.Registry, id) do
      [{pid, _value}] -> if Process.alive?(pid), do: seen(pid, name), else: start(name)
      [] -> start(name)
    end
  end

  # The browser may have signed in at another node since.
  defp seen(pid, name) do
    GenServer.cast(pid, {:seen, name})
    pid
  end

  defp start(name) do
    case DynamicSupervisor.start_child(Processes, {__MODULE__, name}) do
      {:ok, pid} -> pid
      {:error, {:already_started, pid}} -> seen(pid, name)
      # So many visitors must not take the VM down. The functions of a `conn` do without these processes.
      {:error, :max_children} -> Process.whereis(Entries)
    end
  end

  # The browser has got a new id; whoever has the process of before may go on asking it.
  @doc false
  @spec rename(String.t(), Browser.name()) :: :ok
  def rename(former, name) do
    case Registry.lookup(__MODULE__.Registry, former) do
      [{pid, _value}] -> GenServer.call(pid, {:rename, name})
      [] -> :ok
    end
  catch
    # It has just ended.
    :exit, _reason -> :ok
  end

  # What OTP wants of a registry, for the name in the session of Plug.

  @doc false
  @spec whereis_name(Browser.name()) :: pid() | :undefined
  def whereis_name({id, _session_id, _settings} = name) when is_binary(id), do: pid(name)
  def whereis_name(_other), do: :undefined

  @doc false
  @spec send(Browser.name(), term()) :: pid()
  def send(name, message) do
    pid = whereis_name(name)
    Kernel.send(pid, message)
    pid
  end

  @impl GenServer
  def init(name), do: {:ok, name, @idle}

  @impl GenServer
  def handle_call({:get_kinde_data, key}, _from, name) do
    answer =
      case Map.fetch(data(name), key) do
        {:ok, value} -> [{key, value}]
        :error -> []
      end

    {:reply, answer, name, @idle}
  end

  def handle_call(:get_kinde_data, _from, name), do: {:reply, data(name), name, @idle}

  def handle_call({:rename, {id, _session_id, _settings} = name}, _from, {former, _, _}) do
    Registry.unregister(__MODULE__.Registry, former)

    case Registry.register(__MODULE__.Registry, id, nil) do
      {:ok, _owner} -> {:reply, :ok, name, @idle}
      {:error, {:already_registered, _pid}} -> {:stop, :normal, :ok, name}
    end
  end

  # Not for us; a wrong message must not end what others ask.
  def handle_call(_other, _from, name), do: {:reply, [], name, @idle}

  @impl GenServer
  def handle_cast({:add_kinde_data, {key, value}}, {id, _session_id, _settings} = name) when is_atom(key) do
    if key == :kinde_client and is_struct(value, KindeClientSDK) do
      Browser.save_client(Browser.named(name), value)
    else
      Entries.merge(id, %{data: Map.put(Map.get(Entries.get(id), :data, %{}), key, value)})
    end

    {:noreply, name, @idle}
  end

  def handle_cast({:seen, {id, _, _} = name}, {id, _, _}), do: {:noreply, name, @idle}

  def handle_cast(_other, name), do: {:noreply, name, @idle}

  @impl GenServer
  def handle_info(:timeout, name), do: {:stop, :normal, name}
  def handle_info(_other, name), do: {:noreply, name, @idle}

  defp data(name) do
    case Browser.data(Browser.named(name)) do
      %{kinde_client: %KindeClientSDK{} = client} = data ->
        %{data | kinde_client: %{client | cache_pid: self()}}

      data ->
        data
    end
  end
end
