defmodule Kinde.CallTest do
  use ExUnit.Case, async: true

  alias Kinde.{Client, Error, Native, Session, Support.Emulator, Support.SilentServer, Token}

  # Long enough for any machine: what is waited for happens as soon as it can.
  @patience 60_000

  setup_all do
    %{emulator: Emulator.start!()}
  end

  defp silent(options) do
    Client.new!([domain: SilentServer.start!(), client_id: "m", client_secret: "s"] ++ options)
  end

  defp messages, do: elem(Process.info(self(), :messages), 1)

  test "a call that takes too long fails with :timeout, is given up, and leaves no message" do
    client = silent(timeout: 50)
    assert {:error, %Error{code: :timeout, message: message}} = Token.device_start(client)
    assert message =~ "50 ms"
    assert_receive {:request, connection}, @patience
    assert_receive {:closed, ^connection}, @patience
    assert messages() == []
  end

  test "a call whose time is up at once is given up before it begins" do
    assert {:error, %Error{code: :timeout}} = Token.device_start(Client.with_timeout(silent([]), 0))
  end

  test "a call that never answers, not even that it was cancelled, ends all the same" do
    client = Client.with_timeout(silent([]), 0)

    assert {:error, %Error{code: :timeout}} =
             Kinde.Call.run(client, :never, fn _answer -> {:ok, make_ref()} end)
  end

  test "a call is given up when its caller dies" do
    client = silent([])
    caller = spawn(fn -> Token.device_start(client) end)
    assert_receive {:request, connection}, @patience
    Process.exit(caller, :kill)
    assert_receive {:closed, ^connection}, @patience
  end

  test "a call does not begin when its caller is killed while what it gave is read", %{emulator: emulator} do
    client = Client.new!(Emulator.machine(emulator))
    test = self()
    # Takes long to read, and adds nothing to what is sent.
    nothing = List.duplicate(nil, 300_000)

    start = fn name, ref ->
      params = [path: "/api/v1/users", query: [email: name, nothing: nothing]]
      Native.api_call_large(client.ref, "request", params, ref)
    end

    for name <- ~w(one two three four five six) do
      caller =
        spawn(fn ->
          start.(name, make_ref())
          send(test, {:begun, name})
        end)

      wait_for_native(caller, :api_call_large)
      Process.exit(caller, :kill)
    end

    # What came later and took as long is through, with whatever was in front.
    for name <- ~w(seven eight nine),
        do: assert({:ok, _users} = Kinde.Call.run(client, :api, &start.(name, &1)))

    %{"requests" => requests} = Emulator.get(emulator, "/requests?path=/api/v1/users")

    for %{"query" => %{"email" => [name]}} <- requests, name not in ~w(seven eight nine) do
      # Only where the kill came too late.
      assert_received {:begun, ^name}
    end

    assert length(requests) >= 3
  end

  # Until the process is in this native function, or was.
  defp wait_for_native(process, function) do
    case Process.info(process, :current_function) do
      {:current_function, {Native, ^function, _arity}} -> :ok
      {:current_function, _other} -> wait_for_native(process, function)
      nil -> :ok
    end
  end

  test "a call goes on when a process that merely has its client dies" do
    client = silent([])
    test = self()
    caller = spawn(fn -> send(test, {:answer, Token.device_start(client)}) end)
    other = spawn(fn -> send(test, {:has, client}) end)
    assert_receive {:has, _client}, @patience
    refute Process.alive?(other)
    assert_receive {:request, _connection}, @patience
    assert Process.alive?(caller)
    Process.exit(caller, :kill)
  end

  test "a call that was cancelled sends its one message" do
    ref = make_ref()
    {:ok, task} = Native.device_start(silent([]).ref, [], ref)
    assert_receive {:request, _connection}, @patience
    assert Native.task_cancel(task) == :ok
    assert Native.task_cancel(task) == :ok
    assert_receive {^ref, {:error, %Error{code: :cancelled}}}, @patience
    assert_receive {:closed, _connection}, @patience
    assert messages() == []
  end

  test "a call that ended may still be cancelled, and sends nothing more", %{emulator: emulator} do
    ref = make_ref()
    {:ok, task} = Native.client_prepare(Emulator.client(emulator).ref, ref)
    assert_receive {^ref, :ok}, @patience
    assert Native.task_cancel(task) == :ok
    assert messages() == []
  end

  test "a call that does not start sends nothing", %{emulator: emulator} do
    assert {:error, %Error{code: :invalid_argument}} =
             Token.exchange_code(Emulator.client(emulator), unheard_of: 1)

    assert messages() == []
  end

  test "other messages are left where they are", %{emulator: emulator} do
    send(self(), {make_ref(), :ok})
    send(self(), :other)
    assert :ok = Client.prepare(Emulator.client(emulator))
    assert [{_ref, :ok}, :other] = messages()
  end

  test "calls at once each get their own answer", %{emulator: emulator} do
    client = Emulator.client(emulator)
    session = Emulator.signed_in(emulator, client)

    answers =
      1..50
      |> Task.async_stream(fn number ->
        if rem(number, 2) == 0,
          do: {:even, Session.fetch(session, :permissions)},
          else: {:odd, Token.user_profile(client, access_token: Session.access_token!(session))}
      end)
      |> Enum.map(fn {:ok, answer} -> answer end)

    for {:even, answer} <- answers, do: assert({:ok, %{org_code: "org_acme"}} = answer)
    for {:odd, answer} <- answers, do: assert({:ok, %{"email" => "ada@example.com"}} = answer)
  end

  describe "telemetry" do
    setup do
      test = self()

      for what <- [:start, :stop, :exception] do
        event = [:kinde, :user_profile, what]
        handler = fn event, measurements, metadata, _config -> send(test, {event, measurements, metadata}) end
        :ok = :telemetry.attach({test, event}, event, handler, nil)
      end

      :ok
    end

    test "tells of the start and the end of a call", %{emulator: emulator} do
      client = Emulator.client(emulator, name: __MODULE__)
      token = Emulator.mint(emulator)
      {:ok, _answer} = Token.user_profile(client, access_token: token)

      assert_received {[:kinde, :user_profile, :start], %{system_time: _, monotonic_time: _},
                       %{client: __MODULE__}}

      assert_received {[:kinde, :user_profile, :stop], %{duration: duration},
                       %{client: __MODULE__, error: nil}}

      assert duration > 0
    end

    test "tells of an error", %{emulator: emulator} do
      {:error, error} = Token.user_profile(Emulator.client(emulator), unheard_of: 1)
      assert_received {[:kinde, :user_profile, :stop], _measurements, %{error: ^error}}
    end

    test "tells of an exception", %{emulator: emulator} do
      # As a client is that came from another node.
      foreign = %{Emulator.client(emulator) | ref: make_ref()}
      assert_raise ArgumentError, fn -> Token.user_profile(foreign, []) end
      assert_received {[:kinde, :user_profile, :exception], _measurements, %{kind: :error, reason: :badarg}}
    end
  end
end
