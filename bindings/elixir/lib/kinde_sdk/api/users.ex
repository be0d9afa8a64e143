defmodule KindeSDK.Api.Users do
  @moduledoc """
  Users of a business, through Kinde's Management API.

  The functions have the names that they had before. **This version does not reach the Management API yet**: all of them answer
  `{:error, %Kinde.Error{code: :unknown_operation}}`, and send nothing.
  """

  alias KindeSDK.Connection

  @doc "Adds users to an organization."
  @spec add_organization_users(Connection.t()) :: {:error, Kinde.Error.t()}
  @spec add_organization_users(Connection.t(), keyword()) :: {:error, Kinde.Error.t()}
  def add_organization_users(%Connection{} = _connection, _options \\ []), do: later("add_organization_users")

  @doc "Makes a user."
  @spec create_user(Connection.t()) :: {:error, Kinde.Error.t()}
  @spec create_user(Connection.t(), keyword()) :: {:error, Kinde.Error.t()}
  def create_user(%Connection{} = _connection, _options \\ []), do: later("create_user")

  @doc "Deletes a user."
  @spec deleteuser(Connection.t()) :: {:error, Kinde.Error.t()}
  @spec deleteuser(Connection.t(), keyword()) :: {:error, Kinde.Error.t()}
  def deleteuser(%Connection{} = _connection, _options \\ []), do: later("deleteuser")

  @doc "The users of an organization."
  @spec get_organization_users(Connection.t()) :: {:error, Kinde.Error.t()}
  @spec get_organization_users(Connection.t(), keyword()) :: {:error, Kinde.Error.t()}
  def get_organization_users(%Connection{} = _connection, _options \\ []), do: later("get_organization_users")

  @doc "One user."
  @spec get_user(Connection.t()) :: {:error, Kinde.Error.t()}
  @spec get_user(Connection.t(), keyword()) :: {:error, Kinde.Error.t()}
  def get_user(%Connection{} = _connection, _options \\ []), do: later("get_user")

  @doc "The users of the business."
  @spec get_users(Connection.t()) :: {:error, Kinde.Error.t()}
  @spec get_users(Connection.t(), keyword()) :: {:error, Kinde.Error.t()}
  def get_users(%Connection{} = _connection, _options \\ []), do: later("get_users")

  @doc "Takes users out of an organization."
  @spec remove_organization_users(Connection.t()) :: {:error, Kinde.Error.t()}
  @spec remove_organization_users(Connection.t(), keyword()) :: {:error, Kinde.Error.t()}
  def remove_organization_users(%Connection{} = _connection, _options \\ []),
    do: later("remove_organization_users")

  @doc "Changes a user."
  @spec update_user(Connection.t(), term()) :: {:error, Kinde.Error.t()}
  @spec update_user(Connection.t(), term(), keyword()) :: {:error, Kinde.Error.t()}
  def update_user(%Connection{} = _connection, _update_user_request, _options \\ []), do: later("update_user")

  defp later(function), do: Connection.later("KindeSDK.Api.Users.#{function}")
end
