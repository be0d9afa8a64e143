defmodule KindeSDK.Api.Organizations do
  @moduledoc """
  Organizations of a business, through Kinde's Management API.

  The functions have the names that they had before. **This version does not reach the Management API yet**: all of them answer
  `{:error, %Kinde.Error{code: :unknown_operation}}`, and send nothing.
  """

  alias KindeSDK.Connection

  @doc "Adds users to an organization."
  @spec add_organization_users(Connection.t()) :: {:error, Kinde.Error.t()}
  @spec add_organization_users(Connection.t(), keyword()) :: {:error, Kinde.Error.t()}
  def add_organization_users(%Connection{} = _connection, _options \\ []), do: later("add_organization_users")

  @doc "Makes an organization."
  @spec create_organization(Connection.t()) :: {:error, Kinde.Error.t()}
  @spec create_organization(Connection.t(), keyword()) :: {:error, Kinde.Error.t()}
  def create_organization(%Connection{} = _connection, _options \\ []), do: later("create_organization")

  @doc "The organizations of the business."
  @spec get_orgainzations(Connection.t()) :: {:error, Kinde.Error.t()}
  @spec get_orgainzations(Connection.t(), keyword()) :: {:error, Kinde.Error.t()}
  def get_orgainzations(%Connection{} = _connection, _options \\ []), do: later("get_orgainzations")

  @doc "One organization."
  @spec get_organization(Connection.t()) :: {:error, Kinde.Error.t()}
  @spec get_organization(Connection.t(), keyword()) :: {:error, Kinde.Error.t()}
  def get_organization(%Connection{} = _connection, _options \\ []), do: later("get_organization")

  @doc "The users of an organization."
  @spec get_organization_users(Connection.t()) :: {:error, Kinde.Error.t()}
  @spec get_organization_users(Connection.t(), keyword()) :: {:error, Kinde.Error.t()}
  def get_organization_users(%Connection{} = _connection, _options \\ []), do: later("get_organization_users")

  @doc "Takes users out of an organization."
  @spec remove_organization_users(Connection.t()) :: {:error, Kinde.Error.t()}
  @spec remove_organization_users(Connection.t(), keyword()) :: {:error, Kinde.Error.t()}
  def remove_organization_users(%Connection{} = _connection, _options \\ []),
    do: later("remove_organization_users")

  defp later(function), do: Connection.later("KindeSDK.Api.Organizations.#{function}")
end
