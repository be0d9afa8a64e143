defmodule KindeSDK.Model.UserProfile do
  @moduledoc "A user, as `KindeSDK.Api.OAuth.get_user/2` answers."

  defstruct [:id, :preferred_email, :provided_id, :last_name, :first_name]

  @type t :: %__MODULE__{
          id: String.t() | nil,
          preferred_email: String.t() | nil,
          provided_id: String.t() | nil,
          last_name: String.t() | nil,
          first_name: String.t() | nil
        }
end
