defmodule Kinde.Plug.BearerTest do
  use ExUnit.Case, async: true

  import ExUnit.CaptureLog

  alias Kinde.Plug.Bearer
  alias Kinde.Support.Emulator
  alias Plug.Conn

  @audience "https://api.example.com"

  setup_all do
    emulator = Emulator.start!()
    %{emulator: emulator, client: Emulator.client(emulator, clock_leeway_seconds: 1)}
  end

  defp ask(client, authorization, options \\ [], path \\ "/") do
    options = Bearer.init(Keyword.merge([client: client, audience: @audience], options))
    conn = Plug.Test.conn(:get, path)
    headers = for header <- List.wrap(authorization), do: {"authorization", header}
    Bearer.call(%{conn | req_headers: headers}, options)
  end

  defp token(emulator, changes \\ %{}),
    do: Emulator.mint(emulator, Map.merge(%{audience: [@audience]}, changes))

  defp challenge(conn), do: conn |> Conn.get_resp_header("www-authenticate") |> List.first()

  test "lets a request with a token through, and gives the claims", %{emulator: emulator, client: client} do
    for scheme <- ["Bearer", "bearer"] do
      conn = ask(client, "#{scheme} #{token(emulator)}")
      refute conn.halted
      assert conn.assigns.kinde_claims["sub"] =~ "kp_"
    end
  end

  test "takes tokens of other applications, which a session would not", %{emulator: emulator, client: client} do
    refute ask(client, "Bearer #{token(emulator, %{client_id: "emulator_spa"})}").halted
    refute ask(client, "Bearer #{token(emulator, %{template: "m2m", client_id: "emulator_m2m"})}").halted
  end

  test "answers 401 without an error code when there is no token", %{client: client} do
    for header <- [nil, "", "Basic YTpi", "Digest a=\"b, c\"", "Bearerx y", ["Basic YTpi", "Digest x"]] do
      conn = ask(client, header, realm: "orders")
      assert {conn.status, conn.halted, challenge(conn)} == {401, true, ~s(Bearer realm="orders")}
    end

    assert challenge(ask(client, nil)) == "Bearer"
  end

  test "takes no token from the address or a form", %{emulator: emulator, client: client} do
    assert ask(client, nil, [], "/?access_token=#{token(emulator)}").status == 401
    conn = Plug.Test.conn(:post, "/", %{access_token: token(emulator)})
    assert Bearer.call(conn, Bearer.init(client: client, audience: @audience)).status == 401
  end

  test "answers 400 to what is not one well-formed token", %{emulator: emulator, client: client} do
    good = "Bearer #{token(emulator)}"

    for header <- [
          "Bearer",
          "Bearer ",
          "Bearer a b",
          "Bearer a,Bearer b",
          "Basic YTpi, Bearer a",
          "Bearer a\"b",
          "Bearer \xff",
          "Bearer =a",
          "Bearer a\nb",
          [good, good],
          ["Basic YTpi", good]
        ] do
      conn = ask(client, header)
      assert conn.status == 400
      assert challenge(conn) =~ ~r/\ABearer error="invalid_request"/
    end
  end

  for {what, changes} <- [
        {"expired", %{claims: %{exp: 1}}},
        {"of another audience", %{audience: ["https://other.example"]}},
        {"without an audience", %{audience: []}},
        {"of another issuer", %{claims: %{iss: "https://elsewhere.example"}}},
        {"forged", %{sign: "foreign"}},
        {"unsigned", %{sign: "none"}},
        {"of another kind", %{template: "id"}}
      ] do
    test "answers 401 when the token is #{what}, and shows nothing of it", %{
      emulator: emulator,
      client: client
    } do
      token = token(emulator, unquote(Macro.escape(changes)))
      log = capture_log(fn -> send(self(), ask(client, "Bearer #{token}", scopes: ["openid"])) end)
      assert_received %Conn{} = conn
      assert conn.status == 401
      assert challenge(conn) =~ ~r/\ABearer error="invalid_token", error_description="[^"]+"\z/
      refute inspect(conn.resp_headers) <> log =~ binary_part(token, 0, 40)
    end
  end

  test "says that a token expired, and is not disturbed by what is none", %{
    emulator: emulator,
    client: client
  } do
    assert challenge(ask(client, "Bearer #{token(emulator, %{claims: %{exp: 1}})}")) =~ "expired"
    assert ask(client, "Bearer abc").status == 401
    assert ask(client, "Bearer #{String.duplicate("a", 1_000_000)}").status == 401
  end

  test "answers 403 without a scope, and says which are needed", %{emulator: emulator, client: client} do
    token = token(emulator, %{scope: "openid read:orders"})
    conn = ask(client, "Bearer #{token}", scopes: ["read:orders", "write:orders"], realm: "r")
    assert conn.status == 403

    assert challenge(conn) ==
             ~s(Bearer realm="r", error="insufficient_scope", ) <>
               ~s(error_description="The access token lacks a scope", scope="read:orders write:orders")

    refute ask(client, "Bearer #{token}", scopes: "read:orders").halted
  end

  test "demands permissions", %{emulator: emulator, client: client} do
    token = token(emulator)
    refute ask(client, "Bearer #{token}", permissions: ["read:todos"]).halted
    conn = ask(client, "Bearer #{token}", permissions: ["read:todos", "launch:rockets"])
    assert conn.status == 403

    assert challenge(conn) ==
             ~s(Bearer error="insufficient_scope", error_description="The user lacks a permission")

    none = token(emulator, %{claims: %{permissions: nil}})
    assert ask(client, "Bearer #{none}", permissions: ["read:todos"]).status == 403
  end

  test "answers 503 when the keys cannot be fetched, to try again later" do
    emulator = Emulator.start!()
    token = token(emulator)
    Emulator.post(emulator, "/faults", %{path: "/.well-known/jwks.json", status: 503, times: nil})
    log = capture_log(fn -> send(self(), ask(Emulator.client(emulator), "Bearer #{token}")) end)
    assert_received %Conn{} = conn
    assert {conn.status, challenge(conn)} == {503, nil}
    assert [seconds] = Conn.get_resp_header(conn, "retry-after")
    assert String.to_integer(seconds) > 0
    assert log =~ "cannot be judged"
  end

  test "refuses to start without an audience", %{client: client} do
    for none <- [nil, "", []] do
      assert_raise ArgumentError, ~r/audience: :any/, fn -> Bearer.init(client: client, audience: none) end
    end

    assert_raise ArgumentError, ~r/audience/, fn -> Bearer.init(client: client) end
    assert_raise ArgumentError, ~r/client/, fn -> Bearer.init(audience: @audience) end
  end

  test "judges no audience where :any is written out", %{emulator: emulator, client: client} do
    for audience <- [["https://other.example"], []] do
      refute ask(client, "Bearer #{token(emulator, %{audience: audience})}", audience: :any).halted
    end

    assert ask(client, "Bearer #{token(emulator, %{sign: "foreign"})}", audience: :any).status == 401
    refute ask(client, "Bearer #{token(emulator)}", audience: ["https://a.example", @audience]).halted
  end

  test "does not take the audience of sign-ins for its own", %{emulator: emulator} do
    client = Emulator.client(emulator, audience: "https://other.example")
    assert ask(client, "Bearer #{token(emulator, %{audience: ["https://other.example"]})}").status == 401
    refute ask(client, "Bearer #{token(emulator)}").halted
  end

  test "refuses to start with what cannot be said in a header, or is no option", %{client: client} do
    options = [client: client, audience: "a"]
    assert_raise ArgumentError, ~r/realm/, fn -> Bearer.init([realm: "a\"b"] ++ options) end
    assert_raise ArgumentError, ~r/scopes/, fn -> Bearer.init([scopes: ["a\r\nb"]] ++ options) end
    assert_raise ArgumentError, ~r/scope/, fn -> Bearer.init([scope: "a"] ++ options) end
  end
end
