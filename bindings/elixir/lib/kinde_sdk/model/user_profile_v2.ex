defmodule KindeSDK.Model.UserProfileV2 do
  @moduledoc "A user, as `KindeSDK.Api.OAuth.get_user_profile_v2/2` answers."

  defstruct [:id, :provided_id, :name, :given_name, :family_name, :updated_at]

  @type t :: %__MODULE__{
          id: String.t() | nil,
          provided_id: String.t() | nil,
          name: String.t() | nil,
          given_name: String.t() | nil,
          family_name: String.t() | nil,
          updated_at: String.t() | number() | nil
        }
end
