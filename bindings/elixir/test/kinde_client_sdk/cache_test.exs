defmodule KindeClientSDK.CacheTest do
  use ExUnit.Case, async: true

  import Kinde.Support.DocumentedApp

  alias Kinde.Support.Emulator
  alias KindeSDK.KindeCache

  setup_all do
    %{emulator: Emulator.start!()}
  end

  test "the process is alive and supervised, and outlives the request", %{emulator: emulator} do
    {conn, client} = Task.await(Task.async(fn -> init(conn(), emulator) end))
    pid = KindeClientSDK.get_cache_pid(conn)
    assert is_pid(pid) and Process.alive?(pid)
    assert pid == client.cache_pid

    assert pid in for(
             {_id, pid, _type, _modules} <- DynamicSupervisor.which_children(KindeCache.Processes),
             do: pid
           )

    assert KindeClientSDK.get_cache_pid(conn()) == nil
  end

  test "what the documentation asks of it by messages", %{emulator: emulator} do
    conn = signed_in(emulator)
    data = KindeClientSDK.get_all_data(conn)

    for server <- [KindeClientSDK.get_cache_pid(conn), Plug.Conn.get_session(conn, :kinde_cache_pid)] do
      for {key, value} <- data, value != nil do
        key = :"kinde_#{key}"
        assert GenServer.call(server, {:get_kinde_data, key}) == [{key, value}]
      end

      assert [kinde_client: %KindeClientSDK{client_id: "emulator_web", cache_pid: pid}] =
               GenServer.call(server, {:get_kinde_data, :kinde_client})

      assert pid == KindeClientSDK.get_cache_pid(conn)

      assert [kinde_auth_status: :authenticated] =
               GenServer.call(server, {:get_kinde_data, :kinde_auth_status})

      assert GenServer.call(server, {:get_kinde_data, :nothing}) == []
      assert GenServer.call(server, {:get_kinde_data, "nothing"}) == []
      assert KindeCache.get_data(server).kinde_access_token == data.access_token
    end
  end

  test "a LiveView asks by the name in the session", %{emulator: emulator} do
    %{"kinde_cache_pid" => cache} = Plug.Conn.get_session(signed_in(emulator))
    assert [kinde_user: %{email: "ada@example.com"}] = GenServer.call(cache, {:get_kinde_data, :kinde_user})

    {anybody, _client} = init(conn(), emulator)
    %{"kinde_cache_pid" => cache} = Plug.Conn.get_session(anybody)
    assert GenServer.call(cache, {:get_kinde_data, :kinde_user}) == []
  end

  test "the process of before the sign-in goes on answering", %{emulator: emulator} do
    {conn, client} = init(conn(), emulator)
    assert GenServer.call(client.cache_pid, {:get_kinde_data, :kinde_access_token}) == []

    {conn, after_sign_in} =
      conn |> KindeClientSDK.login(client) |> come_back(emulator) |> KindeClientSDK.get_token()

    assert after_sign_in.cache_pid == client.cache_pid
    assert KindeClientSDK.get_cache_pid(conn) == client.cache_pid

    assert [kinde_access_token: <<_::binary>>] =
             GenServer.call(client.cache_pid, {:get_kinde_data, :kinde_access_token})
  end

  test "it knows of a sign-in that has begun", %{emulator: emulator} do
    {conn, client} = init(conn(), emulator)
    status = fn -> GenServer.call(client.cache_pid, {:get_kinde_data, :kinde_auth_status}) end
    assert status.() == [kinde_auth_status: :unauthenticated]
    KindeClientSDK.login(conn, client)
    assert status.() == [kinde_auth_status: :authenticating]
  end

  test "it learns from the session of Plug what happened at another node", %{emulator: emulator} do
    {conn, client} = init(conn(), emulator)
    conn = KindeClientSDK.login(conn, client)
    {:via, KindeCache, {id, _session_id, _settings}} = Plug.Conn.get_session(conn, :kinde_cache_pid)
    # All that this node knows of it.
    :ets.delete(KindeCache.Entries, id)

    assert KindeClientSDK.get_cache_pid(conn) == client.cache_pid

    assert GenServer.call(client.cache_pid, {:get_kinde_data, :kinde_auth_status}) ==
             [kinde_auth_status: :authenticating]
  end

  test "a client without a secret gets none, wherever it is made anew", %{emulator: emulator} do
    {_conn, %{client_secret: <<_::binary>>}} = init(conn(), emulator)
    {conn, _client} = init(conn(), emulator, :authorization_code_flow_pkce, client_secret: nil)
    assert KindeClientSDK.get_kinde_client(next(conn)).client_secret == nil
  end

  test "nothing is lost with it", %{emulator: emulator} do
    conn = signed_in(emulator)
    pid = KindeClientSDK.get_cache_pid(conn)
    monitor = Process.monitor(pid)
    Process.exit(pid, :kill)
    assert_receive {:DOWN, ^monitor, :process, ^pid, :killed}

    assert KindeClientSDK.authenticated?(conn)
    other = KindeClientSDK.get_cache_pid(conn)
    assert other != pid and Process.alive?(other)
    assert [kinde_user: %{email: "ada@example.com"}] = GenServer.call(other, {:get_kinde_data, :kinde_user})
  end

  test "it ends when nobody asks, and keeps what an application put there", %{emulator: emulator} do
    {conn, client} = init(conn(), emulator)
    GenServer.cast(client.cache_pid, {:add_kinde_data, {:basket, [1, 2]}})
    assert GenServer.call(client.cache_pid, {:get_kinde_data, :basket}) == [basket: [1, 2]]

    monitor = Process.monitor(client.cache_pid)
    send(client.cache_pid, :timeout)
    assert_receive {:DOWN, ^monitor, :process, _pid, :normal}
    assert GenServer.call(KindeClientSDK.get_cache_pid(conn), {:get_kinde_data, :basket}) == [basket: [1, 2]]
  end

  test "data that an application puts there signs nobody in", %{emulator: emulator} do
    {conn, client} = init(conn(), emulator)
    user = %{id: "kp_1", email: "mallory@example.com"}
    forged = Emulator.mint(emulator, %{sign: "foreign"})

    for {key, value} <- [
          kinde_user: user,
          kinde_access_token: forged,
          kinde_login_time_stamp: DateTime.utc_now()
        ] do
      GenServer.cast(client.cache_pid, {:add_kinde_data, {key, value}})
    end

    GenServer.cast(client.cache_pid, {:add_kinde_data, {:kinde_expires_in, 99_987}})
    :sys.get_state(client.cache_pid)
    assert KindeClientSDK.get_all_data(conn).user == user

    refute KindeClientSDK.authenticated?(conn)

    assert catch_throw(KindeClientSDK.get_claims(conn)) ==
             "Request is missing required authentication credential"
  end

  test "data of before are gone after a sign-in", %{emulator: emulator} do
    {conn, client} = init(conn(), emulator)
    GenServer.cast(client.cache_pid, {:add_kinde_data, {:kinde_user, %{id: "kp_1"}}})
    :sys.get_state(client.cache_pid)
    conn = KindeClientSDK.login(conn, client)
    assert KindeClientSDK.get_user_detail(conn) == nil
    {conn, _client} = conn |> come_back(emulator) |> KindeClientSDK.get_token()
    assert KindeClientSDK.get_user_detail(conn).email == "ada@example.com"
  end

  test "messages that are none of its business do not end it", %{emulator: emulator} do
    {conn, client} = init(conn(), emulator)

    for message <- [:hello, {:add_kinde_data, 1}, {:add_kinde_data, {"a", 1}}],
        do: GenServer.cast(client.cache_pid, message)

    send(client.cache_pid, :hello)
    for question <- [:hello, {:get_kinde_data}], do: assert(GenServer.call(client.cache_pid, question) == [])
    assert GenServer.call(client.cache_pid, {:get_kinde_data, :nothing}) == []
    assert KindeClientSDK.get_cache_pid(conn) == client.cache_pid
  end

  test "the client can be put there", %{emulator: emulator} do
    {conn, client} = init(conn(), emulator)
    GenServer.cast(client.cache_pid, {:add_kinde_data, {:kinde_client, %{client | scopes: "openid"}}})
    :sys.get_state(client.cache_pid)
    assert KindeClientSDK.get_kinde_client(conn).scopes == "openid"
  end

  test "a cache of its own" do
    {:ok, pid} = KindeCache.start_link()
    GenServer.cast(pid, {:add_kinde_data, {:key, "value"}})
    assert GenServer.call(pid, {:get_kinde_data, :key}) == [key: "value"]
    assert KindeCache.get_data(pid) == %{key: "value", kinde_auth_status: :unauthenticated}
  end

  test "the cookie holds nothing of this node, and no secret", %{emulator: emulator} do
    conn = signed_in(emulator)
    assert Map.keys(Plug.Conn.get_session(conn)) == ["kinde_cache_pid"]
    cookie = conn |> Plug.Conn.get_session() |> :erlang.term_to_binary()
    assert byte_size(cookie) < 1_000
    client = KindeClientSDK.get_kinde_client(conn)
    refute cookie =~ client.client_secret
    assert refute_node_local(Plug.Conn.get_session(conn))

    # Nor anything with which tokens could be had elsewhere.
    data = KindeClientSDK.get_all_data(conn)
    for token <- [data.access_token, data.id_token, data.refresh_token], do: refute(cookie =~ token)
  end

  test "a node that has just started reads the cookie", %{emulator: emulator} do
    additional = %{audience: "https://api.example.com", org_name: "Acme"}
    {conn, client} = init(conn(), emulator, :authorization_code_flow_pkce, additional_params: additional)
    conn = KindeClientSDK.login(conn, client, %{org_code: "org_acme"})
    cookie = conn |> Plug.Conn.get_session() |> :erlang.term_to_binary()

    # Its sessions are read before anything of ours is called, and atoms that are not known make them unreadable.
    path = :code.get_path()
    {:ok, peer, _node} = :peer.start_link(%{connection: :standard_io, args: ['-pa' | path]})
    {:ok, _started} = :peer.call(peer, :application, :ensure_all_started, [:kinde_sdk], 60_000)
    assert :peer.call(peer, :erlang, :binary_to_term, [cookie, [:safe]]) == Plug.Conn.get_session(conn)
    :peer.stop(peer)
  end

  test "what the former package left in a session does no harm", %{emulator: emulator} do
    for left <- [
          self(),
          spawn(fn -> :ok end),
          "text",
          {:via, KindeCache, "x"},
          {:via, KindeCache, {1, 2, 3}},
          nil
        ] do
      conn = Plug.Test.init_test_session(Plug.Test.conn(:get, "/"), %{kinde_cache_pid: left})
      refute KindeClientSDK.authenticated?(conn)
      assert KindeClientSDK.get_cache_pid(conn) == nil
      assert {conn, %KindeClientSDK{}} = init(conn, emulator)
      assert is_pid(KindeClientSDK.get_cache_pid(conn))
    end
  end

  defp refute_node_local(term) when is_pid(term) or is_reference(term) or is_port(term) or is_function(term),
    do: flunk("#{inspect(term)} is in the cookie")

  defp refute_node_local(%{} = map), do: refute_node_local(Map.to_list(map))
  defp refute_node_local([head | tail]), do: refute_node_local(head) and refute_node_local(tail)
  defp refute_node_local(tuple) when is_tuple(tuple), do: refute_node_local(Tuple.to_list(tuple))
  defp refute_node_local(_term), do: true
end
