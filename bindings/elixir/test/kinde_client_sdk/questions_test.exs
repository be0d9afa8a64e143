defmodule KindeClientSDK.QuestionsTest do
  use ExUnit.Case, async: true

  import Kinde.Support.DocumentedApp

  alias Kinde.Support.Emulator

  @missing "Request is missing required authentication credential"
  @bad_type "Please provide valid token (access_token or id_token) to get claim"

  setup_all do
    emulator = Emulator.start!()
    Emulator.post(emulator, "/login", %{email: "ada@example.com", org_code: "org_acme"})
    {anybody, _client} = init(conn(), emulator)
    %{emulator: emulator, ada: signed_in(emulator), anybody: anybody}
  end

  test "claims", %{ada: ada, emulator: emulator} do
    claims = KindeClientSDK.get_claims(ada)
    assert claims["iss"] == emulator.url
    assert claims == KindeClientSDK.get_claims(ada, :access_token)
    assert %{"email" => "ada@example.com"} = KindeClientSDK.get_claims(ada, :id_token)

    assert KindeClientSDK.get_claim(ada, "iss") == %{name: "iss", value: emulator.url}
    assert KindeClientSDK.get_claim(ada, "absent") == %{name: "absent", value: nil}

    assert KindeClientSDK.get_claim(ada, "email", :id_token) == %{name: "email", value: "ada@example.com"}
    assert %{name: "jti", value: <<_::binary>>} = KindeClientSDK.get_claim(ada, "jti", :id_token)
  end

  test "a wrong kind of token", %{ada: ada, anybody: anybody} do
    for conn <- [ada, anybody], bad <- [:refresh_token, "access_token", nil, 0] do
      assert catch_throw(KindeClientSDK.get_claims(conn, bad)) == @bad_type
      assert catch_throw(KindeClientSDK.get_claim(conn, "iss", bad)) == @bad_type
      assert catch_throw(KindeClientSDK.get_permissions(conn, bad)) == @bad_type
      assert catch_throw(KindeClientSDK.get_permission(conn, "read:todos", bad)) == @bad_type
    end
  end

  test "permissions", %{ada: ada} do
    assert %{org_code: "org_acme", permissions: permissions} = KindeClientSDK.get_permissions(ada)
    assert "create:todos" in permissions
    assert KindeClientSDK.get_permissions(ada, :id_token).permissions == nil

    assert KindeClientSDK.get_permission(ada, "create:todos") == %{org_code: "org_acme", is_granted: true}
    assert KindeClientSDK.get_permission(ada, "rule:world") == %{org_code: "org_acme", is_granted: false}
    assert %{is_granted: false} = KindeClientSDK.get_permission(ada, "create:todos", :id_token)
    assert %{is_granted: false} = KindeClientSDK.get_permission(ada, nil)
  end

  test "organizations", %{ada: ada} do
    assert KindeClientSDK.get_organization(ada) == %{org_code: "org_acme"}
    assert KindeClientSDK.get_user_organization(ada) == %{org_code: "org_acme"}
    assert KindeClientSDK.get_user_organizations(ada) == %{org_codes: ["org_acme", "org_globex"]}
  end

  test "the user", %{ada: ada} do
    assert %{id: "kp_" <> _, given_name: "Ada", family_name: "Lovelace", email: "ada@example.com"} =
             user = KindeClientSDK.get_user_detail(ada)

    assert user |> Map.keys() |> Enum.sort() == [:email, :family_name, :given_name, :id, :picture]
  end

  test "flags", %{ada: ada} do
    assert KindeClientSDK.get_flag(ada, "theme") ==
             %{"code" => "theme", "type" => "string", "value" => theme(ada), "is_default" => false}

    assert KindeClientSDK.get_flag(ada, "theme", "black") == KindeClientSDK.get_flag(ada, "theme")
    assert KindeClientSDK.get_flag(ada, "theme", "black", "s") == KindeClientSDK.get_flag(ada, "theme")
    assert KindeClientSDK.get_flag(ada, "theme", "black", "string") == KindeClientSDK.get_flag(ada, "theme")

    assert %{"type" => "boolean"} = KindeClientSDK.get_flag(ada, "is_dark_mode")
    assert %{"type" => "integer", "value" => limit} = KindeClientSDK.get_flag(ada, "competitions_limit")
    assert is_integer(limit)
    # A type that the documentation does not know.
    assert %{"type" => "undefined", "value" => %{}} = KindeClientSDK.get_flag(ada, "checkout")
  end

  test "flags that are not there", %{ada: ada} do
    assert KindeClientSDK.get_flag(ada, "no_flag") ==
             "This flag does not exist, and no default value provided"

    absent = %{"code" => "no_flag", "value" => "pink", "is_default" => true}
    assert KindeClientSDK.get_flag(ada, "no_flag", "pink") == absent
    assert KindeClientSDK.get_flag(ada, "no_flag", "pink", "b") == absent
    assert KindeClientSDK.get_flag(ada, "no_flag", false) == %{absent | "value" => false}
    assert KindeClientSDK.get_flag(ada, "no_flag", nil) == %{absent | "value" => nil}
  end

  test "flags of another type", %{ada: ada} do
    assert KindeClientSDK.get_flag(ada, "is_dark_mode", "false", "s") ==
             "The flag type was provided as string, but it is boolean"

    assert KindeClientSDK.get_flag(ada, "theme", "x", "i") ==
             "The flag type was provided as integer, but it is string"

    assert KindeClientSDK.get_flag(ada, "theme", "x", "q") ==
             "The flag type was provided as undefined, but it is string"

    assert KindeClientSDK.get_flag(ada, "checkout", "x", "b") ==
             "The flag type was provided as boolean, but it is undefined"
  end

  test "flags by their type", %{ada: ada} do
    getters = [
      {"boolean", "is_dark_mode", &KindeClientSDK.get_boolean_flag/2, &KindeClientSDK.get_boolean_flag/3,
       false},
      {"string", "theme", &KindeClientSDK.get_string_flag/2, &KindeClientSDK.get_string_flag/3, "pink"},
      {"integer", "competitions_limit", &KindeClientSDK.get_integer_flag/2,
       &KindeClientSDK.get_integer_flag/3, 46}
    ]

    for {type, code, get, get_or, default} <- getters do
      value = KindeClientSDK.get_flag(ada, code)["value"]
      assert get.(ada, code) == value
      assert get_or.(ada, code, default) == value

      assert get.(ada, "no_flag") == "Error - flag does not exist and no default provided"
      assert get_or.(ada, "no_flag", default) == default
      assert get_or.(ada, "no_flag", nil) == nil

      for {other, other_code, _get, _get_or, _default} <- getters, other != type do
        text = "Error - Flag #{other_code} is of type #{other} not #{type}"
        assert get.(ada, other_code) == text
        assert get_or.(ada, other_code, default) == text
      end

      assert get.(ada, "checkout") == "Error - Flag checkout is of type undefined not #{type}"
    end
  end

  test "nobody is signed in", %{anybody: anybody} do
    for conn <- [anybody, conn()] do
      questions = [
        &KindeClientSDK.get_claims/1,
        &KindeClientSDK.get_claims(&1, :id_token),
        &KindeClientSDK.get_claim(&1, "iss"),
        &KindeClientSDK.get_permissions/1,
        &KindeClientSDK.get_permission(&1, "read:todos"),
        &KindeClientSDK.get_organization/1,
        &KindeClientSDK.get_user_organization/1,
        &KindeClientSDK.get_user_organizations/1,
        &KindeClientSDK.get_flag(&1, "theme"),
        &KindeClientSDK.get_flag(&1, "theme", "pink"),
        &KindeClientSDK.get_flag(&1, "theme", "pink", "s"),
        &KindeClientSDK.get_boolean_flag(&1, "is_dark_mode"),
        &KindeClientSDK.get_boolean_flag(&1, "is_dark_mode", true),
        &KindeClientSDK.get_string_flag(&1, "theme"),
        &KindeClientSDK.get_string_flag(&1, "theme", "pink"),
        &KindeClientSDK.get_integer_flag(&1, "competitions_limit"),
        &KindeClientSDK.get_integer_flag(&1, "competitions_limit", 1)
      ]

      for question <- questions, do: assert(catch_throw(question.(conn)) == @missing)

      refute KindeClientSDK.authenticated?(conn)
      assert KindeClientSDK.get_auth_status(conn) == :unauthenticated
      assert KindeClientSDK.get_user_detail(conn) == nil
    end
  end

  test "all data", %{ada: ada, anybody: anybody} do
    keys =
      ~w(access_token expires_in expiring_time_stamp id_token login_time_stamp oauth_code_verifier refresh_token token user)a

    assert anybody |> KindeClientSDK.get_all_data() |> Map.keys() |> Enum.sort() == keys
    assert conn() |> KindeClientSDK.get_all_data() |> Map.values() |> Enum.all?(&is_nil/1)

    data = KindeClientSDK.get_all_data(ada)
    assert data |> Map.keys() |> Enum.sort() == keys
    assert %DateTime{} = data.login_time_stamp
    assert DateTime.diff(DateTime.utc_now(), data.login_time_stamp) < 60

    assert DateTime.diff(data.expiring_time_stamp, data.login_time_stamp) in (data.expires_in - 5)..(data.expires_in +
                                                                                                       5)

    assert [_header, _payload, _signature] = String.split(data.access_token, ".")
    assert data.user == KindeClientSDK.get_user_detail(ada)

    assert %{"access_token" => token, "id_token" => _, "refresh_token" => _, "expires_in" => _, "scope" => _} =
             data.token

    assert token == data.access_token
    assert String.downcase(data.token["token_type"]) == "bearer"
  end

  test "names and codes that are none", %{ada: ada} do
    for bad <- [nil, 1, :theme, %{}] do
      for question <- [
            &KindeClientSDK.get_flag/2,
            &KindeClientSDK.get_boolean_flag/2,
            &KindeClientSDK.get_claim/2
          ] do
        try do
          question.(ada, bad)
        rescue
          _error in [ArgumentError, FunctionClauseError] -> :refused
        end
      end
    end

    assert KindeClientSDK.authenticated?(ada)
  end

  test "what is no conn" do
    for bad <- [nil, %{}, "conn"],
        function <- [:authenticated?, :get_token, :get_claims, :get_all_data, :logout] do
      assert_raise FunctionClauseError, fn -> apply(KindeClientSDK, function, [bad]) end
    end
  end

  defp theme(conn), do: get_in(KindeClientSDK.get_claims(conn), ["feature_flags", "theme", "v"])
end
