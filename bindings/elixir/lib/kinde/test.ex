defmodule Kinde.Test do
  @moduledoc """
  Signed-in users for an application's tests, without a network.

      # test/test_helper.exs
      Kinde.Test.start(MyApp.Kinde)

      # a test
      test "shows orders", %{conn: conn} do
        conn = conn |> Kinde.Test.conn_signed_in(client: MyApp.Kinde, permissions: ["read:orders"]) |> get("/orders")
        assert html_response(conn, 200) =~ "Orders"
      end

  The tokens are real ones, signed with a key that is made once for each node and given to the library by the setting `jwks`:
  everything behaves as it does with Kinde's own, and those of Kinde are no longer taken by this client.

  ## Who is signed in

  | Option | Default | |
  | --- | --- | --- |
  | `:user` | `test@example.com` | what differs: `id`, `email`, `given_name`, `family_name`, `picture` |
  | `:permissions` | `[]` | |
  | `:roles` | `[]` | keys, or maps of `id`, `key`, `name` |
  | `:flags` | `%{}` | feature flags by their codes |
  | `:org_code` | `nil` | |
  | `:org_codes` | the `org_code` | the organizations that the user belongs to |
  | `:claims` | `%{}` | further claims of the access token; `nil` removes one |
  | `:expires_in` | `3600` | seconds that the access token lives; negative for one that has expired |
  """

  alias Kinde.{Client, Session}

  # Nothing of it is ever asked: the keys are in the settings.
  @issuer "https://testing.kinde.invalid"
  @settings [
    domain: @issuer,
    client_id: "testing",
    redirect_uri: "http://localhost:4000/callback",
    logout_redirect_uri: "http://localhost:4000/"
  ]
  @user %{
    id: "kp_00000000000000000000000000000001",
    email: "test@example.com",
    given_name: "Test",
    family_name: "User"
  }
  @defaults [
    user: %{},
    permissions: [],
    roles: [],
    flags: %{},
    org_code: nil,
    org_codes: nil,
    claims: %{},
    expires_in: 3600
  ]
  @claims ~w[aud azp exp feature_flags iat iss jti org_code permissions roles scp sub]a
  @kid "testing"
  @secrets {__MODULE__, :secrets}

  @typedoc "Who is signed in."
  @type options :: keyword()

  @doc """
  Makes a client believe the tokens of this module, and gives it.

  A client that was started keeps its other settings; if none of this name was, there is one from now on. `settings` differ
  for the tests. The other functions do it by themselves; doing it in `test_helper.exs` keeps Kinde from being asked before.
  """
  @spec start(Client.named(), Kinde.params()) :: Client.t()
  def start(client, settings \\ [])

  def start(%Client{name: nil}, _settings),
    do: raise(ArgumentError, "a client without a name cannot be told what to believe: say Kinde.Test a name")

  def start(%Client{name: name}, settings), do: start(name, settings)

  def start(name, settings) do
    # Tests run at once, and each client is changed once.
    :global.trans({{__MODULE__, name}, self()}, fn -> started(name, settings) end, [node()])
  end

  defp started(name, settings) do
    case Client.fetch(name) do
      {:ok, client} ->
        if believed?(client), do: client, else: believe(client, settings)

      :error ->
        @settings |> Keyword.merge(Enum.to_list(settings)) |> with_keys() |> Client.new!() |> put(name)
    end
  end

  defp believed?(client), do: :persistent_term.get({__MODULE__, client.ref}, false)

  defp believe(client, settings) do
    client |> Client.derive!(settings |> Enum.to_list() |> with_keys()) |> put(client.name)
  end

  defp with_keys(settings) do
    Keyword.merge([issuer: @issuer, jwks: jwks(), seal_keys: [seal_key()]], settings)
  end

  defp put(client, name) do
    client = %{client | name: name}
    :persistent_term.put({__MODULE__, client.ref}, true)
    :persistent_term.put({Client, name}, client)
    client
  end

  @doc "A session in which a user is signed in."
  @spec sign_in(Client.named(), options()) :: Session.t()
  def sign_in(client, options \\ []) do
    client = start(client)
    Session.from_tokens!(client, tokens(client, options))
  end

  @doc """
  A token set, for code that takes one: `access_token`, `id_token`, `expires_at`.

      token = Kinde.Test.tokens(MyApp.Kinde, claims: %{aud: ["https://api.example.com"], scp: ["read:orders"]}).access_token
      conn = put_req_header(conn, "authorization", "Bearer " <> token)
  """
  @spec tokens(Client.named(), options()) :: %{
          access_token: String.t(),
          id_token: String.t(),
          expires_at: integer()
        }
  def tokens(client, options \\ []) do
    asked = client |> start() |> asked()
    said = Keyword.validate!(options, @defaults)
    user = Map.merge(@user, Map.new(said[:user]))
    now = System.os_time(:second)

    common = %{
      iss: @issuer,
      sub: user.id,
      azp: asked["client_id"],
      iat: now + min(said[:expires_in], 0) - 1,
      jti: Base.encode16(:crypto.strong_rand_bytes(16), case: :lower)
    }

    access =
      %{
        aud: String.split(asked["audience"] || ""),
        exp: now + said[:expires_in],
        org_code: said[:org_code],
        scp: ~w[openid profile email offline],
        permissions: said[:permissions],
        roles: Enum.map(said[:roles], &role/1),
        feature_flags: Map.new(said[:flags], fn {code, value} -> {code, flag(value)} end)
      }
      |> Map.merge(common)
      |> Map.merge(Map.new(said[:claims], fn {name, value} -> {claim(name), value} end))

    id =
      user
      |> Map.delete(:id)
      |> Map.merge(common)
      |> Map.merge(%{
        aud: [@issuer, asked["client_id"]],
        exp: now + 3600,
        org_codes: said[:org_codes] || List.wrap(said[:org_code])
      })

    %{access_token: sign(access), id_token: sign(id), expires_at: now + said[:expires_in]}
  end

  @doc """
  The body of a webhook, as Kinde would send it: `:type`, `:data`, and where they matter `:event_id`, `:source` and `:timestamp`.

      body = Kinde.Test.webhook(MyApp.Kinde, type: "user.deleted", data: %{user: %{id: "kp_1"}})
      conn = :post |> conn("/webhooks/kinde", body) |> MyAppWeb.Endpoint.call([])
      assert conn.status == 200
  """
  @spec webhook(Client.named(), keyword()) :: String.t()
  def webhook(client, event \\ []) do
    _believes = start(client)
    now = DateTime.utc_now() |> DateTime.to_iso8601()
    id = "event_" <> Base.encode16(:crypto.strong_rand_bytes(16), case: :lower)
    defaults = [type: "user.created", data: %{}, event_id: id, source: "admin", timestamp: now]
    event |> Keyword.validate!(defaults) |> Map.new() |> sign()
  end

  @doc "The keys with which these tokens are verified, as a set (RFC 7517)."
  @spec jwks() :: map()
  def jwks do
    [exponent, modulus | _secret] = key()
    number = &Base.url_encode64(&1, padding: false)
    %{keys: [%{kty: "RSA", use: "sig", alg: "RS256", kid: @kid, n: number.(modulus), e: number.(exponent)}]}
  end

  if match?({:module, _}, Code.ensure_compiled(Plug.Conn)) do
    @doc """
    Signs a user in for the requests of a conn that has not been sent, as `Kinde.Plug` would have.

    Beside who is signed in, takes `:client` (needed), and `:keep` and `:cookie_name` as the application said them to
    `Kinde.Plug`; `:live_view` too.
    """
    @spec conn_signed_in(Plug.Conn.t(), options()) :: Plug.Conn.t()
    def conn_signed_in(conn, options) do
      {own, options} = Keyword.split(options, [:client, :keep, :cookie_name, :live_view])
      session = sign_in(Keyword.fetch!(own, :client), options)

      case own[:keep] || :store do
        :store -> Plug.Test.init_test_session(conn, %{"kinde_session_id" => Session.save!(session)})
        :cookies -> conn |> put_cookies(session, own) |> put_claims(session, own)
      end
    end

    @doc "Signs the user out for the further requests of a conn. Takes `:keep` and `:cookie_name` as `conn_signed_in/2` does."
    @spec conn_signed_out(Plug.Conn.t(), options()) :: Plug.Conn.t()
    def conn_signed_out(conn, options \\ []) do
      case options[:keep] || :store do
        :store ->
          Plug.Test.init_test_session(conn, %{"kinde_session_id" => nil})

        :cookies ->
          Enum.reduce(0..3, conn, &Plug.Test.delete_req_cookie(&2, part(cookie_name(options), &1)))
      end
    end

    defp put_cookies(conn, session, own) do
      params = [name: cookie_name(own), value: Session.seal!(session)]
      %{"cookies" => cookies} = Kinde.Cookie.split!(session.client, params)

      for %{"delete" => false} = cookie <- cookies, reduce: conn do
        conn -> Plug.Test.put_req_cookie(conn, cookie["name"], cookie["value"])
      end
    end

    defp put_claims(conn, session, own) do
      if own[:live_view],
        do: Plug.Test.init_test_session(conn, %{"kinde_claims" => Session.seal!(session, content: "claims")}),
        else: conn
    end

    defp cookie_name(own), do: own[:cookie_name] || "kinde_session"

    defp part(name, 0), do: name
    defp part(name, number), do: "#{name}.#{number}"
  end

  # What the client asks for is what tokens must be.
  defp asked(client) do
    %{url: url} = Client.authorization_url!(client)
    URI.decode_query(URI.parse(url).query)
  end

  # One name, one claim, however it was written.
  defp claim(name) when is_atom(name), do: name
  defp claim(name), do: Enum.find(@claims, name, &(to_string(&1) == name))

  defp role(%{} = role), do: role
  defp role(key), do: %{id: key, key: key, name: key}

  defp flag(value) when is_boolean(value), do: %{t: "b", v: value}
  defp flag(value) when is_integer(value), do: %{t: "i", v: value}
  defp flag(value) when is_binary(value), do: %{t: "s", v: value}
  defp flag(value), do: %{t: "j", v: value}

  # Tokens

  defp sign(claims) do
    claims = for {name, value} <- claims, value != nil, into: %{}, do: {name, value}

    text = Enum.map_join([%{alg: "RS256", kid: @kid, typ: "JWT"}, claims], ".", &(&1 |> json() |> encode()))
    text <> "." <> encode(:crypto.sign(:rsa, :sha256, text, key()))
  end

  defp encode(bytes), do: bytes |> IO.iodata_to_binary() |> Base.url_encode64(padding: false)

  # The versions of OTP that are supported have no encoder of their own.
  defp json(nil), do: "null"
  defp json(value) when is_boolean(value), do: to_string(value)
  defp json(value) when is_atom(value), do: json(to_string(value))
  defp json(value) when is_integer(value) or is_float(value), do: to_string(value)

  defp json(value) when is_binary(value) do
    [?", for(<<letter::utf8 <- value>>, do: escaped(letter)), ?"]
  end

  defp json(value) when is_list(value), do: [?[, value |> Enum.map(&json/1) |> Enum.intersperse(?,), ?]]

  defp json(%{} = value) do
    members = Enum.map(value, fn {name, value} -> [json(to_string(name)), ?:, json(value)] end)
    [?{, Enum.intersperse(members, ?,), ?}]
  end

  defp escaped(letter) when letter in [?", ?\\], do: [?\\, letter]
  defp escaped(letter) when letter < 0x20, do: :io_lib.format("\\u~4.16.0b", [letter])
  defp escaped(letter), do: <<letter::utf8>>

  defp key, do: secrets().key
  defp seal_key, do: secrets().seal_key

  # Made once for each node; of two that are made at once, all take the first.
  defp secrets do
    with nil <- :persistent_term.get(@secrets, nil) do
      :global.trans({@secrets, self()}, &make_secrets/0, [node()])
    end
  end

  defp make_secrets do
    with nil <- :persistent_term.get(@secrets, nil) do
      {_public, key} = :crypto.generate_key(:rsa, {2048, 65_537})
      made = %{key: key, seal_key: Base.encode16(:crypto.strong_rand_bytes(32))}
      :persistent_term.put(@secrets, made)
      made
    end
  end
end
