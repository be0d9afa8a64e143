defmodule Kinde.Client do
  @moduledoc """
  An application at Kinde. Started once, in your supervision tree:

      children = [
        {Kinde.Client,
         name: MyApp.Kinde,
         domain: "https://example.kinde.com",
         client_id: "…",
         client_secret: "…",
         redirect_uri: "https://app.example.com/callback",
         logout_redirect_uri: "https://app.example.com/"}
      ]

  Afterwards every function takes the name: `Kinde.Session.new(MyApp.Kinde)`. Several clients stand side by side under
  several names. The client starts even when Kinde is away: what it needs from Kinde is fetched in the background, and
  otherwise with the first call that needs it.

  A client is immutable, serves any number of processes, and is not a process itself: nothing waits in a queue.

  ## Options

  | Option | Default | |
  | --- | --- | --- |
  | `:name` | | under which it is known; needed to start it |
  | `:timeout` | `30_000` | for how many milliseconds a call may wait |
  | `:env` | `false` | whether settings are also read from the environment (`KINDE_DOMAIN`, …) |
  | `:prepare` | `true` | whether it asks Kinde for endpoints and keys as soon as it is started |

  All others are settings of the library, by their names there: `:domain`, `:client_id`, `:client_secret`,
  `:redirect_uri`, `:logout_redirect_uri`, `:scope`, `:audience`, `:store_url`, `:seal_keys`, …
  """

  use GenServer
  use Kinde.Bang

  alias Kinde.{Call, Error, Native}
  alias Kinde.Client.Options

  require Logger

  @timeout 30_000
  # Of two under one name, the first that ended would take the other's away.
  @registry __MODULE__.Registry

  @enforce_keys [:ref]
  @derive {Inspect, only: [:name, :timeout]}
  defstruct [:ref, :name, timeout: @timeout]

  @type t :: %__MODULE__{ref: Native.client(), name: term(), timeout: timeout()}

  @typedoc "A client, or the name of one that was started."
  @type named :: t() | term()

  @doc """
  Makes a client without a process. Nothing is asked of Kinde.

      iex> {:error, error} = Kinde.Client.new(domain: "https://example.kinde.com")
      iex> error.code
      :config
      iex> Enum.map(error.fields, & &1.field)
      ["client_id"]
  """
  @spec new(Kinde.params()) :: Kinde.result(t())
  def new(options) do
    {own, settings} = split(options)
    timeout = Map.get(own, :timeout, @timeout)

    with :ok <- check_timeout(timeout),
         {:ok, ref} <- made(with_framework(settings), own[:env]),
         do: {:ok, %__MODULE__{ref: ref, name: own[:name], timeout: timeout}}
  end

  defp made(settings, true), do: Native.client_from_env(settings, variables())
  defp made(settings, _without), do: Native.client_new(settings)

  # What `receive` takes.
  defguardp is_timeout(timeout) when timeout == :infinity or timeout in 0..0xFFFF_FFFF

  defp check_timeout(timeout) when is_timeout(timeout), do: :ok

  defp check_timeout(_other) do
    wrong = %{field: "timeout", message: "must be milliseconds, or :infinity"}
    {:error, %Error{code: :config, message: "timeout: " <> wrong.message, field: "timeout", fields: [wrong]}}
  end

  @own [:name, :timeout, :env, :prepare, :id]

  # What `System.put_env/2` sets is only in the environment of the VM.
  defp variables,
    do: Map.filter(System.get_env(), fn {name, _value} -> String.starts_with?(name, "KINDE_") end)

  # What Kinde is told about who calls.
  @framework "Elixir/#{Mix.Project.config()[:version]}"

  defp with_framework(settings) when is_list(settings), do: Keyword.put_new(settings, :framework, @framework)
  defp with_framework(%{"framework" => _given} = settings), do: settings
  defp with_framework(settings), do: Map.put_new(settings, :framework, @framework)

  # The options that are not settings of the library.
  defp split(options) when is_list(options) do
    {own, settings} = Keyword.split(options, @own)
    {Map.new(own), settings}
  end

  defp split(%{} = options), do: Map.split(options, @own)

  @doc """
  The client with this name; a client is given back as it is.

  Raises `ArgumentError` if none of this name was started.
  """
  @spec get(named()) :: t()
  def get(%__MODULE__{} = client), do: client

  def get(name) do
    case :persistent_term.get({__MODULE__, name}, nil) do
      nil ->
        # It may be something else, given in the wrong place: of a token no more than its beginning is shown.
        shown = inspect(name, limit: 5, printable_limit: 40)

        raise ArgumentError,
              "there is no Kinde.Client named #{shown}; add {Kinde.Client, name: #{shown}, …} to a supervisor"

      client ->
        client
    end
  end

  @doc "The client with this name, if one was started."
  @spec fetch(named()) :: {:ok, t()} | :error
  def fetch(%__MODULE__{} = client), do: {:ok, client}

  def fetch(name) do
    case :persistent_term.get({__MODULE__, name}, nil) do
      nil -> :error
      client -> {:ok, client}
    end
  end

  @doc """
  The same client with another time limit, in milliseconds, or `:infinity`.

      Kinde.Token.introspect(Kinde.Client.with_timeout(MyApp.Kinde, 2_000), token: token)
  """
  @spec with_timeout(named(), timeout()) :: t()
  def with_timeout(client, timeout) when is_timeout(timeout), do: %{get(client) | timeout: timeout}

  @doc "A client with some other settings, which shares keys and connections with this one where these are the same."
  @spec derive(named(), Kinde.params()) :: Kinde.result(t())
  def derive(client, overrides) do
    client = get(client)

    with {:ok, ref} <- Native.client_derive(client.ref, overrides) do
      {:ok, %{client | ref: ref}}
    end
  end

  @doc "Fetches Kinde's endpoints and keys ahead of time."
  @spec prepare(named()) :: Kinde.result()
  def prepare(client) do
    client = get(client)
    Call.run(client, :prepare, &Native.client_prepare(client.ref, &1))
  end

  @doc "Counts of what the client has done: requests, keys fetched, sessions, …"
  @spec stats(named()) :: Kinde.result(%{String.t() => term()})
  def stats(client), do: Native.client_stats(get(client).ref)

  @doc """
  The address of the sign-in page, for applications that keep `state`, `nonce` and `code_verifier` themselves.

  `Kinde.Session.login_url/2` keeps them.
  """
  @spec authorization_url(named()) :: Kinde.result(authorization())
  @spec authorization_url(named(), Kinde.params()) :: Kinde.result(authorization())
  def authorization_url(client, params \\ []), do: Native.authorization_url(get(client).ref, params)

  @typedoc "A sign-in that has begun."
  @type authorization :: %{
          url: String.t(),
          state: String.t(),
          nonce: String.t(),
          code_verifier: String.t() | nil
        }

  @doc "The address that ends the sign-in at Kinde; `redirect` says where the browser goes then."
  @spec logout_url(named()) :: Kinde.result(String.t())
  @spec logout_url(named(), Kinde.params()) :: Kinde.result(String.t())
  def logout_url(client, params \\ []), do: Native.logout_url(get(client).ref, params)

  @doc "Starts a client under its `:name`, of which there can be one, as the supervisor does."
  @spec start_link(keyword() | Options.t()) :: GenServer.on_start()
  def start_link(%Options{all: options}), do: start_link(options)

  def start_link(options) do
    case Keyword.fetch(options, :name) do
      {:ok, name} -> GenServer.start_link(__MODULE__, options, name: {:via, Registry, {@registry, name}})
      :error -> raise ArgumentError, "a Kinde.Client that is started needs a :name"
    end
  end

  @doc false
  @spec child_spec(keyword()) :: Supervisor.child_spec()
  def child_spec(options) do
    name = options[:name]
    hidden = %Options{name: name, all: options}
    %{id: Keyword.get(options, :id, {__MODULE__, name}), start: {__MODULE__, :start_link, [hidden]}}
  end

  @impl GenServer
  def init(options) do
    # For `terminate/2`.
    Process.flag(:trap_exit, true)

    case new(options) do
      {:ok, client} ->
        :persistent_term.put({__MODULE__, client.name}, client)

        if Keyword.get(options, :prepare, true),
          do: {:ok, start_preparing(client)},
          else: {:ok, {client, nil}}

      {:error, error} ->
        {:stop, error}
    end
  end

  # The owner does not wait for the answer, so that a supervisor which stops it does not either.
  defp start_preparing(client) do
    ref = make_ref()

    case Native.client_prepare(client.ref, ref) do
      {:ok, _task} ->
        {client, ref}

      {:error, error} ->
        not_prepared(client, error)
        {client, nil}
    end
  end

  @impl GenServer
  def handle_info({ref, result}, {client, ref}) do
    with {:error, error} <- result, do: not_prepared(client, error)
    {:noreply, {client, nil}}
  end

  def handle_info(_message, state), do: {:noreply, state}

  defp not_prepared(client, error) do
    Logger.warning(
      "Kinde client #{inspect(client.name)} could not ask Kinde for its keys yet: #{Error.message(error)}"
    )
  end

  @impl GenServer
  def terminate(_reason, {client, _ref}) do
    :persistent_term.erase({__MODULE__, client.name})
  end
end
