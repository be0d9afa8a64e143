defmodule Kinde.Plug.WebhooksTest do
  use ExUnit.Case, async: true

  import ExUnit.CaptureLog

  alias Kinde.{Client, Error, Support.Emulator, Webhook}
  alias Kinde.Plug.Webhooks
  alias Plug.Conn

  setup do
    emulator = Emulator.start!()
    %{emulator: emulator, client: Emulator.client(emulator)}
  end

  defp sign(emulator, event \\ %{}), do: Emulator.post(emulator, "/webhooks", event)["token"]

  defp options(client, more \\ []) do
    test = self()

    handler = fn event ->
      send(test, {:event, event})
      :ok
    end

    Webhooks.init(Keyword.merge([client: client, handler: handler], more))
  end

  defp request(body, method \\ :post, path \\ "/webhooks/kinde") do
    method |> Plug.Test.conn(path, body) |> Conn.put_req_header("content-type", "application/jwt")
  end

  defp take(client, body, more \\ []), do: Webhooks.call(request(body), options(client, more))

  # Its log is judged, and not shown.
  defp quietly(function) do
    test = self()
    log = capture_log(fn -> send(test, {:result, function.()}) end)
    assert_received {:result, result}
    {result, log}
  end

  test "hands an event to the handler, and answers 200", %{emulator: emulator, client: client} do
    token =
      sign(emulator, %{type: "user.updated", event_id: "event_7", data: %{user: %{id: "kp_1"}}, source: "api"})

    for body <- [token, "  #{token}\r\n"] do
      conn = take(Emulator.client(emulator), body)
      assert {conn.status, conn.resp_body, conn.halted} == {200, "", true}
    end

    assert_received {:event,
                     %Webhook{type: "user.updated", event_id: "event_7", source: "api", duplicate: false} =
                       event}

    assert event.data == %{"user" => %{"id" => "kp_1"}}
    assert {:ok, _time, _offset} = DateTime.from_iso8601(event.timestamp)
    refute inspect(event) =~ "kp_1"
    refute take(client, token).status != 200
  end

  test "says from where somebody signed in", %{emulator: emulator, client: client} do
    address = %{type: "user.authenticated", claims: %{ip_address: "192.0.2.1"}}
    assert take(client, sign(emulator, address)).status == 200
    assert_received {:event, %Webhook{type: "user.authenticated", ip_address: "192.0.2.1"} = event}
    refute inspect(event) =~ "192.0.2.1"
    assert take(client, sign(emulator)).status == 200
    assert_received {:event, %Webhook{ip_address: nil, event_timestamp: nil}}
  end

  test "gives the time of an event by both of its names", %{emulator: emulator, client: client} do
    time = "2024-11-21T08:01:50.155+11:00"
    assert take(client, sign(emulator, %{claims: %{event_timestamp: time}})).status == 200
    assert_received {:event, %Webhook{event_timestamp: ^time, timestamp: timestamp}}
    assert timestamp != time
  end

  test "handles an event once, by its signed id", %{emulator: emulator, client: client} do
    assert take(client, sign(emulator, %{event_id: "event_1"})).status == 200
    assert_received {:event, _event}

    # Whoever sends it anew cannot change the id.
    again =
      "event_1"
      |> then(&sign(emulator, %{event_id: &1}))
      |> request()
      |> Conn.put_req_header("webhook-id", "msg_9")

    assert Webhooks.call(again, options(client)).status == 200
    refute_received {:event, _event}

    assert take(client, sign(emulator, %{event_id: "event_2"})).status == 200
    assert_received {:event, %{event_id: "event_2"}}
  end

  test "has an event sent again whose handler failed", %{emulator: emulator, client: client} do
    token = sign(emulator)

    for failure <- [:error, {:error, :busy}, {:error, :busy, :very}] do
      {conn, log} = quietly(fn -> take(client, token, handler: fn _event -> failure end) end)
      assert conn.status == 500
      assert log =~ "event_"
    end

    assert_raise RuntimeError, "no", fn -> take(client, token, handler: fn _event -> raise "no" end) end

    assert_raise ArgumentError, ~r/must answer/, fn ->
      take(client, token, handler: fn _event -> :done end)
    end

    assert_raise ArgumentError, ~r/must answer/, fn -> take(client, token, handler: fn _event -> nil end) end

    # None of these counts as handled.
    assert take(client, token).status == 200
    assert_received {:event, %{duplicate: false}}
    assert take(client, token, handler: fn _event -> flunk("handled before") end).status == 200
  end

  def note(event), do: {:ok, send(self(), {:noted, event.type})}

  test "calls a function of a module", %{emulator: emulator, client: client} do
    assert take(client, sign(emulator, %{type: "role.created"}), handler: {__MODULE__, :note}).status == 200
    assert_received {:noted, "role.created"}
  end

  for {what, distortion} <- [
        {"forged", %{sign: "foreign"}},
        {"unsigned", %{sign: "none"}},
        {"two days old", %{timestamp: "2024-01-01T00:00:00Z"}},
        {"no event", %{claims: %{event_id: nil}}},
        {"a token of a user at once", %{claims: %{scp: ["openid"]}}}
      ] do
    test "refuses what is #{what}", %{emulator: emulator, client: client} do
      token = sign(emulator, unquote(Macro.escape(distortion)))
      {conn, log} = quietly(fn -> take(client, token) end)
      assert conn.status == 400
      refute_received {:event, _event}
      assert log =~ "refused"
      refute log =~ binary_part(token, 0, 40)
    end
  end

  test "refuses tokens, and what is none", %{emulator: emulator, client: client} do
    for body <- [
          Emulator.mint(emulator),
          Emulator.mint(emulator, %{template: "id"}),
          "x",
          "{}",
          <<255>>,
          "",
          nil
        ] do
      {conn, _log} = quietly(fn -> take(client, body) end)
      assert conn.status == 400
      refute_received {:event, _event}
    end

    {_conn, log} = quietly(fn -> take(client, "") end)
    assert log =~ "Plug.Parsers"
  end

  test "refuses other methods, and bodies that are too long or do not come", %{client: client} do
    for method <- [:get, :head, :put, :delete] do
      conn = Webhooks.call(request(nil, method), options(client))
      assert {conn.status, Conn.get_resp_header(conn, "allow")} == {405, ["POST"]}
    end

    assert take(client, String.duplicate("x", 65 * 1024 + 1)).status == 413
    never = %{request("") | adapter: {Plug.StandIn.Adapter, :never}}
    assert Webhooks.call(never, options(client)).status == 408
  end

  test "takes only its path, where there is one", %{emulator: emulator, client: client} do
    options = options(client, at: "/webhooks/kinde/")
    token = sign(emulator)
    other = request(token, :post, "/webhooks/stripe")
    assert Webhooks.call(other, options) == other
    assert Webhooks.call(request(token), options).status == 200
  end

  test "answers 503 when the keys cannot be had, or the store", %{emulator: emulator} do
    token = sign(emulator)
    Emulator.post(emulator, "/faults", %{path: "/.well-known/jwks.json", status: 503, times: nil})
    {conn, log} = quietly(fn -> take(Emulator.client(emulator), token) end)
    assert conn.status == 503
    assert [seconds] = Conn.get_resp_header(conn, "retry-after")
    assert String.to_integer(seconds) > 0
    assert log =~ "cannot be taken"
    Emulator.control(emulator, "DELETE", "/faults")

    # Nobody listens there.
    away = Emulator.client(emulator, store_url: "redis://127.0.0.1:1", seal_keys: String.duplicate("k", 43))
    {conn, _log} = quietly(fn -> take(away, token) end)
    assert conn.status == 503
    refute_received {:event, _event}
  end

  test "is tried again by Kinde until the handler succeeds, over HTTP", %{emulator: emulator, client: client} do
    {:ok, tries} = Agent.start_link(fn -> 0 end)

    handler = fn _event ->
      if Agent.get_and_update(tries, &{&1, &1 + 1}) < 2, do: {:error, :not_yet}, else: :ok
    end

    url = Kinde.Support.PlugServer.start!(&Webhooks.call(&1, options(client, handler: handler)))

    {sent, _log} =
      quietly(fn ->
        Emulator.post(emulator, "/webhooks/send", %{url: url, retries_ms: [0, 0, 0], event_id: "event_9"})
      end)

    assert Enum.map(sent["attempts"], & &1["status"]) == [500, 500, 200]
    again = Emulator.post(emulator, "/webhooks/send", %{url: url, event_id: "event_9"})
    assert Enum.map(again["attempts"], & &1["status"]) == [200]
    assert Agent.get(tries, & &1) == 3
  end

  test "is refused without a client or a handler, when the application is compiled" do
    for {options, what} <- [
          {[handler: &Function.identity/1], ~r/client/},
          {[client: X], ~r/handler/},
          {[client: X, handler: {X, "y"}], ~r/handler/},
          {[client: X, handler: fn -> :ok end], ~r/handler/},
          {[client: X, handler: {X, :y}, at: "webhooks"], ~r/at:/},
          {[client: X, handler: {X, :y}, path: "/"], ~r/path/}
        ] do
      assert_raise ArgumentError, what, fn -> Webhooks.init(options) end
    end
  end

  test "can be done without Plug", %{emulator: emulator, client: client} do
    token = sign(emulator, %{event_id: "event_3"})
    assert {:error, %Error{code: :would_block}} = Webhook.decode(client, token, wait: false)
    assert %Webhook{duplicate: false} = event = Webhook.decode!(client, token)
    assert {:ok, %Webhook{duplicate: false}} = Webhook.decode(client, token)
    assert Webhook.done(client, event) == :ok
    assert {:ok, %Webhook{duplicate: true}} = Webhook.decode(client, token, wait: false)
    assert Webhook.done!(client, "event_4") == :ok
    assert {:error, %Error{code: :invalid_argument, field: "event_id"}} = Webhook.done(client, "")
    assert {:error, %Error{code: :invalid_argument}} = Webhook.decode(client, token, wiat: false)
    assert_raise ArgumentError, fn -> Webhook.done(%{client | ref: make_ref()}, "event_5") end

    for none <- [nil, 5, [token], {:ok, token}] do
      assert_raise FunctionClauseError, ~r/Kinde.Webhook.decode/, fn -> Webhook.decode(client, none) end
      assert_raise FunctionClauseError, ~r/Kinde.Webhook.done/, fn -> Webhook.done(client, none) end
    end

    assert %Client{} = client
  end
end
