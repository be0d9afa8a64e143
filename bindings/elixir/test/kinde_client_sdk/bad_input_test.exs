defmodule KindeClientSDK.BadInputTest do
  use ExUnit.Case, async: true

  import Kinde.Support.DocumentedApp

  alias Kinde.Support.Emulator

  # What a caller may be told; an exit, or an error of something inside, is none of it.
  @told [ArgumentError, FunctionClauseError]

  setup_all do
    emulator = Emulator.start!()
    {anybody, client} = init(conn(), emulator)
    %{conns: [signed_in(emulator), anybody, conn()], client: client}
  end

  test "every function of a conn takes bad arguments without crashing", %{conns: conns} do
    functions =
      for {name, arity} <- KindeClientSDK.__info__(:functions),
          name not in [:__struct__, :init, :struct_of, :get_grant_type, :login, :register, :create_org],
          arity > 1,
          do: {name, arity}

    assert length(functions) > 12

    for {name, arity} <- functions, conn <- conns, bad <- bad() do
      told(name, [conn | List.duplicate(bad, arity - 1)])
    end

    assert KindeClientSDK.authenticated?(hd(conns))
  end

  test "what is no conn is refused", %{client: client} do
    for {name, arity} <- KindeClientSDK.__info__(:functions),
        name not in [:__struct__, :struct_of, :get_grant_type],
        bad <- bad() do
      given = if name in [:login, :register, :create_org, :save_kinde_client], do: [client], else: []
      arguments = Enum.take([bad | given] ++ List.duplicate("x", 9), arity)
      assert told(name, arguments) in [:refused, :thrown]
    end
  end

  test "every part of init takes bad arguments without crashing", %{conns: [_ada, anybody, _nobody]} do
    good = [
      "https://a.kinde.com",
      "https://a.example.com/",
      "id",
      "secret",
      :authorization_code,
      "https://a.example.com/",
      "openid",
      %{}
    ]

    for place <- 0..7, bad <- bad() do
      case told(:init, [anybody | List.replace_at(good, place, bad)]) do
        {conn, %KindeClientSDK{} = client} ->
          told(:login, [conn, client])
          told(:authenticated?, [conn])
          told(:get_token, [conn])
          told(:logout, [conn])

        _refused ->
          :ok
      end
    end
  end

  test "what begins a sign-in takes bad parameters without crashing", %{conns: conns, client: client} do
    for name <- [:login, :register, :create_org], conn <- tl(conns), bad <- bad() do
      told(name, [conn, client, bad])
      told(name, [conn, client, %{org_code: bad}])
    end
  end

  defp bad do
    [
      nil,
      true,
      :atom,
      0,
      -1.5,
      "",
      "text",
      <<255>>,
      'list',
      [1 | 2],
      %{},
      %{1 => 2},
      {},
      self(),
      make_ref(),
      &is_nil/1
    ]
  end

  # Calls it: what it returns, or how it refused.
  defp told(name, arguments) do
    apply(KindeClientSDK, name, arguments)
  rescue
    error -> if error.__struct__ in @told, do: :refused, else: reraise(error, __STACKTRACE__)
  catch
    :throw, reason when is_binary(reason) -> :thrown
  end
end
