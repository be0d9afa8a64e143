defmodule KindeClientSDK.ModulesTest do
  # The configuration is one for all.
  use ExUnit.Case, async: false

  import Kinde.Support.DocumentedApp

  alias Kinde.Support.Emulator
  alias KindeSDK.Api.OAuth
  alias KindeSDK.Connection
  alias KindeSDK.SDK.Utils

  describe "Utils" do
    test "random texts" do
      assert String.length(Utils.random_string()) == 86
      assert Utils.random_string(28) =~ ~r/\A[A-Za-z0-9_-]+\z/
      assert Utils.random_string(0) == ""
      assert Utils.random_string() != Utils.random_string()
      for bad <- [-1, "32", nil], do: assert_raise(ArgumentError, fn -> Utils.random_string(bad) end)
    end

    test "challenges" do
      assert %{state: _, code_verifier: verifier, code_challenge: challenge} =
               made = Utils.generate_challenge()

      assert map_size(made) == 3
      assert challenge == Base.url_encode64(:crypto.hash(:sha256, verifier), padding: false)
    end

    test "addresses" do
      for good <- ["https://test.com", "http://localhost:4000/callback", "https://a.us.kinde.com"],
          do: assert(Utils.validate_url(good))

      for bad <- ["test.c", "", nil, 1, "javascript:alert(1)", "https://", "https://a b"],
          do: refute(Utils.validate_url(bad))
    end

    test "payloads of tokens" do
      jwt = fn json -> "e30." <> Base.url_encode64(json, padding: false) <> ".x" end

      for {json, value} <- [
            {~s({"a":[1,-2.5,1e3,1.68E+09,true,false,null,{}],"b":{"c":"d"}}),
             %{"a" => [1, -2.5, 1.0e3, 1.68e9, true, false, nil, %{}], "b" => %{"c" => "d"}}},
            {~s( { "tab" : "\\t\\"\\u00e4\\ud83d\\ude00ö" } ), %{"tab" => "\t\"ä😀ö"}},
            {"[]", []}
          ] do
        assert Utils.parse_jwt(jwt.(json)) == value
      end

      assert Utils.parse_jwt(nil) == nil

      bad =
        ["{", ~s({"a"}), ~s({"a":}), "[1,]", "01", "1.", "nul", ~S("\ud800"), ~S("\x"), ~S("a), "{} {}"] ++
          ["", "{}x", String.duplicate("[", 100), "1e999", <<?", 255, ?">>, String.duplicate("9", 2_000)]

      for json <- bad, do: assert_raise(ArgumentError, fn -> Utils.parse_jwt(jwt.(json)) end)
      for token <- ["", "abc", "a.!!.c"], do: assert_raise(ArgumentError, fn -> Utils.parse_jwt(token) end)
    end

    test "additional parameters" do
      assert Utils.check_additional_params(%{}) == %{}
      good = %{audience: "a", org_code: "b", org_name: "c", is_create_org: "true"}
      assert Utils.check_additional_params(good) == good

      assert Utils.add_additional_params(%{org_code: "a", audience: "b"}, %{org_code: "c"}) == %{
               org_code: "c",
               audience: "b"
             }

      assert catch_throw(Utils.add_additional_params(%{}, %{lang: "de"})) ==
               "Please provide correct additional, lang"

      assert catch_throw(Utils.check_additional_params(%{org_name: 1})) ==
               "Please supply a valid org_name. Expected: string"
    end

    test "the version and times" do
      assert Utils.get_current_app_version() == to_string(Mix.Project.config()[:version])
      assert Utils.calculate_expiring_timestamp(~U[2024-01-01 00:00:00Z], 60) == ~U[2024-01-01 00:01:00Z]
    end
  end

  describe "Connection" do
    test "takes options, then the configuration" do
      assert Connection.new() == %Connection{base_url: "https://app.kinde.com"}

      assert Connection.new(base_url: "https://a.kinde.com", user_agent: "b").base_url ==
               "https://a.kinde.com"

      configured([base_url: "https://c.kinde.com"], fn ->
        assert Connection.new().base_url == "https://c.kinde.com"
      end)

      assert_raise FunctionClauseError, fn -> Connection.new("https://a.kinde.com") end
      refute inspect(Connection.new(access_token: "a_token")) =~ "a_token"
    end

    test "reads what was configured for Tesla" do
      for middleware <- [
            {Tesla.Middleware.BearerAuth, token: "a_token"},
            {Tesla.Middleware.Headers, [{"x-other", "y"}, {"Authorization", "Bearer a_token"}]}
          ] do
        Application.put_env(:tesla, Connection,
          middleware: [Tesla.Middleware.Logger, middleware],
          adapter: :an_adapter
        )

        assert Connection.new().access_token == "a_token"
        assert Connection.adapter() == :an_adapter
        assert middleware in Connection.middleware()
      end
    after
      Application.delete_env(:tesla, Connection)
    end

    test "middleware" do
      assert [
               {Tesla.Middleware.BaseUrl, "https://a.kinde.com"},
               {Tesla.Middleware.Headers, [{"user-agent", "b"}]}
             ] = Connection.middleware(base_url: "https://a.kinde.com", user_agent: "b")

      assert Connection.adapter() == nil
    end
  end

  describe "Api" do
    test "profiles of the user" do
      emulator = Emulator.start!()
      audience = %{audience: "https://api.example.com"}
      conn = signed_in(emulator, :authorization_code, additional_params: audience)
      %{access_token: token, user: user} = KindeClientSDK.get_all_data(conn)
      connection = Connection.new(base_url: emulator.url, access_token: token)

      assert {:ok, %KindeSDK.Model.UserProfile{} = profile} = OAuth.get_user(connection)
      assert {profile.id, profile.first_name, profile.preferred_email} == {user.id, "Ada", "ada@example.com"}
      assert {:ok, %KindeSDK.Model.UserProfileV2{} = profile} = OAuth.get_user_profile_v2(connection)
      assert {profile.id, profile.given_name} == {user.id, "Ada"}

      for bad <- [nil, "", "no.token.this"] do
        assert {:error, %Kinde.Error{}} = OAuth.get_user(%{connection | access_token: bad})
        assert {:error, %Kinde.Error{}} = OAuth.get_user_profile_v2(%{connection | access_token: bad}, [])
      end

      assert {:error, %Kinde.Error{}} = OAuth.get_user(%{connection | base_url: "no address"})
      assert_raise FunctionClauseError, fn -> OAuth.get_user(nil) end
    end
  end
end
