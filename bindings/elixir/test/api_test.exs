defmodule Kinde.ApiTest do
  use ExUnit.Case, async: true

  alias Kinde.{Api, Client, Error, Session, Support.Emulator, Support.JSON}
  alias Kinde.Api.{Account, OAuth, Organizations, Roles, Users}

  @users "/api/v1/users"

  setup do
    emulator = Emulator.start!()
    %{emulator: emulator, client: Client.new!(Emulator.machine(emulator))}
  end

  defp requests(emulator, path), do: Emulator.get(emulator, "/requests?path=#{path}")["requests"]
  defp fault(emulator, fault), do: Emulator.post(emulator, "/faults", fault)
  defp messages, do: elem(Process.info(self(), :messages), 1)

  defp make_users(client, count) do
    calls = for number <- 1..count, do: {:create_user, profile: [given_name: "User #{number}"]}
    {:ok, results} = Api.call_many(client, calls)
    assert Enum.all?(results, &match?({:ok, %{"id" => _}}, &1))
  end

  describe "calls" do
    test "are made by functions and by names, and answer with data", %{client: client} do
      assert {:ok, %{"users" => [%{"id" => id} | _others]}} = Users.get_users(client, page_size: 1)
      assert {:ok, %{"id" => ^id}} = Api.call(client, "get_user_data", %{"id" => id})
      assert %{"id" => ^id} = Users.get_user_data!(client, id: id)
      assert {:ok, %{"roles" => [_ | _]}} = Roles.get_roles(client)
    end

    test "take a name of a client", %{emulator: emulator} do
      start_supervised!({Client, [name: __MODULE__, prepare: false] ++ Emulator.machine(emulator)})
      assert {:ok, %{"users" => _}} = Users.get_users(__MODULE__)
    end

    test "send the same whether keys are atoms or texts, and the body flat or whole", context do
      %{emulator: emulator, client: client} = context
      profile = %{given_name: "Ada", family_name: "L"}

      for params <- [
            [profile: profile],
            [profile: Map.to_list(profile)],
            %{profile: profile},
            %{"profile" => %{"given_name" => "Ada", "family_name" => "L"}},
            [body: %{profile: profile}],
            [create_user_request: %{profile: profile}]
          ] do
        assert {:ok, %{"created" => true}} = Users.create_user(client, params)
      end

      bodies = for request <- requests(emulator, "/api/v1/user"), do: JSON.decode!(request["body"])
      assert Enum.uniq(bodies) == [%{"profile" => %{"given_name" => "Ada", "family_name" => "L"}}]
      assert length(bodies) == 6
    end

    test "know short forms", %{emulator: emulator, client: client} do
      %{"users" => [%{"id" => id} | _]} = Users.get_users!(client)
      assert {:ok, _added} = Organizations.add_organization_users(client, code: "org_globex", users: [id])
      [request] = requests(emulator, "/api/v1/organizations/org_globex/users")
      assert JSON.decode!(request["body"]) == %{"users" => [%{"id" => id}]}
    end

    test "have nil as no value in the query, and as null in the body", %{emulator: emulator, client: client} do
      assert {:ok, _users} = Users.get_users(client, page_size: 5, email: nil)
      assert [%{"query" => query}] = requests(emulator, @users)
      assert query == %{"page_size" => ["5"]}

      Api.call(client, :update_business, business_name: "Acme", phone: nil)
      [request] = requests(emulator, "/api/v1/business")
      assert JSON.decode!(request["body"]) == %{"business_name" => "Acme", "phone" => nil}

      # These cannot be empty.
      Users.create_user(client, profile: %{given_name: "Ada", family_name: nil}, provided_id: nil)
      [request] = requests(emulator, "/api/v1/user")
      assert JSON.decode!(request["body"]) == %{"profile" => %{"given_name" => "Ada"}}
    end

    test "take dates and times as Elixir has them", %{emulator: emulator, client: client} do
      vienna = %DateTime{
        DateTime.new!(~D[2026-07-01], ~T[09:05:06.070])
        | utc_offset: 3600,
          std_offset: 3600,
          time_zone: "Europe/Vienna",
          zone_abbr: "CEST"
      }

      times = [
        ~U[2026-01-02 03:04:05Z],
        ~U[2026-01-02 03:04:05.000120Z],
        vienna,
        %{vienna | utc_offset: -12_600, std_offset: 0}
      ]

      for time <- times, do: assert({:ok, _users} = Users.get_users(client, active_since: time))
      sent = for request <- requests(emulator, @users), do: request["query"]["active_since"]
      assert sent == Enum.map(times, &[DateTime.to_iso8601(&1)])

      # Kinde has no such parameter, but this is how it is sent.
      Api.request(client, :get, @users, query: [born: ~D[0026-01-02]])
      assert List.last(requests(emulator, @users))["query"]["born"] == ["0026-01-02"]

      for other <- [
            ~N[2026-01-02 03:04:05],
            ~T[03:04:05],
            %Error{},
            MapSet.new(),
            %{__struct__: 1},
            %{~D[2026-01-02] | month: :x}
          ] do
        assert {:error, %Error{code: :invalid_argument, field: "active_since"} = error} =
                 Users.get_users(client, active_since: other)

        assert error.message =~ "DateTime"
      end
    end

    test "are refused before anything is sent, with all that is wrong", %{emulator: emulator, client: client} do
      assert {:error, %Error{code: :invalid_argument, fields: fields}} =
               Users.get_users(client, page_size: "many", emial: "ada@example.com")

      assert ["emial", "page_size"] = fields |> Enum.map(& &1.field) |> Enum.sort()
      assert Enum.find(fields, &(&1.field == "emial")).message =~ "email"
      assert {:error, %Error{code: :invalid_argument, field: "id"}} = Users.delete_user(client, [])
      assert {:error, %Error{code: :unknown_operation, message: message}} = Api.call(client, :get_user_date)
      assert message =~ "get_user_data"
      assert Emulator.count(emulator, @users) == 0
      assert Emulator.count(emulator, "/oauth2/token") == 0
      assert messages() == []
    end

    test "let what Kinde has added pass in extra, and everything where validation is lenient", context do
      %{emulator: emulator, client: client} = context
      Api.call(client, :get_users, page_size: 1, extra: [novelty: "x"])
      lenient = Client.derive!(client, api_validation: "lenient")
      Api.call(lenient, :get_users, novelty: "y")
      queries = for request <- requests(emulator, @users), do: request["query"]
      assert queries == [%{"page_size" => ["1"], "novelty" => ["x"]}, %{"novelty" => ["y"]}]
    end

    test "may be as large as files are", %{emulator: emulator, client: client} do
      name = String.duplicate("x", 300_000)
      Users.create_user(client, profile: [given_name: name])
      assert [%{"body" => body}] = requests(emulator, "/api/v1/user")
      assert JSON.decode!(body)["profile"]["given_name"] == name

      assert {:error, %Error{code: :invalid_argument, message: "what is given is larger than 16384 KiB"}} =
               Users.create_user(client, profile: [given_name: String.duplicate("x", 17_000_000)])
    end

    test "give status and headers on demand", %{client: client} do
      assert {:ok, %Api.Response{status: 200, headers: headers, data: %{"users" => _}} = response} =
               Api.response(client, :get_users)

      assert headers["content-type"] =~ "application/json"
      assert inspect(response) == "#Kinde.Api.Response<status: 200, ...>"
    end

    test "answer nil where Kinde says nothing", %{emulator: emulator, client: client} do
      fault(emulator, %{path: "/api/v1/user", status: 204, body_base64: ""})
      assert Users.delete_user(client, id: "kp_1") == {:ok, nil}
    end

    test "reach any path", %{emulator: emulator, client: client} do
      assert {:ok, %{"users" => [_]}} = Api.request(client, :get, @users, query: [page_size: 1])
      assert {:ok, %{"users" => _}} = Api.request(client, "GET", @users, query: [])

      assert {:ok, %{"created" => true}} =
               Api.request(client, :post, "/api/v1/user", body: %{profile: %{given_name: "A"}})

      assert [%{"method" => "POST"}] = requests(emulator, "/api/v1/user")

      assert {:error, %Error{code: :invalid_argument, field: "path"}} =
               Api.request(client, :get, "/oauth2/token")

      assert {:error, %Error{code: :invalid_argument, field: "method"}} = Api.request(client, :brew, @users)

      # What is given in the wrong place is not shown.
      for wrong <- [
            fn -> Api.request(client, :post, @users, body: %{secret: "s3cret"}, headers: []) end,
            fn -> Api.request(client, :post, @users, body: "s3cret", body: "x") end,
            fn -> Api.request(client, :post, @users, %{body: %{secret: "s3cret"}}) end,
            fn -> Api.request(client, [secret: "s3cret"], @users) end,
            fn -> Api.call(client, [secret: "s3cret"], :create_user) end,
            fn -> Api.call(client, {:create_user, "s3cret"}) end,
            fn -> Api.stream(client, %{secret: "s3cret"}, :get_users) end
          ] do
        error = assert_raise ArgumentError, wrong
        refute error.message =~ "s3cret"
      end
    end

    test "are told to telemetry", %{client: client} do
      test = self()
      handler = fn event, _measurements, metadata, _config -> send(test, {event, metadata}) end
      :ok = :telemetry.attach({test, :api}, [:kinde, :api, :stop], handler, nil)
      Users.get_users(client)
      assert_received {[:kinde, :api, :stop], %{operation: "get_users", error: nil}}
    end
  end

  describe "errors" do
    test "have what Kinde says", %{emulator: emulator, client: client} do
      body = %{
        errors: [%{code: "USER_EXISTS", message: "There is one"}, %{code: "MORE", message: "and more"}]
      }

      fault(emulator, %{path: @users, status: 409, headers: %{"X-Request-Id" => "req_1"}, body: body})

      assert {:error, %Error{code: :api, http_status: 409, codes: ["USER_EXISTS", "MORE"]} = error} =
               Users.get_users(client)

      assert error.request_id == "req_1"
      assert Exception.message(error) =~ "There is one"
      assert_raise Error, fn -> Users.get_user_data!(client, id: "kp_none") end
    end

    test "name the scope that is missing", %{emulator: emulator, client: client} do
      session = Session.new!(client)
      :ok = Session.client_credentials(session, audience: emulator.url <> "/api", scope: "read:roles")
      assert {:ok, %{"roles" => _}} = Roles.get_roles(session)

      assert {:error, %Error{code: :api, http_status: 403, missing_scope: "read:users"}} =
               Users.get_users(session)
    end

    test "say when to come back", %{emulator: emulator} do
      client = Client.new!(Emulator.machine(emulator, timeout_ms: 5_000))
      fault(emulator, %{path: @users, times: nil, status: 429, headers: %{"RateLimit-Reset" => "77"}})
      assert {:error, %Error{code: :rate_limited, retry_after: seconds}} = Users.get_users(client)
      assert seconds in 70..77
    end
  end

  describe "a session" do
    setup %{emulator: emulator} do
      %{session: Emulator.signed_in(emulator, Emulator.client(emulator))}
    end

    test "asks about its user with the user's token", %{session: session} do
      assert {:ok, %{"data" => %{"roles" => [%{"key" => "admin"} | _]}}} = Account.get_user_roles(session)
      assert {:ok, %{"email" => "ada@example.com"}} = OAuth.get_user_profile_v2(session)
      assert %{"first_name" => "Ada"} = OAuth.get_user_profile!(session)
      assert {:ok, %Api.Response{status: 200}} = Api.response(session, :get_user_permissions)
      assert {:ok, %{"data" => _}} = Api.request(session, :get, "/account_api/v1/roles")
    end

    test "is no machine, and a machine is no user", %{client: client, session: session} do
      assert {:error, %Error{code: :api, http_status: 403}} = Users.get_users(session)
      assert {:error, %Error{code: :invalid_argument}} = Account.get_user_roles(client)
      assert {:error, %Error{code: :not_authenticated}} = Account.get_user_roles(Session.new!(client))
      assert_raise Error, ~r/user/, fn -> client |> Account.stream_user_roles() |> Enum.to_list() end
    end
  end

  describe "streams" do
    test "give all items, page by page", %{emulator: emulator, client: client} do
      make_users(client, 7)
      ids = client |> Users.stream_users(page_size: 2) |> Enum.map(& &1["id"])
      assert length(ids) == 11 and Enum.uniq(ids) == ids
      assert Emulator.count(emulator, @users) == 6
      assert Enum.sort(ids) == client |> Api.stream("get_users") |> Enum.map(& &1["id"]) |> Enum.sort()
      assert Emulator.count(emulator, @users) == 7
    end

    test "ask for a page when its first item is wanted, and begin anew each time", context do
      %{emulator: emulator, client: client} = context
      users = Users.stream_users(client, page_size: 2)
      assert Emulator.count(emulator, @users) == 0
      assert length(Enum.take(users, 2)) == 2
      assert Emulator.count(emulator, @users) == 1
      assert length(Enum.take(users, 3)) == 3
      assert Emulator.count(emulator, @users) == 3
    end

    test "leave nothing behind when they are left early", %{client: client} do
      make_users(client, 4)
      users = Users.stream_users(client, page_size: 1)
      before = Process.info(self(), [:links, :monitors, :messages])
      assert_raise RuntimeError, fn -> Enum.each(users, fn _user -> raise "enough" end) end
      assert :stopped == catch_throw(Enum.each(users, fn _user -> throw(:stopped) end))
      assert [_one] = Enum.take(users, 1)
      assert Process.info(self(), [:links, :monitors, :messages]) == before

      # Two at once do not disturb each other.
      assert [{_one, _first}, {_two, _second}] = users |> Stream.zip(users) |> Enum.take(2)
      assert messages() == []
    end

    test "give what is so of a user, with the user's token", %{emulator: emulator} do
      session = Emulator.signed_in(emulator, Emulator.client(emulator))
      {:ok, %{"data" => %{"permissions" => all}}} = Account.get_user_permissions(session)
      assert length(all) > 1
      assert session |> Account.stream_user_permissions(page_size: 1) |> Enum.to_list() == all
      assert Emulator.count(emulator, "/account_api/v1/permissions") == 1 + length(all)
      assert [_one] = session |> Api.stream(:get_user_permissions, page_size: 1) |> Enum.take(1)
    end

    test "raise what a call would give", %{emulator: emulator, client: client} do
      fault(emulator, %{path: @users, skip: 1, times: nil, status: 400})
      users = Users.stream_users(client, page_size: 2)
      assert [_one, _two] = Enum.take(users, 2)
      assert_raise Error, fn -> Enum.to_list(users) end

      for {operation, params} <- [get_users: [page_size: "x"], get_user_data: [id: "kp_1"], no_such: []] do
        assert_raise Error, fn -> client |> Api.stream(operation, params) |> Enum.to_list() end
      end
    end

    test "end when pages go round in a circle", %{emulator: emulator, client: client} do
      %{"next_token" => second} = Users.get_users!(client, page_size: 1)
      fault(emulator, %{path: @users, times: nil, patch: %{next_token: second}})
      users = Users.stream_users(client, page_size: 1)
      error = assert_raise Error, fn -> Enum.to_list(users) end
      assert error.code == :malformed_response
      assert Emulator.count(emulator, @users) == 3
    end
  end

  describe "many calls" do
    test "have their results in order, failures beside them", %{client: client} do
      %{"users" => [%{"id" => id} | _]} = Users.get_users!(client)

      assert {:ok, [one, two, three, four]} =
               Api.call_many(client, [
                 {:get_user_data, id: id},
                 {"get_user_data", %{"id" => "kp_none"}},
                 :get_roles,
                 {:get_users, page_size: 0.5}
               ])

      assert {:ok, %{"id" => ^id}} = one
      assert {:error, %Error{code: :api, http_status: 404, codes: ["USER_NOT_FOUND"]}} = two
      assert {:ok, %{"roles" => _}} = three
      assert {:error, %Error{code: :invalid_argument, field: "page_size"}} = four
      assert Api.call_many(client, []) == {:ok, []}
      assert [{:ok, _}] = Api.call_many!(client, [{:get_roles, []}])
    end

    test "are made a few at a time", %{emulator: emulator, client: client} do
      # The first two hang; with two at a time, no third comes before they are let go.
      fault(emulator, %{path: @users, times: 2, hang: true})
      calls = Task.async(fn -> Api.call_many(client, List.duplicate(:get_users, 6), concurrency: 2) end)
      Emulator.wait_for(emulator, @users, 2)
      assert Emulator.count(emulator, @users) == 2
      Emulator.post(emulator, "/release")
      assert {:ok, results} = Task.await(calls, 60_000)
      assert length(results) == 6 and Enum.all?(results, &match?({:ok, _}, &1))
    end

    test "have a time limit on demand, and refuse what is no list of calls", context do
      %{emulator: emulator, client: client} = context
      fault(emulator, %{path: @users, times: nil, hang: true})
      assert {:error, %Error{code: :timeout}} = Api.call_many(client, [:get_users], timeout: 50)
      assert messages() == []

      assert {:error, %Error{code: :invalid_argument, field: "concurrency"}} =
               Api.call_many(client, [:get_users], concurrency: 0)

      for none <- [:get_users, [:get_roles | :get_users], nil],
          do: assert_raise(FunctionClauseError, fn -> Api.call_many(client, none) end)
    end

    test "fail alone when they cannot be said to the library", %{emulator: emulator, client: client} do
      names = ["Ada", <<255>>, "Grace"]

      calls =
        [:get_roles, {:get_users, self()}, {{:get_users}, []}, {:a, :b, :c}] ++
          for(name <- names, do: {:create_user, profile: [given_name: name]})

      assert {:ok, [roles | others]} = Api.call_many(client, calls)
      assert {:ok, %{"roles" => _}} = roles
      assert [no_params, no_operation, no_call, ada, not_utf8, grace] = others
      assert {:error, %Error{code: :invalid_argument, field: nil}} = no_params
      assert {:error, %Error{code: :invalid_argument, field: "operation"}} = no_operation
      assert {:error, %Error{code: :invalid_argument, field: "operation"}} = no_call
      assert {:error, %Error{code: :invalid_utf8, field: "profile.given_name"}} = not_utf8
      assert {:ok, %{"id" => _}} = ada
      assert {:ok, %{"id" => _}} = grace

      sent = for request <- requests(emulator, "/api/v1/user"), do: JSON.decode!(request["body"])
      assert Enum.sort(Enum.map(sent, & &1["profile"]["given_name"])) == ["Ada", "Grace"]

      assert {:error, %Error{code: :invalid_argument, message: "what is given is larger than 16384 KiB"}} =
               Api.call_many(client, [
                 {:create_user, profile: [given_name: String.duplicate("x", 17_000_000)]}
               ])
    end
  end
end
