defmodule KindeSDK.Api.OAuth do
  @moduledoc """
  Asks Kinde about the user whose access token the connection has.

      connection = KindeSDK.Connection.new(access_token: KindeClientSDK.get_all_data(conn).access_token)
      {:ok, %KindeSDK.Model.UserProfile{}} = KindeSDK.Api.OAuth.get_user(connection)
  """

  alias Kinde.Token
  alias KindeSDK.Connection
  alias KindeSDK.Model.{UserProfile, UserProfileV2}

  @doc "The user's id, names and email address."
  @spec get_user(Connection.t()) :: Kinde.result(UserProfile.t())
  @spec get_user(Connection.t(), keyword()) :: Kinde.result(UserProfile.t())
  def get_user(connection, _options \\ []) do
    with {:ok, profile} <- profile(connection, "v1"), do: {:ok, filled(%UserProfile{}, profile)}
  end

  @doc "The user's id and names, as OpenID Connect names them."
  @spec get_user_profile_v2(Connection.t()) :: Kinde.result(UserProfileV2.t())
  @spec get_user_profile_v2(Connection.t(), keyword()) :: Kinde.result(UserProfileV2.t())
  def get_user_profile_v2(connection, _options \\ []) do
    with {:ok, profile} <- profile(connection, "v2") do
      {:ok, filled(%UserProfileV2{}, Map.put_new(profile, "id", profile["sub"]))}
    end
  end

  defp profile(%Connection{} = connection, version) do
    with {:ok, client} <- Connection.core_client(connection) do
      Token.user_profile(client, access_token: connection.access_token, version: version)
    end
  end

  defp filled(struct, values) do
    for field <- Map.keys(Map.from_struct(struct)), reduce: struct do
      struct -> Map.put(struct, field, values[Atom.to_string(field)])
    end
  end
end
