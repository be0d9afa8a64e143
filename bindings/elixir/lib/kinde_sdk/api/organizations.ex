defmodule KindeSDK.Api.Organizations do
  @moduledoc """
  Organizations of a business, through Kinde's Management API. `Kinde.Api.Organizations` has all of its operations, and gets its
  token by itself; `KindeSDK.Api.Users` says what a connection needs.
  """

  alias KindeSDK.Api.Management
  alias KindeSDK.{Connection, Model}

  @doc """
  Adds users to the organization with the `:code`: `add_organization_users`, `POST /api/v1/organizations/{org_code}/users`, in place
  of `POST /api/v1/organization/users`, which is gone.

  The option `:body` is a `KindeSDK.Model.AddOrganizationUsersRequest`, or a map.
  """
  @spec add_organization_users(Connection.t()) ::
          Kinde.result(Model.AddOrganizationUsers200Response.t() | nil)
  @spec add_organization_users(Connection.t(), keyword()) ::
          Kinde.result(Model.AddOrganizationUsers200Response.t() | nil)
  def add_organization_users(%Connection{} = connection, options \\ []) do
    params = Management.params_and_body(options, [:code])

    with {:ok, answer} <- Management.call(connection, :add_organization_users, params),
         do: {:ok, Management.read(answer, Model.AddOrganizationUsers200Response)}
  end

  @doc """
  Makes an organization: `create_organization`, `POST /api/v1/organization`. The option `:body` is a
  `KindeSDK.Model.CreateOrganizationRequest`, or a map.
  """
  @spec create_organization(Connection.t()) :: Kinde.result(nil)
  @spec create_organization(Connection.t(), keyword()) :: Kinde.result(nil)
  def create_organization(%Connection{} = connection, options \\ []) do
    with {:ok, _answer} <-
           Management.call(connection, :create_organization, Management.params_and_body(options, [])),
         do: {:ok, nil}
  end

  @doc """
  A page of the organizations of the business: `get_organizations`, `GET /api/v1/organizations`. Options: `:sort`, `:page_size`,
  `:next_token`. `Kinde.Api.stream/3` gives all of them.
  """
  @spec get_orgainzations(Connection.t()) :: Kinde.result([Model.Organization.t()] | nil)
  @spec get_orgainzations(Connection.t(), keyword()) :: Kinde.result([Model.Organization.t()] | nil)
  def get_orgainzations(%Connection{} = connection, options \\ []) do
    params = Management.params(options, [:sort, :page_size, :next_token])

    with {:ok, answer} <- Management.call(connection, :get_organizations, params),
         do: {:ok, Management.read_list(answer, "organizations", Model.Organization)}
  end

  @doc "The organization with the `:code`: `get_organization`, `GET /api/v1/organization`."
  @spec get_organization(Connection.t()) :: Kinde.result(Model.Organization.t() | nil)
  @spec get_organization(Connection.t(), keyword()) :: Kinde.result(Model.Organization.t() | nil)
  def get_organization(%Connection{} = connection, options \\ []) do
    with {:ok, answer} <- Management.call(connection, :get_organization, Management.params(options, [:code])),
         do: {:ok, Management.read(answer, Model.Organization)}
  end

  @doc """
  A page of the users of the organization with the `:code`: `get_organization_users`,
  `GET /api/v1/organizations/{org_code}/users`, in place of `GET /api/v1/organization/users`, which is gone. Options also: `:sort`,
  `:page_size`, `:next_token`.
  """
  @spec get_organization_users(Connection.t()) :: Kinde.result([Model.OrganizationUser.t()] | nil)
  @spec get_organization_users(Connection.t(), keyword()) :: Kinde.result([Model.OrganizationUser.t()] | nil)
  def get_organization_users(%Connection{} = connection, options \\ []) do
    params = Management.params(options, [:code, :sort, :page_size, :next_token])

    with {:ok, answer} <- Management.call(connection, :get_organization_users, params),
         do: {:ok, Management.read_list(answer, "organization_users", Model.OrganizationUser)}
  end

  @doc """
  Takes users out of the organization with the `:code`: `update_organization_users` with `operation: "delete"` for each,
  `PATCH /api/v1/organizations/{org_code}/users`, in place of `PATCH /api/v1/organization/users`, which is gone.

  The option `:body` is a `KindeSDK.Model.RemoveOrganizationUsersRequest`, or a map.
  """
  @spec remove_organization_users(Connection.t()) ::
          Kinde.result(Model.RemoveOrganizationUsers200Response.t() | nil)
  @spec remove_organization_users(Connection.t(), keyword()) ::
          Kinde.result(Model.RemoveOrganizationUsers200Response.t() | nil)
  def remove_organization_users(%Connection{} = connection, options \\ []) do
    params = removing(Management.params_and_body(options, [:code]))

    with {:ok, answer} <- Management.call(connection, :update_organization_users, params),
         do: {:ok, Management.read(answer, Model.RemoveOrganizationUsers200Response)}
  end

  defp removing(%{body: %{"users" => users} = body} = params),
    do: %{params | body: %{body | "users" => for(user <- List.wrap(users), do: removal(user))}}

  defp removing(params), do: params

  defp removal(%{} = user), do: Map.put(user, "operation", "delete")
  defp removal(id), do: %{"id" => id, "operation" => "delete"}
end
