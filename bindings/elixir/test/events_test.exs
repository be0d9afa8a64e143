defmodule Kinde.EventsTest do
  # What the library asks of Kinde, as events of :telemetry.
  use ExUnit.Case, async: true

  alias Kinde.{Error, Session, Support.Emulator}

  @patience 60_000

  setup do
    emulator = Emulator.start!()
    test = self()
    # Other tests have other issuers.
    issuer = emulator.url

    for name <- [:jwks_fetch, :token_refresh, :api_call] do
      handler = fn
        [:kinde, ^name], measurements, %{issuer: ^issuer} = metadata, _config ->
          send(test, {name, measurements, metadata})

        _event, _measurements, _metadata, _config ->
          :ok
      end

      :ok = :telemetry.attach({test, name}, [:kinde, name], handler, nil)
    end

    %{emulator: emulator}
  end

  test "keys, refreshes and calls of an API are told, and how they ended", %{emulator: emulator} do
    client = Emulator.client(emulator)
    session = Emulator.signed_in(emulator, client)
    assert_receive {:jwks_fetch, %{duration: duration, monotonic_time: _}, %{error: nil}}, @patience
    assert duration > 0

    Session.fetch!(session, :roles)
    assert_receive {:api_call, %{duration: _}, %{operation: "get_user_roles", error: nil}}, @patience

    Session.refresh!(session)
    assert_receive {:token_refresh, %{duration: _}, %{client_id: "emulator_web", error: nil}}, @patience

    Emulator.post(emulator, "/faults", %{path: "/account_api/v1/roles", status: 500, times: nil})
    {:error, error} = Session.fetch(session, :roles)
    assert_receive {:api_call, _measurements, %{operation: "get_user_roles", error: ^error}}, @patience
    assert %Error{code: :api, http_status: 500} = error
    refute_received {:token_refresh, _measurements, _metadata}
  end
end
