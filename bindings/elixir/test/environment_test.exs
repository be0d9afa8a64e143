defmodule Kinde.EnvironmentTest do
  # The environment is that of all tests.
  use ExUnit.Case, async: false

  alias Kinde.{Client, Error}

  setup do
    settings = %{"KINDE_DOMAIN" => "https://example.kinde.com", "KINDE_CLIENT_ID" => "of-the-environment"}
    before = Map.new(settings, fn {name, _value} -> {name, System.get_env(name)} end)
    System.put_env(settings)
    on_exit(fn -> System.put_env(before) end)
  end

  test "settings come from the environment when that is asked for, and those given win" do
    redirect = [redirect_uri: "https://app.example.com/callback"]
    client = Client.new!([env: true] ++ redirect)
    assert Client.authorization_url!(client).url =~ "client_id=of-the-environment&"
    client = Client.new!([env: true, client_id: "given"] ++ redirect)
    assert Client.authorization_url!(client).url =~ "client_id=given&"
    assert {:error, %Error{code: :config}} = Client.new(redirect)
  end
end
