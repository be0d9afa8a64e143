defmodule KindeSDK.Model.CreateUserRequest do
  @moduledoc "The `:body` of `KindeSDK.Api.Users.create_user/2`. A map will do as well."

  alias KindeSDK.Model.{CreateUserRequestIdentitiesInner, CreateUserRequestProfile}

  defstruct [:profile, :identities]

  @type t :: %__MODULE__{
          profile: CreateUserRequestProfile.t() | nil,
          identities: [CreateUserRequestIdentitiesInner.t()] | nil
        }
end

defmodule KindeSDK.Model.CreateUserRequestProfile do
  @moduledoc "The names of a user to be made."

  defstruct [:given_name, :family_name]

  @type t :: %__MODULE__{given_name: String.t() | nil, family_name: String.t() | nil}
end

defmodule KindeSDK.Model.CreateUserRequestIdentitiesInner do
  @moduledoc "How a user to be made signs in; `type` is `\"email\"`."

  alias KindeSDK.Model.CreateUserRequestIdentitiesInnerDetails

  defstruct [:type, :details]

  @type t :: %__MODULE__{type: String.t() | nil, details: CreateUserRequestIdentitiesInnerDetails.t() | nil}
end

defmodule KindeSDK.Model.CreateUserRequestIdentitiesInnerDetails do
  @moduledoc "The address of an identity."

  defstruct [:email]

  @type t :: %__MODULE__{email: String.t() | nil}
end

defmodule KindeSDK.Model.UpdateUserRequest do
  @moduledoc "What `KindeSDK.Api.Users.update_user/3` changes. A map will do as well."

  defstruct [:given_name, :family_name]

  @type t :: %__MODULE__{given_name: String.t() | nil, family_name: String.t() | nil}
end

defmodule KindeSDK.Model.CreateOrganizationRequest do
  @moduledoc "The `:body` of `KindeSDK.Api.Organizations.create_organization/2`. A map will do as well."

  defstruct [:name]

  @type t :: %__MODULE__{name: String.t() | nil}
end

defmodule KindeSDK.Model.AddOrganizationUsersRequest do
  @moduledoc "The `:body` of `add_organization_users/2`: ids of users. A map will do as well."

  defstruct [:users]

  @type t :: %__MODULE__{users: [String.t()] | nil}
end

defmodule KindeSDK.Model.RemoveOrganizationUsersRequest do
  @moduledoc "The `:body` of `remove_organization_users/2`: ids of users. A map will do as well."

  defstruct [:users]

  @type t :: %__MODULE__{users: [String.t()] | nil}
end
