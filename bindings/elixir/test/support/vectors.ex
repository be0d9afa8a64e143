defmodule Kinde.Support.Vectors do
  @moduledoc """
  Runs the cases that every language runs unchanged (`tests/vectors/README.md`).
  """

  alias Kinde.{Api, Client, Session, Support.Emulator, Support.JSON, Token}

  @directory Path.expand("../../../../tests/vectors", __DIR__)

  # Questions that this package does not ask by themselves, and what it has instead.
  @instead %{"claim_string" => "claim", "claim_integer" => "claim", "claim_boolean" => "claim"}

  # What the settings of a group are merged over.
  @settings %{
    "domain" => "${issuer}",
    "client_id" => "emulator_web",
    "client_secret" => "emulator-web-secret-0123456789abcdefghijkl",
    "redirect_uri" => "http://127.0.0.1:1/callback",
    "logout_redirect_uri" => "http://127.0.0.1:1/logged-out"
  }

  @spec files() :: [String.t()]
  def files do
    for file <- Path.wildcard(Path.join(@directory, "**/*.json")),
        do: file |> Path.relative_to(@directory) |> Path.rootname()
  end

  @spec read(String.t()) :: map()
  def read(file), do: @directory |> Path.join(file <> ".json") |> File.read!() |> JSON.decode!()

  @doc "Why a case cannot be run with this package, or nil."
  @spec left_out(map()) :: String.t() | nil
  def left_out(test) do
    case test["call"] do
      nil -> "nothing is called"
      call when is_map_key(@instead, call) -> "#{@instead[call]} answers for every type"
      _others -> nil
    end
  end

  @doc "Runs a group and tells what came out differently."
  @spec differences(Emulator.t(), map()) :: [String.t()]
  def differences(emulator, group) do
    group = filled(group, emulator, System.os_time(:second))
    Emulator.reset(emulator)
    control(emulator, group["control"])
    client = Client.new!(settings(emulator, group["settings"]))
    session = session(emulator, client, group["session"])
    control(emulator, group["then"])
    run = %{emulator: emulator, client: client, session: session}

    for test <- group["cases"], left_out(test) == nil, difference = difference(run, test), do: difference
  end

  defp difference(run, test) do
    control(run.emulator, test["control"])
    {request, expect} = Map.pop(test["expect"], "request", :any)
    last = if request != :any, do: last_request(run.emulator)
    answer = call(run, test["call"], test["with"] || %{})
    difference = compare(answer, expect) || compare_request(run, request, last)
    difference && "#{test["name"]}: #{difference}, got #{inspect(answer)}"
  end

  defp last_request(emulator),
    do: emulator |> requests_after(0) |> Enum.map(& &1["id"]) |> Enum.max(fn -> 0 end)

  defp requests_after(emulator, id), do: Emulator.get(emulator, "/requests?after=#{id}")["requests"]

  defp compare_request(_run, :any, _last), do: nil

  defp compare_request(run, expected, last) do
    at_api = run.emulator |> requests_after(last) |> Enum.filter(&(&1["path"] =~ "api/v1/"))

    sent =
      with %{} = request <- List.last(at_api) do
        body = if request["body"] == "", do: nil, else: JSON.decode!(request["body"])
        request |> Map.take(["method", "path", "query"]) |> Map.put("body", body)
      end

    if sent != expected, do: "request: expected #{inspect(expected)}, sent #{inspect(sent)}"
  end

  defp filled(text, emulator, _now) when is_binary(text) do
    text
    |> String.replace("${issuer}", emulator.url)
    |> String.replace("${host}", URI.parse(emulator.url).authority)
  end

  defp filled(list, emulator, now) when is_list(list), do: Enum.map(list, &filled(&1, emulator, now))
  defp filled(%{"$now" => seconds}, _emulator, now), do: now + seconds

  defp filled(%{} = map, emulator, now),
    do: Map.new(map, fn {key, value} -> {key, filled(value, emulator, now)} end)

  defp filled(value, _emulator, _now), do: value

  defp settings(emulator, changes) do
    own = %{"connect_timeout_ms" => 5_000 + System.unique_integer([:positive])}
    # What is nil is left out, which takes a setting away.
    @settings |> filled(emulator, 0) |> Map.merge(own) |> Map.merge(changes || %{})
  end

  defp control(emulator, requests) do
    for request <- List.wrap(requests) do
      Emulator.control(emulator, request["method"], request["path"], request["body"])
    end
  end

  defp session(emulator, client, "signed_in"), do: Emulator.signed_in(emulator, client)
  defp session(emulator, client, %{} = wanted), do: Session.from_tokens!(client, tokens(emulator, wanted))
  defp session(_emulator, client, _new), do: Session.new!(client)

  defp tokens(emulator, wanted) do
    id = wanted["id"]

    %{
      access_token: mint(emulator, "access", wanted["access"] || %{}),
      id_token: id && mint(emulator, "id", id)
    }
  end

  defp mint(emulator, _template, %{"template" => nil} = changes) do
    Emulator.post(emulator, "/mint", Map.take(changes, ["claims"]))["token"]
  end

  defp mint(emulator, template, changes) do
    over = %{
      "template" => template,
      "client_id" => "emulator_web",
      "email" => "ada@example.com",
      "org_code" => "org_acme"
    }

    Emulator.post(emulator, "/mint", Map.merge(over, changes))["token"]
  end

  defp call(run, name, with) when name in ~w(claim claims permissions roles flags) do
    arguments = List.wrap(with["name"]) ++ [type(with)]
    apply(Session, String.to_existing_atom(name), [run.session | arguments])
  end

  defp call(run, name, _with)
       when name in ~w(expires_at access_token tokens organization organizations user refresh) do
    apply(Session, String.to_existing_atom(name), [run.session])
  end

  defp call(run, name, params) when name in ~w(login_url register_url create_org_url) do
    apply(Session, String.to_existing_atom(name), [run.session, params])
  end

  defp call(_run, "new_client", %{"environment" => variables}),
    do: Kinde.Native.client_from_env([], variables)

  defp call(_run, "new_client", with), do: Client.new(with["settings"])
  defp call(run, "authorization_url", params), do: Client.authorization_url(run.client, params)
  defp call(run, "logout_url", params), do: Client.logout_url(run.client, params)
  defp call(run, "client_credentials", params), do: Token.client_credentials(run.client, params)

  defp call(run, "sign_in", _with) do
    with {:ok, url} <- Session.login_url(run.session) do
      Session.handle_callback(run.session, Emulator.browse(run.emulator, url))
    end
  end

  defp call(run, "handle_callback", with) do
    with {:ok, begun} <- Session.login_url(run.session, with["params"] || %{}) do
      Session.handle_callback(run.session, callback(run, with["callback"], begun))
    end
  end

  defp call(run, "ensure_fresh", with), do: Session.ensure_fresh(run.session, with["min_seconds"] || 60)
  defp call(run, "session_from_tokens", with), do: Session.from_tokens(run.client, tokens(run.emulator, with))

  defp call(run, "verify_token", with) do
    token =
      case with do
        %{"token" => token} ->
          token

        %{"mint" => %{"template" => template} = minted} when template != nil ->
          mint(run.emulator, template, minted)

        %{"mint" => minted} ->
          Emulator.post(run.emulator, "/mint", minted)["token"]
      end

    Token.verify(run.client, token, with["options"] || %{})
  end

  defp call(run, "user_profile", with), do: Token.user_profile(run.client, own(run, "access_token", with))
  defp call(run, "introspect_token", with), do: Token.introspect(run.client, own(run, "token", with))
  defp call(run, "revoke_token", with), do: Token.revoke(run.client, own(run, "token", with))

  defp call(run, "device_poll", with) do
    params = %{device_code: Token.device_start!(run.client).device_code}

    for _poll <- Enum.drop(1..Map.get(with, "polls", 1), 1),
        do: {:error, _} = Token.device_poll(run.client, params)

    control(run.emulator, with["control"])
    Token.device_poll(run.client, params)
  end

  defp call(run, "is_authenticated", _with), do: {:ok, Session.authenticated?(run.session)}

  # What answers `false` for errors is asked where the error shows.
  defp call(run, "has_permission", with) do
    decided(Kinde.Native.session_has_permission(run.session.ref, with["permission"], number(with)))
  end

  defp call(run, "has_role", with) do
    decided(Kinde.Native.session_has_role(run.session.ref, with["key"], number(with)))
  end

  defp call(run, "has", with), do: decided(Kinde.Native.session_has(run.session.ref, with["conditions"]))

  defp call(run, "flag", with) do
    default = if Map.has_key?(with, "default"), do: [default: with["default"]], else: []
    Session.flag(run.session, with["code"], [type: with["type"]] ++ default)
  end

  defp call(run, "flag_boolean", with), do: Session.boolean_flag(run.session, with["code"], with["default"])
  defp call(run, "flag_integer", with), do: Session.integer_flag(run.session, with["code"], with["default"])
  defp call(run, "flag_string", with), do: Session.string_flag(run.session, with["code"], with["default"])

  defp call(run, "api_call", with), do: Api.response(run.client, with["operation"], with["params"] || %{})

  defp decided(answer) when is_boolean(answer), do: {:ok, answer}
  defp decided(failed), do: failed

  defp own(run, parameter, with) do
    case Session.access_token(run.session) do
      {:ok, token} -> Map.put_new(with, parameter, token)
      {:error, _error} -> with
    end
  end

  defp callback(run, callback, begun) do
    state = begun |> query() |> Map.fetch!("state")

    if callback =~ "${query}" do
      String.replace(callback, "${query}", URI.parse(Emulator.browse(run.emulator, begun)).query)
    else
      String.replace(callback, "${state}", state)
    end
  end

  defp type(with), do: String.to_existing_atom(with["token_type"] || "access")

  defp number(with), do: if(type(with) == :id, do: 1, else: 0)

  defp compare(answer, expect) do
    status = status(answer)

    if status == expect["status"] do
      expect
      |> Map.drop(~w(status number advice))
      |> Enum.find_value(fn {name, expected} ->
        unless same?(answer, name, expected), do: "#{name}: expected #{inspect(expected)}"
      end)
    else
      "expected #{expect["status"]}"
    end
  end

  defp status({:error, error}), do: error.code |> to_string() |> String.upcase()
  defp status(_answer), do: "OK"

  @errors %{
    "field" => :field,
    "claim" => :claim,
    "oauth_code" => :oauth_error,
    "retry_after_seconds" => :retry_after
  }

  defp same?({:error, error}, "fields", expected) do
    Enum.sort(Enum.map(error.fields, & &1.field)) == Enum.sort(expected)
  end

  defp same?({:error, error}, name, expected), do: Map.fetch!(error, @errors[name]) == expected
  defp same?({:ok, %{url: url}}, "url", expected), do: url?(url, expected)
  defp same?({:ok, url}, "url", expected), do: url?(url, expected)
  defp same?({:ok, answer}, "members", expected), do: Map.take(plain(answer), Map.keys(expected)) == expected

  defp same?({:ok, answer}, "value", %{"name" => name, "value" => value}) when is_binary(name),
    do: plain(answer) == value

  defp same?({:ok, answer}, "value", expected), do: plain(answer) == expected
  defp same?({:ok, answer}, name, expected), do: plain(answer)[name] == expected

  defp url?(url, expected) do
    sent = query(url)

    String.starts_with?(url, expected["starts_with"] || "") and
      Enum.all?(expected["query"] || %{}, fn
        {name, "*"} -> sent[name] not in [nil, ""]
        {name, value} -> sent[name] == value
      end)
  end

  defp query(url), do: URI.decode_query(URI.parse(url).query || "")

  # As JSON has it.
  defp plain(%_struct{} = value), do: value |> Map.from_struct() |> plain()
  defp plain(value), do: value |> JSON.encode!() |> JSON.decode!()
end
