defmodule Kinde.Support.DocumentedApp do
  @moduledoc """
  An application that uses `KindeClientSDK` as its documentation says, and a browser that visits it.

  Between two requests the session of Plug goes through the form that it has in a cookie, and nothing else stays.
  """

  alias Kinde.Support.Emulator

  @redirect_uri "http://127.0.0.1:1/callback"
  @logout_redirect_uri "http://127.0.0.1:1/logged-out"

  @secrets %{
    "emulator_web" => "emulator-web-secret-0123456789abcdefghijkl",
    "emulator_m2m" => "emulator-m2m-secret-0123456789abcdefghijkl"
  }

  @doc "A request of a browser that was not here before."
  def conn(path \\ "/"), do: :get |> Plug.Test.conn(path) |> Plug.Test.init_test_session(%{})

  @doc "The next request of the browser that got `conn` as its answer."
  def next(conn, path \\ "/") do
    session = conn |> Plug.Conn.get_session() |> :erlang.term_to_binary() |> :erlang.binary_to_term([:safe])
    :get |> Plug.Test.conn(path) |> Plug.Test.init_test_session(session)
  end

  @doc "The browser comes back from Kinde to the address that `conn` sends it to."
  def come_back(conn, emulator), do: next(conn, Emulator.browse(emulator, location(conn)))

  def location(conn), do: conn |> Plug.Conn.get_resp_header("location") |> hd()

  @doc "The parameters of the address that `conn` sends the browser to."
  def sent(conn), do: conn |> location() |> URI.parse() |> Map.get(:query) |> URI.decode_query()

  def init(conn, emulator, grant_type \\ :authorization_code_flow_pkce, changes \\ []) do
    client_id = Keyword.get(changes, :client_id, default_id(grant_type))

    KindeClientSDK.init(
      conn,
      Keyword.get(changes, :domain, emulator.url),
      Keyword.get(changes, :redirect_uri, @redirect_uri),
      client_id,
      Keyword.get(changes, :client_secret, @secrets[client_id]),
      grant_type,
      Keyword.get(changes, :logout_redirect_uri, @logout_redirect_uri),
      changes[:scopes],
      changes[:additional_params]
    )
  end

  defp default_id(:client_credentials), do: "emulator_m2m"
  defp default_id(_user), do: "emulator_web"

  @doc "A request of a browser that is signed in."
  def signed_in(emulator, grant_type \\ :authorization_code_flow_pkce, changes \\ []) do
    {conn, client} = init(conn(), emulator, grant_type, changes)

    {conn, _client} =
      conn |> KindeClientSDK.login(client) |> come_back(emulator) |> KindeClientSDK.get_token()

    next(conn)
  end

  @doc "Runs with these keys in the configuration of `:kinde_sdk`, and as before afterwards."
  def configured(keys, function) do
    former = Application.get_all_env(:kinde_sdk)
    Application.put_all_env(kinde_sdk: keys)

    try do
      function.()
    after
      for {key, _value} <- keys, do: Application.delete_env(:kinde_sdk, key)
      Application.put_all_env(kinde_sdk: former)
    end
  end
end
