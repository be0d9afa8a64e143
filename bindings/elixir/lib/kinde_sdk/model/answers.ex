defmodule KindeSDK.Model.User do
  @moduledoc "A user, as `KindeSDK.Api.Users` answers."

  defstruct [:id, :email, :last_name, :first_name, :is_suspended]

  @type t :: %__MODULE__{
          id: String.t() | nil,
          email: String.t() | nil,
          last_name: String.t() | nil,
          first_name: String.t() | nil,
          is_suspended: boolean() | nil
        }
end

defmodule KindeSDK.Model.CreateUser200Response do
  @moduledoc "What `KindeSDK.Api.Users.create_user/2` answers."

  defstruct [:id, :created, :identities]

  @type t :: %__MODULE__{
          id: String.t() | nil,
          created: boolean() | nil,
          identities: [KindeSDK.Model.UserIdentity.t()] | nil
        }
end

defmodule KindeSDK.Model.UserIdentity do
  @moduledoc "An identity of a user that was made."

  defstruct [:type, :result]

  @type t :: %__MODULE__{type: String.t() | nil, result: KindeSDK.Model.UserIdentityResult.t() | nil}
end

defmodule KindeSDK.Model.UserIdentityResult do
  @moduledoc "Whether an identity was made. Kinde says its id no more."

  defstruct [:created, :identity_id]

  @type t :: %__MODULE__{created: boolean() | nil, identity_id: String.t() | integer() | nil}
end

defmodule KindeSDK.Model.Organization do
  @moduledoc "An organization, as `KindeSDK.Api.Organizations` answers."

  defstruct [:code, :name, :is_default]

  @type t :: %__MODULE__{code: String.t() | nil, name: String.t() | nil, is_default: boolean() | nil}
end

defmodule KindeSDK.Model.OrganizationUser do
  @moduledoc "A user in an organization, of the list that `get_organization_users/2` answers."

  defstruct [:user_id, :email, :full_name, :last_name, :first_name]

  @type t :: %__MODULE__{
          user_id: String.t() | nil,
          email: String.t() | nil,
          full_name: String.t() | nil,
          last_name: String.t() | nil,
          first_name: String.t() | nil
        }
end

defmodule KindeSDK.Model.AddOrganizationUsers200Response do
  @moduledoc "What `add_organization_users/2` answers: the ids of users who were added."

  defstruct [:message, :users_add]

  @type t :: %__MODULE__{message: String.t() | nil, users_add: [String.t()] | nil}
end

defmodule KindeSDK.Model.RemoveOrganizationUsers200Response do
  @moduledoc "What `remove_organization_users/2` answers. `users_added` has the ids of users who were removed."

  defstruct [:message, :users_added]

  @type t :: %__MODULE__{message: String.t() | nil, users_added: [String.t()] | nil}
end
