defmodule Kinde.ClientTest do
  use ExUnit.Case, async: true

  alias Kinde.{Client, Error, Session, Support.Emulator}

  @away [
    domain: "http://127.0.0.1:1",
    client_id: "x",
    client_secret: "secret-of-x",
    redirect_uri: "http://127.0.0.1:1/cb"
  ]

  test "is started under a name, which every function takes" do
    start_supervised!({Client, [name: __MODULE__.Named] ++ @away})
    assert %Client{name: __MODULE__.Named} = client = Client.get(__MODULE__.Named)
    assert Client.get(client) == client
    assert Client.fetch(__MODULE__.Named) == {:ok, client}
    assert {:ok, "http://127.0.0.1:1/oauth2/auth?" <> _} = Session.login_url(Session.new!(__MODULE__.Named))
  end

  test "stands side by side with others" do
    start_supervised!({Client, [name: __MODULE__.One] ++ @away})
    start_supervised!({Client, Keyword.merge(@away, name: {__MODULE__, 2}, client_id: "y")})
    assert Client.authorization_url!(__MODULE__.One, []).url =~ "client_id=x&"
    assert Client.authorization_url!({__MODULE__, 2}, []).url =~ "client_id=y&"
  end

  test "is there until it is stopped, and says so afterwards" do
    pid = start_supervised!({Client, [name: __MODULE__.Stopped] ++ @away}, id: :stopped)
    assert Process.alive?(pid)
    stop_supervised!(:stopped)
    assert Client.fetch(__MODULE__.Stopped) == :error

    assert_raise ArgumentError, ~r/no Kinde.Client named Kinde.ClientTest.Stopped/, fn ->
      Client.get(__MODULE__.Stopped)
    end
  end

  test "is the only one of its name" do
    first = start_supervised!({Client, [name: __MODULE__.Twice] ++ @away}, id: :first)
    second = {Client, Keyword.merge(@away, name: __MODULE__.Twice, client_id: "y")}
    assert {:error, {{:already_started, ^first}, _child}} = start_supervised(second, id: :second)
    assert Client.authorization_url!(__MODULE__.Twice).url =~ "client_id=x&"

    stop_supervised!(:first)
    start_supervised!(second, id: :second)
    assert Client.authorization_url!(__MODULE__.Twice).url =~ "client_id=y&"
  end

  test "is there again after its process was killed" do
    pid = start_supervised!({Client, [name: __MODULE__.Killed] ++ @away})
    client = Client.get(__MODULE__.Killed)
    monitor = Process.monitor(pid)
    Process.exit(pid, :kill)
    assert_receive {:DOWN, ^monitor, :process, _pid, :killed}
    # Never away, because nobody asks the process.
    assert {:ok, _session} = Session.new(__MODULE__.Killed)
    assert {:ok, _session} = Session.new(client)
  end

  test "is not started with wrong settings, all of which it names" do
    assert {:error, {%Error{code: :config} = error, _child}} =
             start_supervised({Client, name: __MODULE__.Wrong, domain: "ftp://x"})

    assert Enum.sort(Enum.map(error.fields, & &1.field)) == ["client_id", "domain"]
    assert Client.fetch(__MODULE__.Wrong) == :error
  end

  test "is not started without a name" do
    assert_raise ArgumentError, ~r/needs a :name/, fn -> Client.start_link(@away) end
  end

  test "takes maps, and names as texts" do
    settings = Map.new(@away, fn {name, value} -> {to_string(name), value} end)
    assert {:ok, client} = Client.new(settings)
    assert {:ok, _url} = Client.logout_url(client, %{"redirect" => "http://127.0.0.1:1/"})
    assert {:ok, %Client{name: :a}} = Client.new(Map.new([name: :a] ++ @away))
    assert {:ok, %Client{}} = Client.new(Map.put(settings, "framework", "Phoenix/1.7"))
  end

  test "has a time limit, which can be changed for some calls" do
    client = Client.new!([timeout: 5] ++ @away)
    assert client.timeout == 5
    assert Client.with_timeout(client, :infinity) == %{client | timeout: :infinity}

    for bad <- ["5", -1, nil, 0x1_0000_0000] do
      assert {:error, %Error{code: :config, field: "timeout"}} = Client.new([timeout: bad] ++ @away)
      assert_raise FunctionClauseError, fn -> Client.with_timeout(client, bad) end
    end
  end

  test "makes others with a few settings changed" do
    client = Client.new!(@away)
    assert {:ok, other} = Client.derive(client, client_id: "z")
    assert Client.authorization_url!(other, []).url =~ "client_id=z&"
    assert {:error, %Error{code: :config}} = Client.derive(client, unheard_of: 1)
  end

  test "shows no secret" do
    client = Client.new!(@away)
    refute inspect(client, structs: true) =~ "secret"
    refute inspect(client, structs: false) =~ "secret"
    refute inspect(Client.child_spec([name: :x] ++ @away)) =~ "secret"
  end

  test "shows no secret of a call that could not be made, nor do the logs of who made it" do
    client = Client.new!(@away)

    for mistake <- [
          fn -> Client.new(Keyword.put(@away, :scope, self())) end,
          fn -> Kinde.Token.revoke(client, "secret-token") end,
          fn -> Kinde.Token.exchange_code(client, code: "secret-code", nonce: {:ok, 1}) end,
          fn -> Session.from_tokens(client, access_token: "secret-token", id_token: & &1) end,
          fn -> Kinde.Cookie.join(client, cookies: "kinde_session=secret", name: make_ref()) end
        ] do
      assert {:error, %Error{code: :invalid_argument} = error} = mistake.()
      refute inspect(error, structs: false) =~ "secret"
    end

    assert {:error, %Error{field: "scope", message: "scope: must be " <> _, fields: [field]}} =
             Client.new(Keyword.put(@away, :scope, self()))

    assert %{field: "scope", message: "must be " <> _} = field

    token = "eyJhbGciOiJSUzI1NiJ9." <> String.duplicate("x", 60) <> ".secret"
    error = assert_raise ArgumentError, fn -> Kinde.Token.verify(token, client) end
    refute Exception.message(error) =~ "secret"
  end

  test "tells Kinde who calls" do
    emulator = Emulator.start!()
    client = Client.new!(Emulator.machine(emulator))
    {:ok, _token} = Kinde.Token.client_credentials(client)
    [request] = Emulator.get(emulator, "/requests?path=/oauth2/token")["requests"]
    assert request["headers"]["kinde-sdk"] == "Elixir/#{Application.spec(:kinde_sdk, :vsn)}"
  end

  test "asks for keys as soon as it is started, unless it is told not to" do
    emulator = Emulator.start!()
    start_supervised!({Client, Emulator.settings(emulator, name: __MODULE__.Later, prepare: false)})
    assert {:ok, %{}} = Client.stats(__MODULE__.Later)
    start_supervised!({Client, Emulator.settings(emulator, name: __MODULE__.Soon)})
    assert %{"count" => 1} = Emulator.wait_for(emulator, "/.well-known/jwks.json", 1)
  end
end
