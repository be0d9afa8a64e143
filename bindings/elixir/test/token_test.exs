defmodule Kinde.TokenTest do
  use ExUnit.Case, async: true

  alias Kinde.{Claims, Client, Error, Support.Emulator, Token}

  setup_all do
    %{emulator: Emulator.start!()}
  end

  setup %{emulator: emulator} do
    Emulator.reset(emulator)
    %{client: Emulator.client(emulator)}
  end

  test "a bearer token is verified, with keys fetched once", %{emulator: emulator, client: client} do
    token = Emulator.mint(emulator, %{audience: ["https://api.example.com"]})
    assert {:ok, claims} = Token.verify(client, token, audience: "https://api.example.com")
    assert Claims.organization(claims) == "org_acme"
    assert Claims.permission?(claims, "read:todos")
    assert Token.verify!(client, token, audience: "https://api.example.com") == claims
    assert {:error, %Error{code: :audience}} = Token.verify(client, token, audience: "https://other.example")
    assert Emulator.count(emulator, "/.well-known/jwks.json") == 1
  end

  test "a bearer token is checked without its claims", %{emulator: emulator, client: client} do
    token = Emulator.mint(emulator, %{audience: ["https://api.example.com"]})
    long = Emulator.mint(emulator, %{claims: %{"long" => String.duplicate("x", 20_000)}})

    # First with keys to fetch, then without.
    for _time <- 1..2 do
      assert Token.check(client, long) == :ok
      assert {:error, %Error{code: :token_malformed}} = Token.check(client, "no token")

      assert Token.check(client, token, audience: "https://api.example.com", permissions: ["read:todos"]) ==
               :ok

      for {options, code} <- [
            {[audience: "https://other.example"], :audience},
            {%{permissions: ["none:todos"], any_audience: true}, :insufficient_scope},
            {[unheard_of: 1], :invalid_argument}
          ],
          verify <- [&Token.check/3, &Token.verify/3],
          do: assert({:error, %Error{code: ^code}} = verify.(client, token, options))
    end

    expired = Emulator.mint(emulator, %{claims: %{exp: 1}})
    assert {:error, %Error{code: :token_expired}} = Token.check(client, expired)
    assert_raise Error, fn -> Token.check!(client, expired) end
    assert Token.check!(client, long) == :ok
  end

  test "a token that is long is verified too", %{emulator: emulator, client: client} do
    long = String.duplicate("x", 20_000)
    token = Emulator.mint(emulator, %{claims: %{"long" => long}})
    assert byte_size(token) > 16 * 1024
    assert {:ok, %{"long" => ^long}} = Token.verify(client, token)
  end

  test "tokens are refused, and errors say why", %{emulator: emulator, client: client} do
    expired = Emulator.mint(emulator, %{claims: %{exp: 1}})
    assert {:error, %Error{code: :token_expired}} = Token.verify(client, expired)
    foreign = Emulator.mint(emulator, %{sign: "foreign"})
    assert {:error, %Error{code: :signature}} = Token.verify(client, foreign)

    assert {:error, %Error{code: :token_malformed} = error} = Token.verify(client, "no token")
    refute Exception.message(error) =~ "no token"
    assert_raise Error, fn -> Token.verify!(client, "no token") end
  end

  test "an application that keeps the values itself exchanges a code", %{emulator: emulator, client: client} do
    assert {:ok, begun} = Client.authorization_url(client)
    query = URI.decode_query(URI.parse(Emulator.browse(emulator, begun.url)).query)
    assert query["state"] == begun.state
    params = %{code: query["code"], code_verifier: begun.code_verifier, nonce: begun.nonce}
    assert {:ok, %Token{} = tokens} = Token.exchange_code(client, params)

    assert {:ok, %{"email" => "ada@example.com"}} =
             Token.user_profile(client, access_token: tokens.access_token)

    refresh = [refresh_token: tokens.refresh_token, id_token: tokens.id_token]
    assert {:ok, %Token{access_token: "ey" <> _}} = Token.refresh(client, refresh)
    assert {:error, %Error{code: :invalid_grant}} = Token.exchange_code(client, params)
    assert Token.revoke(client, token: tokens.refresh_token) == :ok
  end

  test "an application gets a token for itself, and asks about it", %{emulator: emulator} do
    machine = Client.new!(Emulator.machine(emulator))
    assert {:ok, %Token{access_token: token, refresh_token: nil}} = Token.client_credentials(machine)
    assert {:ok, %{"active" => true}} = Token.introspect(machine, token: token)
    assert {:ok, %{"active" => false}} = Token.introspect(machine, token: "unheard of")
  end

  test "a device signs in", %{emulator: emulator} do
    device = Client.new!(domain: emulator.url, client_id: "emulator_device")
    assert {:ok, %{device_code: code, user_code: user_code, interval: 5}} = Token.device_start(device)
    assert {:error, %Error{code: :authorization_pending}} = Token.device_poll(device, device_code: code)
    Emulator.post(emulator, "/device", %{user_code: user_code, action: "approve", email: "ada@example.com"})
    Emulator.post(emulator, "/clock", %{shift_seconds: 6})
    assert {:ok, %Token{access_token: "ey" <> _}} = Token.device_poll(device, device_code: code)
    Emulator.post(emulator, "/clock", %{reset: true})
  end

  test "Kinde is busy", %{emulator: emulator, client: client} do
    fault = %{
      path: "/oauth2/token",
      times: nil,
      status: 429,
      headers: %{"Retry-After" => "77"},
      body: %{error: "rate_limited"}
    }

    Emulator.post(emulator, "/faults", fault)

    assert {:error, %Error{code: :rate_limited, retry_after: 77, http_status: 429}} =
             Token.refresh(client, refresh_token: "x")
  end
end
