defmodule KindeClientSDK.ApiTest do
  use ExUnit.Case, async: true

  alias Kinde.{Client, Error, Support.Emulator, Support.JSON, Token}
  alias KindeSDK.Api.{OAuth, Organizations, Users}
  alias KindeSDK.{Connection, Model}

  setup do
    emulator = Emulator.start!()
    %{emulator: emulator, connection: connection(emulator)}
  end

  defp connection(emulator, params \\ []) do
    machine = Client.new!(Emulator.machine(emulator))
    params = Keyword.put_new(params, :audience, emulator.url <> "/api")
    token = Token.client_credentials!(machine, params).access_token
    Connection.new(base_url: emulator.url, access_token: token)
  end

  defp request(emulator, path),
    do: emulator |> Emulator.get("/requests?path=#{path}") |> get_in(["requests", Access.at(-1)])

  test "the 16 functions are there, with and without options" do
    named = %{
      OAuth => ~w(get_user get_user_profile_v2)a,
      Organizations =>
        ~w(add_organization_users create_organization get_orgainzations get_organization get_organization_users remove_organization_users)a,
      Users =>
        ~w(add_organization_users create_user deleteuser get_organization_users get_user get_users remove_organization_users update_user)a
    }

    for {module, names} <- named do
      first = if module == Users, do: [update_user: 2, update_user: 3], else: []
      others = for name <- names, name != :update_user, arity <- [1, 2], do: {name, arity}
      assert Enum.sort(first ++ others) == Enum.sort(module.__info__(:functions))
    end
  end

  test "users", %{emulator: emulator, connection: connection} do
    request = %Model.CreateUserRequest{
      profile: %Model.CreateUserRequestProfile{given_name: "Emmy", family_name: nil},
      identities: [
        %Model.CreateUserRequestIdentitiesInner{
          type: "email",
          details: %Model.CreateUserRequestIdentitiesInnerDetails{email: "emmy@example.com"}
        }
      ]
    }

    assert {:ok, %Model.CreateUser200Response{created: true, id: id} = made} =
             Users.create_user(connection, body: request, verbose: true)

    assert [%Model.UserIdentity{type: "email"}] = made.identities

    assert JSON.decode!(request(emulator, "/api/v1/user")["body"]) == %{
             "profile" => %{"given_name" => "Emmy"},
             "identities" => [%{"type" => "email", "details" => %{"email" => "emmy@example.com"}}]
           }

    assert {:ok, %Model.User{id: ^id, email: "emmy@example.com", first_name: "Emmy", is_suspended: false}} =
             Users.get_user(connection, id: id)

    update = %Model.UpdateUserRequest{family_name: "Noether"}
    assert {:ok, %Model.User{last_name: "Noether"}} = Users.update_user(connection, update, id: id)

    assert {:ok, %Model.User{first_name: "Amalie"}} =
             Users.update_user(connection, %{given_name: "Amalie"}, id: id)

    assert {:ok, [%Model.User{}, %Model.User{}]} =
             Users.get_users(connection, page_size: 2, sort: "name_asc", unheard_of: 1)

    assert request(emulator, "/api/v1/users")["query"] == %{"page_size" => ["2"]}
    assert {:ok, [%Model.User{id: ^id}]} = Users.get_users(connection, user_id: id)

    assert Users.deleteuser(connection, id: id) == {:ok, nil}
    assert {:error, %Error{code: :api, http_status: 404}} = Users.get_user(connection, id: id)
  end

  test "organizations", %{connection: connection} do
    assert {:ok, organizations} = Organizations.get_orgainzations(connection, page_size: 50)
    assert %Model.Organization{name: "Acme"} = Enum.find(organizations, &(&1.code == "org_acme"))
    request = %Model.CreateOrganizationRequest{name: "Initech"}
    assert Organizations.create_organization(connection, body: request) == {:ok, nil}
    assert {:ok, organizations} = Organizations.get_orgainzations(connection)
    assert %{code: code} = Enum.find(organizations, &(&1.name == "Initech"))

    assert {:ok, %Model.Organization{name: "Initech", code: ^code}} =
             Organizations.get_organization(connection, code: code)
  end

  test "users of an organization", %{emulator: emulator, connection: connection} do
    {:ok, users} = Users.get_users(connection)
    [ada, grace] = for name <- ["Ada", "Grace"], do: Enum.find(users, &(&1.first_name == name)).id
    organization = [code: "org_globex"]

    before =
      Organizations.get_organization_users(connection, organization) |> elem(1) |> Enum.map(& &1.user_id)

    assert ada in before and grace not in before

    added = %Model.AddOrganizationUsersRequest{users: [grace]}

    assert {:ok, %Model.AddOrganizationUsers200Response{users_add: [^grace]}} =
             Organizations.add_organization_users(connection, [body: added] ++ organization)

    assert {:ok, members} = Users.get_organization_users(connection, organization)

    assert %Model.OrganizationUser{email: "grace@example.com", full_name: "Grace Hopper"} =
             Enum.find(members, &(&1.user_id == grace))

    removed = %Model.RemoveOrganizationUsersRequest{users: [ada, grace]}

    assert {:ok, %Model.RemoveOrganizationUsers200Response{users_added: gone}} =
             Users.remove_organization_users(connection, [body: removed] ++ organization)

    assert Enum.sort(gone) == Enum.sort([ada, grace])
    body = JSON.decode!(request(emulator, "/api/v1/organizations/org_globex/users")["body"])
    assert body["users"] == for(id <- [ada, grace], do: %{"id" => id, "operation" => "delete"})
    {:ok, members} = Organizations.get_organization_users(connection, organization)
    assert members |> Enum.map(& &1.user_id) |> Enum.sort() == Enum.sort(before -- [ada])

    assert {:ok, _added} =
             Users.add_organization_users(connection, code: "org_globex", body: %{users: [%{id: ada}]})

    assert {:ok, _removed} =
             Organizations.remove_organization_users(connection,
               code: "org_globex",
               body: [users: [%{id: ada}]]
             )
  end

  test "what is missing is said", %{emulator: emulator, connection: connection} do
    for call <- [
          &Organizations.add_organization_users/1,
          &Organizations.get_organization_users/1,
          &Organizations.remove_organization_users/1
        ] do
      assert {:error, %Error{code: :invalid_argument, field: "org_code"}} = call.(connection)
    end

    # Here it is Kinde that says it.
    for call <- [&Users.get_user/1, &Users.deleteuser/1, &Organizations.get_organization/1] do
      assert {:error, %Error{code: :api, http_status: 400}} = call.(connection)
    end

    assert Emulator.count(emulator, "/api/v1/user") == 2
  end

  test "a body that is none is refused, and times in one are sent as such", context do
    %{emulator: emulator, connection: connection} = context

    for body <- ["text", 5, ["kp_1"], self()],
        call <- [
          &Users.create_user(connection, body: &1),
          &Users.update_user(connection, &1, id: "kp_1"),
          &Organizations.create_organization(connection, body: &1),
          &Organizations.add_organization_users(connection, code: "org_1", body: &1),
          &Organizations.remove_organization_users(connection, code: "org_1", body: &1)
        ] do
      assert {:error, %Error{code: :invalid_argument, field: "body" <> _}} = call.(body)
    end

    assert Emulator.count(emulator, "/api/v1/user") == 0
    added = [name: "Novel", founded: ~D[2026-01-02], at: [~U[2026-01-02 03:04:05Z]]]
    Organizations.create_organization(connection, body: added)
    body = JSON.decode!(request(emulator, "/api/v1/organization")["body"])
    assert body == %{"name" => "Novel", "founded" => "2026-01-02", "at" => ["2026-01-02T03:04:05Z"]}

    assert {:error, %Error{code: :invalid_argument, field: "body.at", message: message}} =
             Organizations.create_organization(connection, body: %{at: ~T[03:04:05]})

    assert message =~ "DateTime"
  end

  test "a token that is none, or may not, or is nobody's", %{emulator: emulator, connection: connection} do
    assert {:error, %Error{code: :not_authenticated, message: message}} =
             Users.get_users(%{connection | access_token: nil})

    assert message =~ "access_token"

    for token <- [
          "",
          "x",
          Emulator.mint(emulator, %{sign: "foreign"}),
          Emulator.mint(emulator, %{template: "id"})
        ] do
      assert {:error, %Error{}} = Users.get_users(%{connection | access_token: token})
    end

    assert Emulator.count(emulator, "/api/v1/users") == 0
    poor = connection(emulator, scope: "read:roles")
    assert {:error, %Error{missing_scope: "read:users", http_status: 403}} = Users.get_users(poor)
    assert {:error, %Error{}} = Users.get_users(%{connection | base_url: "no address"})
    assert_raise FunctionClauseError, fn -> Users.get_users(nil) end
  end

  test "answers without content are nil", %{emulator: emulator, connection: connection} do
    for {path, call} <- [
          {"/api/v1/user", &Users.create_user(&1, body: %{profile: %{given_name: "x"}})},
          {"/api/v1/users", &Users.get_users/1},
          {"/api/v1/organizations/org_1/users",
           &Organizations.add_organization_users(&1, code: "org_1", body: %{users: ["kp_1"]})},
          {"/api/v1/organization", &Organizations.get_organization(&1, code: "org_1")}
        ] do
      Emulator.post(emulator, "/faults", %{path: path, status: 204, body_base64: ""})
      assert call.(connection) == {:ok, nil}
    end
  end
end
