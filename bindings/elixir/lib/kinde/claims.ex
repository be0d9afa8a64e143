defmodule Kinde.Claims do
  @moduledoc """
  Look-ups in the claims of a verified token, as `Kinde.Token.verify/3` and `Kinde.Session.claims/2` give them.

      {:ok, claims} = Kinde.Token.verify(MyApp.Kinde, bearer)
      Kinde.Claims.permission?(claims, "read:todos")

  Never give them claims that were merely decoded: nothing is verified here. The names of tokens for Hasura
  (`x-hasura-roles`) are found too.
  """

  # Claims that Kinde names differently in tokens for Hasura.
  @hasura_names %{
    "permissions" => "x-hasura-permissions",
    "roles" => "x-hasura-roles",
    "feature_flags" => "x-hasura-feature-flags",
    "org_code" => "x-hasura-org-code",
    "org_codes" => "x-hasura-org-codes",
    "org_name" => "x-hasura-org-name",
    "organizations" => "x-hasura-organizations",
    "organization_properties" => "x-hasura-organization_properties",
    "user_properties" => "x-hasura-user_properties"
  }

  @type t :: %{optional(String.t()) => term()}

  @doc """
  One claim; `nil` if the token does not have it.

      iex> Kinde.Claims.get(%{"org_code" => "org_acme"}, "org_code")
      "org_acme"

      iex> Kinde.Claims.get(%{"x-hasura-org-code" => "org_acme"}, "org_code")
      "org_acme"

      iex> Kinde.Claims.get(%{}, "org_code")
      nil
  """
  @spec get(t(), String.t()) :: term()
  def get(claims, name) do
    case claims do
      %{^name => value} when value != nil -> value
      _others -> claims[@hasura_names[name]]
    end
  end

  @doc """
  The user's id, or the client id of a machine.

      iex> Kinde.Claims.subject(%{"sub" => "kp_1"})
      "kp_1"
  """
  @spec subject(t()) :: String.t() | nil
  def subject(claims), do: get(claims, "sub")

  @doc """
  For whom the token is.

      iex> Kinde.Claims.audience(%{"aud" => "https://api.example.com"})
      ["https://api.example.com"]
  """
  @spec audience(t()) :: [String.t()]
  def audience(claims), do: claims |> get("aud") |> List.wrap()

  @doc """
  What the token was granted.

      iex> Kinde.Claims.scopes(%{"scp" => ["openid", "read:todos"]})
      ["openid", "read:todos"]

      iex> Kinde.Claims.scopes(%{"scope" => "openid read:todos"})
      ["openid", "read:todos"]
  """
  @spec scopes(t()) :: [String.t()]
  def scopes(claims) do
    listed = list(claims, "scp")

    case get(claims, "scope") do
      text when is_binary(text) -> Enum.uniq(listed ++ String.split(text, " ", trim: true))
      _none -> listed
    end
  end

  @doc """
  Whether the token was granted this scope.

      iex> Kinde.Claims.scope?(%{"scp" => ["read:todos"]}, "read:todos")
      true
  """
  @spec scope?(t(), String.t()) :: boolean()
  def scope?(claims, scope), do: scope in scopes(claims)

  @doc """
  The code of the organization that the token is for.

      iex> Kinde.Claims.organization(%{"org_code" => "org_acme"})
      "org_acme"
  """
  @spec organization(t()) :: String.t() | nil
  def organization(claims), do: get(claims, "org_code")

  @doc """
  The codes of all organizations of the user.

      iex> Kinde.Claims.organizations(%{"org_codes" => ["org_acme", "org_globex"]})
      ["org_acme", "org_globex"]
  """
  @spec organizations(t()) :: [String.t()]
  def organizations(claims), do: list(claims, "org_codes")

  @doc """
  The permissions in the organization.

      iex> Kinde.Claims.permissions(%{"permissions" => ["read:todos"]})
      ["read:todos"]
  """
  @spec permissions(t()) :: [String.t()]
  def permissions(claims), do: list(claims, "permissions")

  @doc """
  Whether the user has this permission.

      iex> Kinde.Claims.permission?(%{"permissions" => ["read:todos"]}, "delete:todos")
      false
  """
  @spec permission?(t(), String.t()) :: boolean()
  def permission?(claims, key), do: key in permissions(claims)

  @doc """
  The roles in the organization. One that is only a text is its own name and key.

      iex> Kinde.Claims.roles(%{"roles" => [%{"id" => "1", "key" => "admin", "name" => "Admin"}]})
      [%{"id" => "1", "key" => "admin", "name" => "Admin"}]
  """
  @spec roles(t()) :: [map()]
  def roles(claims), do: claims |> list("roles") |> Enum.flat_map(&role/1)

  defp role(%{} = role), do: [role]
  defp role(role) when is_binary(role), do: [%{"id" => nil, "key" => role, "name" => role}]
  defp role(_other), do: []

  @doc """
  Whether the user has this role, by its key.

      iex> Kinde.Claims.role?(%{"roles" => [%{"key" => "admin"}]}, "admin")
      true
  """
  @spec role?(t(), String.t()) :: boolean()
  def role?(claims, key), do: Enum.any?(roles(claims), &(&1["key"] == key))

  @doc """
  The value of a feature flag, or the default.

      iex> Kinde.Claims.flag(%{"feature_flags" => %{"theme" => %{"t" => "s", "v" => "pink"}}}, "theme")
      "pink"

      iex> Kinde.Claims.flag(%{}, "theme", "grey")
      "grey"
  """
  @spec flag(t(), String.t()) :: term()
  @spec flag(t(), String.t(), term()) :: term()
  def flag(claims, code, default \\ nil) do
    case get(claims, "feature_flags") do
      %{^code => %{"v" => value}} -> value
      _others -> default
    end
  end

  @doc """
  When the token expires, in seconds since 1970.

      iex> Kinde.Claims.expires_at(%{"exp" => 1_700_000_000})
      1_700_000_000
  """
  @spec expires_at(t()) :: number() | nil
  def expires_at(claims), do: get(claims, "exp")

  defp list(claims, name) do
    case get(claims, name) do
      list when is_list(list) -> list
      _none -> []
    end
  end
end
