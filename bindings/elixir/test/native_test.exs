defmodule Kinde.NativeTest do
  use ExUnit.Case, async: true

  alias Kinde.{Native, Support.Emulator, Support.Reload}

  # A node of its own, without a network of nodes.
  defp node! do
    {:ok, peer, _name} =
      :peer.start_link(%{connection: :standard_io, args: Enum.flat_map(:code.get_path(), &['-pa', &1])})

    {:ok, _started} = :peer.call(peer, Application, :ensure_all_started, [:elixir])
    # What a node says would be taken for the test's.
    :peer.call(peer, Application, :put_env, [:logger, :level, :none])
    peer
  end

  test "is purged, deleted and loaded again with calls in flight" do
    emulator = Emulator.start!()
    Emulator.post(emulator, "/faults", %{path: "/oauth2/device/auth", times: nil, delay_ms: 1_000})
    peer = node!()
    settings = [domain: emulator.url, client_id: "emulator_device", timeout_ms: 20_000]
    answers = :peer.call(peer, Reload, :with_calls_in_flight, [settings, 50, 3], 120_000)
    # No message is left. A call that the loaded library does not know cannot be given up, and is answered.
    assert answers == %{{:ok, {:message_queue_len, 0}} => 150}
    :peer.stop(peer)
  end

  test "goes on when other modules are loaded anew under load" do
    emulator = Emulator.start!()
    peer = node!()
    token = Emulator.mint(emulator)
    assert :peer.call(peer, Reload, :other_modules, [Emulator.settings(emulator), token], 60_000) > 0
    :peer.stop(peer)
  end

  test "cannot be replaced in place: the VM refuses, and the loaded one goes on" do
    peer = node!()
    assert {{:error, :on_load_failure}, true} = :peer.call(peer, Reload, :in_place, [], 60_000)
    :peer.stop(peer)
  end

  test "says what is missing when there is no library" do
    peer = node!()
    :peer.call(peer, System, :put_env, ["KINDE_NIF_PATH", "/nowhere/kinde_nif.so"])
    :peer.call(peer, System, :put_env, ["KINDE_NIF_SHA256", String.duplicate("0", 64)])
    error = catch_error(:peer.call(peer, Native, :version, []))
    assert Exception.message(error) =~ "/nowhere/kinde_nif.so cannot be read: no such file"
    assert Exception.message(error) =~ "KINDE_NIF_PATH"
    :peer.stop(peer)
  end

  test "exports its entry alone, and nothing of the library's C interface" do
    if nm = System.find_executable("nm") do
      path = System.get_env("KINDE_NIF_PATH") || Path.join(:code.priv_dir(:kinde_sdk), "native/kinde_nif.so")
      {symbols, 0} = System.cmd(nm, ["--dynamic", "--defined-only", path])
      names = for line <- String.split(symbols, "\n", trim: true), do: line |> String.split() |> List.last()
      # The second is the same entry, for a VM that it would be linked into.
      assert "nif_init" in names
      assert names -- ["nif_init", "kinde_nif_nif_init"] == []
    end
  end
end
