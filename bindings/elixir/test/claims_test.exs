defmodule Kinde.ClaimsTest do
  use ExUnit.Case, async: true

  alias Kinde.Claims

  doctest Kinde.Claims
  doctest Kinde.Client
  doctest Kinde.Error

  test "names of tokens for Hasura are found" do
    claims = %{
      "x-hasura-permissions" => ["read:todos"],
      "x-hasura-roles" => ["viewer"],
      "x-hasura-org-codes" => ["org_acme"],
      "x-hasura-user_properties" => %{"city" => %{"v" => "London"}}
    }

    assert Claims.permission?(claims, "read:todos")
    assert Claims.roles(claims) == [%{"id" => nil, "key" => "viewer", "name" => "viewer"}]
    assert Claims.organizations(claims) == ["org_acme"]
    assert Claims.get(claims, "user_properties") == %{"city" => %{"v" => "London"}}
    assert Claims.get(%{"org_code" => nil, "x-hasura-org-code" => "org_acme"}, "org_code") == "org_acme"
    assert Claims.get(%{"org_code" => "org_1", "x-hasura-org-code" => "org_2"}, "org_code") == "org_1"
  end

  test "scopes may be listed, written in one text, or both" do
    assert Claims.scopes(%{"scp" => ["a", "b"], "scope" => " b  c "}) == ["a", "b", "c"]
  end

  test "a claim of another shape has nothing in it" do
    claims = %{
      "permissions" => "all",
      "roles" => [7],
      "feature_flags" => [],
      "org_codes" => %{},
      "scope" => 1
    }

    assert Claims.permissions(claims) == []
    assert Claims.roles(claims) == []
    assert Claims.flag(claims, "theme") == nil
    assert Claims.organizations(claims) == []
    assert Claims.scopes(claims) == []
  end
end
