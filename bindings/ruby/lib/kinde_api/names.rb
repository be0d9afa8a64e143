# frozen_string_literal: true

# Made of the library's catalogue by `rake names`; changes here are lost.
module KindeApi
  # By the method of a client, the class of a group of operations.
  GROUPS = {
    api_keys: :APIKeysApi,
    apis: :APIsApi,
    applications: :ApplicationsApi,
    billing_agreements: :BillingAgreementsApi,
    billing_entitlements: :BillingEntitlementsApi,
    billing_meter_usage: :BillingMeterUsageApi,
    business: :BusinessApi,
    callbacks: :CallbacksApi,
    connected_apps: :ConnectedAppsApi,
    connections: :ConnectionsApi,
    directories: :DirectoriesApi,
    environment_variables: :EnvironmentVariablesApi,
    environments: :EnvironmentsApi,
    feature_flags: :FeatureFlagsApi,
    identities: :IdentitiesApi,
    industries: :IndustriesApi,
    mfa: :MFAApi,
    mfaapi: :MFAApi,
    organizations: :OrganizationsApi,
    permissions: :PermissionsApi,
    properties: :PropertiesApi,
    property_categories: :PropertyCategoriesApi,
    roles: :RolesApi,
    search: :SearchApi,
    subscribers: :SubscribersApi,
    timezones: :TimezonesApi,
    users: :UsersApi,
    webhooks: :WebhooksApi,
    oauth: :OAuthApi
  }.freeze

  # The same for the Account API, in {Frontend}.
  FRONTEND_GROUPS = {
    billing: :BillingApi,
    feature_flags: :FeatureFlagsApi,
    permissions: :PermissionsApi,
    properties: :PropertiesApi,
    roles: :RolesApi,
    self_serve_portal: :SelfServePortalApi
  }.freeze

  # The classes of what is sent.
  MODELS = %i[
    AddAPIScopeRequest
    AddAPIsRequest
    AddLogoRequest
    AddOrganizationUsersRequest
    AddOrganizationUsersRequestUsersInner
    AddRoleScopeRequest
    CreateApiKeyRequest
    CreateApplicationRequest
    CreateBillingAgreementRequest
    CreateCategoryRequest
    CreateConnectionRequest
    CreateConnectionRequestOptions
    CreateConnectionRequestOptionsOneOf
    CreateConnectionRequestOptionsOneOf1
    CreateConnectionRequestOptionsOneOf2
    CreateDirectoryRequest
    CreateEnvironmentVariableRequest
    CreateFeatureFlagRequest
    CreateMeterUsageRecordRequest
    CreateOrganizationInviteRequest
    CreateOrganizationRequest
    CreateOrganizationUserPermissionRequest
    CreateOrganizationUserRoleRequest
    CreatePermissionRequest
    CreatePropertyRequest
    CreateRoleRequest
    CreateUserIdentityRequest
    CreateUserRequest
    CreateUserRequestIdentitiesInner
    CreateUserRequestIdentitiesInnerDetails
    CreateUserRequestProfile
    CreateWebHookRequest
    ReplaceConnectionRequest
    ReplaceConnectionRequestOptions
    ReplaceConnectionRequestOptionsOneOf1
    ReplaceConnectionRequestOptionsOneOf2
    ReplaceLogoutRedirectURLsRequest
    ReplaceMFARequest
    ReplaceOrganizationMFARequest
    ReplaceRedirectCallbackURLsRequest
    SetUserPasswordRequest
    TokenIntrospectionRequest
    TokenRevocationRequest
    UpdateAPIApplicationsRequest
    UpdateAPIApplicationsRequestApplicationsInner
    UpdateAPIScopeRequest
    UpdateApplicationRequest
    UpdateApplicationTokensRequest
    UpdateApplicationsPropertyRequest
    UpdateApplicationsPropertyRequestValue
    UpdateBusinessRequest
    UpdateCategoryRequest
    UpdateConnectionRequest
    UpdateConnectionRequestOptions
    UpdateConnectionRequestOptionsOneOf1
    UpdateConnectionRequestOptionsOneOf2
    UpdateDirectoryRequest
    UpdateEnvironementFeatureFlagOverrideRequest
    UpdateEnvironmentVariableRequest
    UpdateIdentityRequest
    UpdateOrganizationPasskeyRequest
    UpdateOrganizationPropertiesRequest
    UpdateOrganizationRequest
    UpdateOrganizationSessionsRequest
    UpdateOrganizationUsersRequest
    UpdateOrganizationUsersRequestUsersInner
    UpdatePasskeyRequest
    UpdatePropertyRequest
    UpdateRolePermissionsRequest
    UpdateRolePermissionsRequestPermissionsInner
    UpdateRoleSystemPermissionsRequest
    UpdateRoleSystemPermissionsRequestSystemPermissionsInner
    UpdateRolesRequest
    UpdateUserRequest
    UpdateWebHookRequest
    VerifyApiKeyRequest
  ].freeze
end
