defmodule Kinde.ApiMemoryTest do
  # The memory of the process is one for all tests.
  use ExUnit.Case, async: false

  alias Kinde.{Api, Client, Support.Emulator}

  @status "/proc/self/status"
  unless File.exists?(@status), do: @moduletag(skip: "there is no #{@status}")

  # In KiB.
  defp resident do
    [_all, kibibytes] = Regex.run(~r/VmRSS:\s+(\d+) kB/, File.read!(@status))
    String.to_integer(kibibytes)
  end

  # What nobody refers to any more is given back.
  defp growth(rounds, work) do
    run = fn -> Task.await(Task.async(fn -> Enum.each(1..rounds, work) end), 120_000) end
    run.()
    before = resident()
    run.()
    resident() - before
  end

  test "streams that were left early are garbage" do
    emulator = Emulator.start!()
    client = Client.new!(Emulator.machine(emulator))
    # Kept by each iterator: 400 would keep 8 MB.
    text = String.duplicate("x", 20_000)

    Emulator.post(emulator, "/faults", %{
      path: "/api/v1/users",
      times: nil,
      status: 200,
      body: %{users: [%{id: 1}, %{id: 2}]}
    })

    assert growth(400, fn _round ->
             assert [%{"id" => 1}] = client |> Api.stream(:get_users, extra: %{text: text}) |> Enum.take(1)
           end) < 3_500
  end

  test "calls and their answers are garbage" do
    emulator = Emulator.start!()
    client = Client.new!(Emulator.machine(emulator))
    body = %{users: List.duplicate(%{id: "kp_1", email: String.duplicate("x", 200)}, 500)}
    Emulator.post(emulator, "/faults", %{path: "/api/v1/users", times: nil, status: 200, body: body})

    assert growth(30, fn _round -> assert {:ok, %{"users" => [_ | _]}} = Api.call(client, :get_users) end) <
             4_000
  end
end
