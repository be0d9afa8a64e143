defmodule Kinde.VectorsTest do
  use ExUnit.Case, async: true

  alias Kinde.{Client, Session, Support.Emulator, Support.Vectors}

  setup_all do
    %{emulator: Emulator.start!()}
  end

  @files Vectors.files() -- ["return_to"]
  @return_to Vectors.read("return_to")

  for file <- @files, group <- Vectors.read(file)["groups"] do
    @tag group: group
    test "#{file}: #{group["name"]}", %{emulator: emulator, group: group} do
      assert Vectors.differences(emulator, group) == []
    end
  end

  test "nearly all cases are run" do
    tests = for file <- @files, group <- Vectors.read(file)["groups"], test <- group["cases"], do: test
    assert Enum.count(tests, &Vectors.left_out/1) < div(length(tests), 5)
  end

  test "return addresses that lead elsewhere are refused" do
    session = Session.new!(Client.new!(@return_to["settings"]))

    for address <- @return_to["refused"] do
      assert {:error, %Kinde.Error{code: :invalid_argument}} = Session.login_url(session, return_to: address)
    end
  end

  test "return addresses that are good come back", %{emulator: emulator} do
    Emulator.reset(emulator)
    known = %{"domain" => emulator.url, "client_id" => "emulator_web"}
    secret = %{"client_secret" => "emulator-web-secret-0123456789abcdefghijkl"}
    client = Client.new!(@return_to["settings"] |> Map.merge(known) |> Map.merge(secret))

    for %{"given" => given, "result" => result} <- @return_to["accepted"] do
      session = Session.new!(client)
      url = Session.login_url!(session, return_to: given)
      assert {:ok, %{return_to: ^result}} = Session.handle_callback(session, Emulator.browse(emulator, url))
    end
  end
end
