defmodule Kinde.AnyTermTest do
  # Every function of the native library is given every kind of term in each place. It answers, or raises an ArgumentError;
  # the VM, the caller and the library go on.
  use ExUnit.Case, async: true

  alias Kinde.{Client, Error, Native, Session, Token}
  alias Kinde.Support.{AnyTerm, Emulator}

  @rounds 50

  # What changes for all tests, and what is no function of the native library.
  @left_out [log_to: 2, events_to: 1, load: 0]

  setup_all do
    emulator = Emulator.start!()
    client = Emulator.client(emulator, seal_keys: [String.duplicate("k", 43)], timeout_ms: 2_000)
    session = Emulator.signed_in(emulator, client)

    {:ok, pages} = Native.api_pages(client.ref, "get_users", [])
    values = [make_ref(), [], %{}, "read:todos", "get_users", 0, 1, Session.access_token!(session)]
    %{good: [client.ref, session.ref, pages | values], session: session}
  end

  for {name, arity} <- Native.__info__(:functions) -- @left_out do
    test "#{name}/#{arity} takes any terms", %{good: good, session: session} do
      for _round <- 1..@rounds do
        arguments = for _place <- Enum.drop(0..unquote(arity), 1), do: AnyTerm.any(good)
        judge(unquote(name), arguments, call(unquote(name), arguments))
      end

      for place <- Enum.drop(0..unquote(arity), 1), term <- [self(), {}, <<1::1>>, 1.5, fn -> :ok end] do
        # All good but one.
        arguments = List.replace_at(good(unquote(name), unquote(arity), good), place - 1, term)
        judge(unquote(name), arguments, call(unquote(name), arguments))
      end

      assert is_boolean(Session.permission?(session, "read:todos"))
    end
  end

  defp good(name, arity, [client, session, pages | _others]) do
    first =
      cond do
        String.starts_with?(to_string(name), "session_") -> session
        name == :api_pages_next -> pages
        true -> client
      end

    Enum.take([first | List.duplicate([], arity)], arity)
  end

  defp call(name, arguments) do
    {:answer, apply(Native, name, arguments)}
  rescue
    ArgumentError -> :refused
  end

  defp judge(_name, _arguments, :refused), do: :ok
  defp judge(_name, _arguments, {:answer, :ok}), do: :ok
  defp judge(_name, _arguments, {:answer, :wait}), do: :ok
  defp judge(_name, _arguments, {:answer, :large}), do: :ok
  defp judge(_name, _arguments, {:answer, {:error, %Error{} = error}}), do: message(error)

  defp judge(_name, arguments, {:answer, {:ok, task}}) when is_reference(task) do
    # A call has begun, or there is a client or a session. What was given last is the reference of a call.
    case List.last(arguments) do
      ref when is_reference(ref) -> finish(task, ref)
      _none -> :ok
    end
  end

  defp judge(_name, _arguments, {:answer, {:ok, _value}}), do: :ok
  defp judge(:version, _arguments, {:answer, "" <> _version}), do: :ok
  defp judge(:session_revision, _arguments, {:answer, revision}), do: assert(is_integer(revision))

  defp judge(name, _arguments, {:answer, value}) do
    assert is_boolean(value) or (name in [:session_flag_integer, :session_flag_string] and value != nil),
           "#{name}: #{inspect(value)}"
  end

  defp finish(task, ref) do
    Native.task_cancel(task)

    receive do
      {^ref, {:error, %Error{} = error}} -> message(error)
      {^ref, _result} -> :ok
    after
      60_000 -> flunk("a call that began sent nothing")
    end
  rescue
    # It was no call.
    ArgumentError -> :ok
  end

  defp message(error) do
    assert String.valid?(Exception.message(error))
    assert Exception.message(error) != ""
  end

  test "a text that is not UTF-8 is an error too, because a browser may have sent it", %{session: session} do
    client = session.client
    bad = <<"caf", 0xE9>>

    for {name, ask} <- [
          verify: &Token.verify(client, &1),
          load: &Session.load(client, &1),
          delete: &Session.delete(client, &1),
          revoke_all: &Session.revoke_all(client, &1),
          open: &Session.open(client, &1),
          handle_callback: &Session.handle_callback(session, &1),
          claim: &Session.claim(session, &1),
          flag: &Session.flag(session, &1),
          boolean_flag: &Session.boolean_flag(session, &1, true),
          integer_flag: &Session.integer_flag(session, &1, 1),
          string_flag: &Session.string_flag(session, &1, "x"),
          fetch: &Session.fetch(session, &1),
          login_url: &Session.login_url(session, org_code: &1)
        ] do
      assert {^name, {:error, %Error{code: :invalid_utf8} = error}} = {name, ask.(bad)}
      message(error)
    end

    # Nobody has what cannot be named.
    refute Session.permission?(session, bad)
    refute Session.role?(session, bad)
  end

  test "what is wrong inside is named with the way to it", %{session: session} do
    for {field, given} <- [
          {"org_code", <<255>>},
          {"org_code", 1 <<< 64},
          {"org_code.name", %{name: self()}},
          {"org_code.names[1].first", [names: [%{}, %{"first" => <<255>>}]]},
          {"org_code[2]", ["a", "b", {}]},
          {"org_code[0][0]", [[1.5, self()] |> Enum.reverse()]}
        ] do
      assert {:error, %Error{field: ^field, fields: [%{field: ^field}]} = error} =
               Session.login_url(session, org_code: given)

      assert String.starts_with?(error.message, field <> ": ")
    end

    for whole <- [[self()], [1], "x", {}, nil, ~D[2026-01-02]] do
      assert {:error, %Error{code: :invalid_argument, field: nil, message: message}} =
               Session.login_url(session, whole)

      assert message =~ "keyword list"
    end
  end

  defp left <<< right, do: Bitwise.bsl(left, right)

  test "what is too large or too deep is an error, not an exception" do
    settings = [domain: "https://example.kinde.com", client_id: "x"]

    client = Client.new!(settings)

    for {bytes, give} <- [
          {70_000, &Session.login_url(Session.new!(client), org_code: &1)},
          {300_000, &Session.from_tokens(client, access_token: &1)},
          {1_100_000, &Client.new([scope: &1] ++ settings)}
        ] do
      assert {:error, %Error{code: :invalid_argument, message: "what is given is larger than " <> _}} =
               give.(String.duplicate("x", bytes))
    end

    # It is not read to its end for that: there the first is no list, and the second no keyword list.
    session = Session.new!(client)

    assert {:error, %Error{message: "what is given is larger than 64 KiB"}} =
             Session.login_url(session, org_code: List.duplicate(1, 10_000) ++ 2)

    assert {:error, %Error{field: "org_code.a", message: "org_code.a: is given twice"}} =
             Session.login_url(session, org_code: [a: 1, a: 2] ++ 3)

    # A scheduler is to be held no longer by many small terms than by one that is long.
    many = [page_size: Enum.to_list(1..9_000)]
    assert Native.api_call(client.ref, "get_users", many, make_ref()) == :large

    deep = Enum.reduce(1..100, 1, fn _level, inner -> [inner] end)
    assert {:error, %Error{code: :invalid_argument}} = Client.new([scope: deep] ++ settings)

    for term <- [self(), make_ref(), {1, 2}, & &1, <<1::3>>, [1 | 2]] do
      assert {:error, %Error{code: :invalid_argument, field: "scope", fields: [%{field: "scope"}]}} =
               Client.new([scope: term] ++ settings)

      assert {:error, %Error{code: :invalid_argument}} = Client.derive(Client.new!(settings), term)
    end
  end
end
