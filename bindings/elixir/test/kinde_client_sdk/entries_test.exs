defmodule KindeClientSDK.EntriesTest do
  # The table is one for all.
  use ExUnit.Case, async: false

  import Kinde.Support.DocumentedApp

  alias Kinde.Support.Emulator
  alias KindeSDK.CoreClient
  alias KindeSDK.KindeCache.Entries

  @hours 3_600_000
  @minutes 60_000

  setup do
    on_exit(fn -> :ets.match_delete(Entries, {{__MODULE__, :_}, :_, :_}) end)
  end

  defp written(number, age, entry),
    do: :ets.insert(Entries, {{__MODULE__, number}, entry, System.monotonic_time(:millisecond) - age})

  defp there?(number), do: Entries.lookup({__MODULE__, number}, nil) != nil

  defp flood(age), do: for(number <- 1..100_000, do: written(number, age, %{status: :authenticating}))

  test "entries that were not written for long are dropped" do
    written(1, 26 * @hours, %{})
    written(2, 26 * @hours, %{held: :token})
    written(3, 24 * @hours, %{})
    assert Entries.sweep() >= 2
    assert {there?(1), there?(2), there?(3)} == {false, false, true}
  end

  test "of too many, those stay that are of use" do
    flood(16 * @minutes)
    written(0, 16 * @minutes, %{held: :token})
    written(1, 14 * @minutes, %{})
    assert Entries.sweep() >= 99_999
    assert {there?(0), there?(1), there?(2)} == {true, true, false}
  end

  test "nothing is lost that is written at the same time" do
    id = "browser of #{inspect(__MODULE__)}"
    on_exit(fn -> Entries.delete(id) end)

    other =
      Task.async(fn ->
        for number <- 1..20_000, do: Entries.merge(id, %{session_id: "#{number}"})
      end)

    for number <- 1..20_000 do
      Entries.merge(id, %{data: %{basket: number}})
      assert %{data: %{basket: ^number}} = Entries.get(id)
    end

    Task.await(other, 60_000)
    assert %{session_id: "20000", data: %{basket: 20_000}} = Entries.get(id)
  end

  test "so many visitors take no memory without end, and keep nobody from signing in" do
    emulator = Emulator.start!()
    flood(0)
    entries = :ets.info(Entries, :size)

    conn = signed_in(emulator)
    assert KindeClientSDK.get_user_detail(conn).email == "ada@example.com"
    assert {conn, %{auth_status: :authenticated}} = KindeClientSDK.get_token(conn)
    assert :ets.info(Entries, :size) <= entries

    {machine, client} = init(conn(), emulator, :client_credentials)
    machine = KindeClientSDK.login(machine, client)
    assert KindeClientSDK.authenticated?(next(machine))

    answer = KindeClientSDK.logout(conn)
    refute KindeClientSDK.authenticated?(next(answer))
  end

  test "an application whose redirect_uri browsers decide takes no memory without end" do
    for number <- 1..2_500 do
      client =
        KindeClientSDK.struct_of(
          domain: "https://example.kinde.com",
          client_id: "x",
          client_secret: nil,
          grant_type: :authorization_code,
          redirect_uri: "https://a#{number}.example.com/",
          scopes: "openid"
        )

      assert {:ok, core} = CoreClient.of(client)
      assert CoreClient.of(client) == {:ok, core}
      assert :ets.info(CoreClient, :size) <= 1_000
    end
  end
end
