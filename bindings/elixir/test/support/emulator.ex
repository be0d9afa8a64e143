defmodule Kinde.Support.Emulator do
  @moduledoc """
  `kinde-emulator` for the tests: a process of its own with its test control, and a browser that follows redirects.

      setup_all do
        %{emulator: Kinde.Support.Emulator.start!()}
      end

  It ends with the tests that started it.
  """

  use GenServer

  alias Kinde.Support.JSON

  defstruct [:url]

  @type t :: %__MODULE__{url: String.t()}

  @callback_url "http://127.0.0.1:1/callback"

  @doc "Starts one for the tests of this module, or for this test."
  @spec start!([String.t()]) :: t()
  def start!(options \\ []) do
    pid = ExUnit.Callbacks.start_supervised!({__MODULE__, options}, id: make_ref())
    %__MODULE__{url: GenServer.call(pid, :url, 60_000)}
  end

  @doc "The settings of a client for it."
  @spec settings(t(), keyword()) :: keyword()
  def settings(emulator, changes \\ []) do
    Keyword.merge(
      [
        domain: emulator.url,
        client_id: "emulator_web",
        client_secret: "emulator-web-secret-0123456789abcdefghijkl",
        redirect_uri: @callback_url,
        logout_redirect_uri: "http://127.0.0.1:1/logged-out",
        # Clients whose settings of transport are equal share keys and connections, and tests must not.
        connect_timeout_ms: 5_000 + System.unique_integer([:positive])
      ],
      changes
    )
  end

  @doc "The settings of a client that is a machine."
  @spec machine(t(), keyword()) :: keyword()
  def machine(emulator, changes \\ []) do
    credentials = [client_id: "emulator_m2m", client_secret: "emulator-m2m-secret-0123456789abcdefghijkl"]
    emulator |> settings(credentials ++ changes) |> Keyword.drop([:redirect_uri, :logout_redirect_uri])
  end

  @doc "A client for it."
  @spec client(t(), keyword()) :: Kinde.Client.t()
  def client(emulator, changes \\ []), do: Kinde.Client.new!(settings(emulator, changes))

  @doc "A session in which a user has signed in."
  @spec signed_in(t(), Kinde.Client.named(), Kinde.params()) :: Kinde.Session.t()
  def signed_in(emulator, client, params \\ []) do
    session = Kinde.Session.new!(client)
    url = Kinde.Session.login_url!(session, params)
    %{outcome: :signed_in} = Kinde.Session.handle_callback!(session, browse(emulator, url))
    session
  end

  @doc "Gives an order to the test control."
  @spec control(t(), String.t(), String.t(), map() | nil) :: map()
  def control(emulator, method, path, body \\ nil) do
    case request(method, "#{emulator.url}/_control#{path}", [], body && JSON.encode!(body)) do
      {200, _headers, answer} -> JSON.decode!(answer)
      {status, _headers, answer} -> raise "#{method} #{path}: #{status} #{answer}"
    end
  end

  @spec post(t(), String.t(), map()) :: map()
  def post(emulator, path, body \\ %{}), do: control(emulator, "POST", path, body)

  @spec get(t(), String.t()) :: map()
  def get(emulator, path), do: control(emulator, "GET", path)

  @spec reset(t()) :: map()
  def reset(emulator), do: post(emulator, "/reset")

  @doc "A token that it signs, as its `mint` takes it."
  @spec mint(t(), map()) :: String.t()
  def mint(emulator, changes \\ %{}) do
    wanted = %{template: "access", client_id: "emulator_web", email: "ada@example.com", org_code: "org_acme"}
    post(emulator, "/mint", Map.merge(wanted, changes))["token"]
  end

  @doc "How many requests of this path there were."
  @spec count(t(), String.t()) :: non_neg_integer()
  def count(emulator, path), do: Map.get(get(emulator, "/counts"), path, 0)

  @doc "Waits until so many requests of a path have arrived."
  @spec wait_for(t(), String.t(), pos_integer()) :: map()
  def wait_for(emulator, path, count) do
    get(emulator, "/requests/wait?path=#{path}&count=#{count}&timeout_ms=60000")
  end

  @doc """
  Goes through the sign-in page as a browser would, and gives the address of the application that it leads back to.
  """
  @spec browse(t(), String.t()) :: String.t()
  def browse(emulator, address), do: browse(emulator, address, %{}, 10)

  defp browse(_emulator, address, _cookies, 0), do: raise("too many redirects: #{address}")

  defp browse(emulator, address, cookies, left) do
    if String.starts_with?(address, emulator.url) do
      cookie = Enum.map_join(cookies, "; ", fn {name, value} -> "#{name}=#{value}" end)
      {status, headers, body} = request("GET", address, [{"cookie", cookie}], nil)
      location = header(headers, "location") || raise "#{address}: #{status} #{body}"
      next = address |> URI.merge(location) |> URI.to_string()
      browse(emulator, next, Map.merge(cookies, set_cookies(headers)), left - 1)
    else
      address
    end
  end

  defp set_cookies(headers) do
    for {"set-cookie", line} <- headers, into: %{} do
      [pair | _attributes] = String.split(line, ";")
      [name, value] = String.split(pair, "=", parts: 2)
      {name, value}
    end
  end

  defp header(headers, name), do: Enum.find_value(headers, fn {found, value} -> found == name && value end)

  @doc "One request: its status, its headers with names in lower case, and its body."
  @spec request(String.t(), String.t(), [{String.t(), String.t()}], String.t() | nil) ::
          {integer(), [{String.t(), String.t()}], String.t()}
  def request(method, url, headers, body) do
    {:ok, _started} = Application.ensure_all_started(:inets)

    headers =
      for {name, value} <- [{"connection", "close"} | headers], do: {to_charlist(name), to_charlist(value)}

    request =
      if body, do: {to_charlist(url), headers, 'application/json', body}, else: {to_charlist(url), headers}

    method = method |> String.downcase() |> String.to_existing_atom()
    options = [autoredirect: false, timeout: 120_000]

    {:ok, {{_version, status, _phrase}, headers, body}} =
      :httpc.request(method, request, options, body_format: :binary)

    {status, for({name, value} <- headers, do: {to_string(name), to_string(value)}), body}
  end

  @doc "Makes the key that all emulators share, because making one takes longer than most tests."
  @spec make_key() :: :ok
  def make_key do
    {:ok, pid} = start_link([])
    GenServer.call(pid, :url, 60_000)
    GenServer.stop(pid)
  end

  @doc "Where the program is."
  @spec program() :: String.t()
  def program do
    System.get_env("KINDE_EMULATOR") || Path.expand("../../../../target/debug/kinde-emulator", __DIR__)
  end

  @spec start_link([String.t()]) :: GenServer.on_start()
  def start_link(options), do: GenServer.start_link(__MODULE__, options)

  @impl GenServer
  def init(options) do
    File.exists?(program()) || raise "there is no #{program()}: cargo build -p kinde-emulator"
    key = Path.join(System.tmp_dir!(), "kinde-emulator-elixir.pem")
    arguments = ~w(--port 0 --control --exit-with-stdin --auto-login ada@example.com --key-file #{key})

    # It ends when its standard input closes, which the VM does when this process ends, however it ends.
    port = Port.open({:spawn_executable, program()}, [:binary, line: 65_536, args: arguments ++ options])

    receive do
      {^port, {:data, {:eol, line}}} -> {:ok, %{port: port, url: JSON.decode!(line)["url"]}}
    after
      60_000 -> {:stop, "kinde-emulator did not start"}
    end
  end

  @impl GenServer
  def handle_call(:url, _from, state), do: {:reply, state.url, state}

  @impl GenServer
  def handle_info({port, _output}, %{port: port} = state), do: {:noreply, state}
end
