defmodule KindeClientSDK.NodesTest do
  # The configuration is one for all.
  use ExUnit.Case, async: false

  import Kinde.Support.DocumentedApp

  alias Kinde.Support.{Emulator, Redis}

  @moduletag :redis
  @moduletag timeout: 120_000

  setup do
    redis = Redis.start!()
    settings = [store_url: redis.url, seal_keys: Base.encode64(:crypto.strong_rand_bytes(32))]
    %{emulator: Emulator.start!(), settings: settings}
  end

  # Another node of the same release, which has met none of the browsers. What it answers comes back as terms that mean
  # something here.
  defp start_node(configuration) do
    {:ok, peer, _node} = :peer.start_link(%{connection: :standard_io, args: ['-pa' | :code.get_path()]})
    :ok = :peer.call(peer, Application, :put_all_env, [[kinde_sdk: configuration]])
    {:ok, _started} = :peer.call(peer, Application, :ensure_all_started, [:kinde_sdk], 60_000)
    peer
  end

  defp on(peer, function, arguments), do: :peer.call(peer, KindeClientSDK, function, arguments, 60_000)

  test "a sign-in goes on at another node, and after a restart", %{emulator: emulator, settings: settings} do
    configuration = [
      settings: settings,
      backend_client_id: "emulator_web",
      client_secret: "emulator-web-secret-0123456789abcdefghijkl"
    ]

    configured(configuration, fn ->
      peer = start_node(configuration)

      # Begun here, finished there.
      {conn, client} = init(conn(), emulator)
      conn = conn |> KindeClientSDK.login(client) |> come_back(emulator)
      assert on(peer, :get_auth_status, [conn]) == :authenticating
      {conn, %{auth_status: :authenticated}} = on(peer, :get_token, [conn])

      conn = next(conn)
      assert KindeClientSDK.authenticated?(conn)
      assert %{email: "ada@example.com"} = KindeClientSDK.get_user_detail(conn)
      assert on(peer, :get_permissions, [conn]) == KindeClientSDK.get_permissions(conn)

      # The other node restarts.
      :peer.stop(peer)
      peer = start_node(configuration)
      assert on(peer, :authenticated?, [conn])
      assert on(peer, :get_kinde_client, [conn]).client_id == "emulator_web"
      {_conn, %{auth_status: :authenticated}} = on(peer, :get_token, [conn])

      # Signed out here is signed out there.
      KindeClientSDK.logout(conn)
      refute on(peer, :authenticated?, [conn])
      :peer.stop(peer)
    end)
  end

  test "a token is renewed by a node that has not seen the secret given", %{
    emulator: emulator,
    settings: settings
  } do
    # Expired already, but no longer ago than the leeway for clocks that differ.
    Emulator.control(emulator, "PATCH", "/applications?client_id=emulator_web", %{access_token_seconds: 10})
    Emulator.post(emulator, "/clock", %{shift_seconds: -30})

    configuration = [
      settings: settings,
      frontend_client_id: "emulator_web",
      client_secret: "emulator-web-secret-0123456789abcdefghijkl"
    ]

    configured(configuration, fn ->
      conn = signed_in(emulator)
      Emulator.post(emulator, "/clock", %{reset: true})
      peer = start_node(configuration)
      refute on(peer, :authenticated?, [conn])
      {_conn, %{auth_status: :authenticated}} = on(peer, :get_token, [conn])
      assert KindeClientSDK.authenticated?(conn)
      :peer.stop(peer)
    end)
  end

  test "the processes can crash and sign nobody out", %{emulator: emulator} do
    conn = signed_in(emulator)
    kill(KindeClientSDK.get_cache_pid(conn))
    kill(Process.whereis(KindeSDK.KindeCache.Entries))
    assert KindeClientSDK.authenticated?(conn)

    assert [kinde_user: %{}] =
             GenServer.call(KindeClientSDK.get_cache_pid(conn), {:get_kinde_data, :kinde_user})
  end

  test "too many visitors take nothing down", %{emulator: emulator} do
    limit = fn number -> :sys.replace_state(KindeSDK.KindeCache.Processes, &%{&1 | max_children: number}) end
    limit.(0)

    try do
      conn = signed_in(emulator)
      pid = KindeClientSDK.get_cache_pid(conn)
      assert Process.alive?(pid)
      assert GenServer.call(pid, {:get_kinde_data, :kinde_user}) == []
      assert KindeSDK.KindeCache.get_data(pid) == %{}
      GenServer.cast(pid, {:add_kinde_data, {:kinde_user, %{}}})
      assert KindeClientSDK.get_user_detail(conn).email == "ada@example.com"
    after
      limit.(50_000)
    end
  end

  test "all of the state can be lost and sign nobody out", %{emulator: emulator} do
    conn = signed_in(emulator)
    :ets.delete_all_objects(KindeSDK.KindeCache.Entries)
    assert KindeClientSDK.authenticated?(conn)
    assert KindeClientSDK.get_kinde_client(conn).client_secret =~ "emulator-web-secret"
    assert {conn, %{auth_status: :authenticated}} = KindeClientSDK.get_token(conn)
    assert KindeClientSDK.logout(conn).status == 302
  end

  defp kill(pid) do
    monitor = Process.monitor(pid)
    Process.exit(pid, :kill)
    assert_receive {:DOWN, ^monitor, :process, ^pid, _reason}
  end

  test "a store that is away signs nobody out", %{emulator: emulator} do
    redis = Redis.start!()

    keys = [
      store_url: redis.url,
      seal_keys: Base.encode64(:crypto.strong_rand_bytes(32)),
      store_timeout_ms: 500
    ]

    configured([settings: keys], fn ->
      conn = signed_in(emulator)
      Redis.pause(redis)
      refute KindeClientSDK.authenticated?(conn)
      reason = catch_throw(KindeClientSDK.get_claims(conn))
      assert is_binary(reason) and reason != "Request is missing required authentication credential"
      assert is_binary(catch_throw(KindeClientSDK.logout(conn)))

      Redis.resume(redis)
      assert KindeClientSDK.authenticated?(conn)
    end)
  end
end
