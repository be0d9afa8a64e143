defmodule KindeSDK.Api.Users do
  @moduledoc """
  Users of a business, through Kinde's Management API. `Kinde.Api.Users` has all of its operations, and gets its token by itself.

      {:ok, %{access_token: token}} =
        Kinde.Token.client_credentials(MyApp.Kinde, audience: "https://example.kinde.com/api")

      connection = KindeSDK.Connection.new(base_url: "https://example.kinde.com", access_token: token)
      {:ok, users} = KindeSDK.Api.Users.get_users(connection, page_size: 50)

  The connection's token is that of a machine. It is verified; the first call of a node fetches Kinde's keys. Options that
  are `nil`, or not named here, are passed over. Failures are `{:error, %Kinde.Error{}}`.

  The paths for which these functions were made are partly gone from Kinde's API. Each says which operation it calls today.
  """

  alias KindeSDK.Api.{Management, Organizations}
  alias KindeSDK.{Connection, Model}

  @doc "As `KindeSDK.Api.Organizations.add_organization_users/2`."
  @spec add_organization_users(Connection.t()) ::
          Kinde.result(Model.AddOrganizationUsers200Response.t() | nil)
  @spec add_organization_users(Connection.t(), keyword()) ::
          Kinde.result(Model.AddOrganizationUsers200Response.t() | nil)
  def add_organization_users(connection, options \\ []),
    do: Organizations.add_organization_users(connection, options)

  @doc """
  Makes a user: `create_user`, `POST /api/v1/user`. The option `:body` is a `KindeSDK.Model.CreateUserRequest`, or a map.
  """
  @spec create_user(Connection.t()) :: Kinde.result(Model.CreateUser200Response.t() | nil)
  @spec create_user(Connection.t(), keyword()) :: Kinde.result(Model.CreateUser200Response.t() | nil)
  def create_user(%Connection{} = connection, options \\ []) do
    with {:ok, answer} <- Management.call(connection, :create_user, Management.params_and_body(options, [])),
         do: {:ok, Management.read(answer, Model.CreateUser200Response)}
  end

  @doc "Deletes the user with the `:id`: `delete_user`, `DELETE /api/v1/user`."
  @spec deleteuser(Connection.t()) :: Kinde.result(nil)
  @spec deleteuser(Connection.t(), keyword()) :: Kinde.result(nil)
  def deleteuser(%Connection{} = connection, options \\ []) do
    with {:ok, _answer} <- Management.call(connection, :delete_user, Management.params(options, [:id])),
         do: {:ok, nil}
  end

  @doc "As `KindeSDK.Api.Organizations.get_organization_users/2`."
  @spec get_organization_users(Connection.t()) :: Kinde.result([Model.OrganizationUser.t()] | nil)
  @spec get_organization_users(Connection.t(), keyword()) :: Kinde.result([Model.OrganizationUser.t()] | nil)
  def get_organization_users(connection, options \\ []),
    do: Organizations.get_organization_users(connection, options)

  @doc "The user with the `:id`: `get_user_data`, `GET /api/v1/user`."
  @spec get_user(Connection.t()) :: Kinde.result(Model.User.t() | nil)
  @spec get_user(Connection.t(), keyword()) :: Kinde.result(Model.User.t() | nil)
  def get_user(%Connection{} = connection, options \\ []) do
    with {:ok, answer} <- Management.call(connection, :get_user_data, Management.params(options, [:id])),
         do: {:ok, Management.read(answer, Model.User)}
  end

  @doc """
  A page of the users of the business: `get_users`, `GET /api/v1/users`. Options: `:page_size`, `:user_id`, `:next_token`; `:sort` is
  passed over, because Kinde does not sort them any more. `Kinde.Api.stream/3` gives all of them.
  """
  @spec get_users(Connection.t()) :: Kinde.result([Model.User.t()] | nil)
  @spec get_users(Connection.t(), keyword()) :: Kinde.result([Model.User.t()] | nil)
  def get_users(%Connection{} = connection, options \\ []) do
    params = Management.params(options, [:page_size, :user_id, :next_token])

    with {:ok, answer} <- Management.call(connection, :get_users, params),
         do: {:ok, Management.read_list(answer, "users", Model.User)}
  end

  @doc "As `KindeSDK.Api.Organizations.remove_organization_users/2`."
  @spec remove_organization_users(Connection.t()) ::
          Kinde.result(Model.RemoveOrganizationUsers200Response.t() | nil)
  @spec remove_organization_users(Connection.t(), keyword()) ::
          Kinde.result(Model.RemoveOrganizationUsers200Response.t() | nil)
  def remove_organization_users(connection, options \\ []),
    do: Organizations.remove_organization_users(connection, options)

  @doc """
  Changes the user with the `:id`: `update_user`, `PATCH /api/v1/user`. The request is a `KindeSDK.Model.UpdateUserRequest`, or a
  map.
  """
  @spec update_user(Connection.t(), Model.UpdateUserRequest.t() | map()) :: Kinde.result(Model.User.t() | nil)
  @spec update_user(Connection.t(), Model.UpdateUserRequest.t() | map(), keyword()) ::
          Kinde.result(Model.User.t() | nil)
  def update_user(%Connection{} = connection, update_user_request, options \\ []) do
    params = options |> Management.params([:id]) |> Management.put_body(update_user_request)

    with {:ok, answer} <- Management.call(connection, :update_user, params),
         do: {:ok, Management.read(answer, Model.User)}
  end
end
