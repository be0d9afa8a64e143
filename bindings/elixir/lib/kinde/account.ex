defmodule Kinde.Account do
  @moduledoc """
  Asks Kinde what is so about a user now, where `Kinde.Session` answers from tokens, which say what was so when they were made.

      {:ok, %{roles: roles}} = Kinde.Account.roles(session)
      {:ok, true} = Kinde.Account.has(session, roles: ["admin"], billing_entitlements: ["Pro plan"])
      {:ok, true} = Kinde.Account.refresh_claims(session)

  Where SDKs of Kinde for other languages have an option `force_api`, this is the module to ask instead of the other.

  Keys are atoms; fields that Kinde adds to its answers in the future have texts as keys. Lists come as a whole, all pages of
  them. With `page_size` and `starting_after` one page is given as Kinde describes it, with
  `metadata: %{has_more: …, next_page_starting_after: …}`.

  An access token that has expired is renewed first, unless the client's setting `auto_refresh` is off.
  """

  use Kinde.Bang

  alias Kinde.{Call, Native, Session}

  @doc "The permissions: `%{org_code: \"org_1\", permissions: [\"read:todos\"]}`."
  @spec permissions(Session.t()) :: Kinde.result(map())
  @spec permissions(Session.t(), Kinde.params()) :: Kinde.result(map())
  def permissions(session, params \\ []), do: Session.fetch(session, :permissions, params)

  @doc "The roles: `%{org_code: \"org_1\", roles: [%{id: …, key: \"admin\", name: …}]}`."
  @spec roles(Session.t()) :: Kinde.result(map())
  @spec roles(Session.t(), Kinde.params()) :: Kinde.result(map())
  def roles(session, params \\ []), do: Session.fetch(session, :roles, params)

  @doc "The feature flags: `%{feature_flags: [%{key: \"theme\", type: \"string\", value: \"pink\"}]}`."
  @spec flags(Session.t()) :: Kinde.result(map())
  @spec flags(Session.t(), Kinde.params()) :: Kinde.result(map())
  def flags(session, params \\ []), do: Session.fetch(session, :flags, params)

  @doc "The properties: `%{properties: [%{id: …, key: \"kp_usr_city\", name: …, value: …}]}`."
  @spec properties(Session.t()) :: Kinde.result(map())
  @spec properties(Session.t(), Kinde.params()) :: Kinde.result(map())
  def properties(session, params \\ []), do: Session.fetch(session, :properties, params)

  @doc """
  What the user's plans entitle to:
  `%{org_code: …, plans: [%{key: …, subscribed_on: …}], entitlements: [%{feature_key: …, price_name: …, …}]}`.
  """
  @spec entitlements(Session.t()) :: Kinde.result(map())
  @spec entitlements(Session.t(), Kinde.params()) :: Kinde.result(map())
  def entitlements(session, params \\ []), do: Session.fetch(session, :entitlements, params)

  @doc "The entitlement to one feature, by its `feature_key`; `nil` if there is none."
  @spec entitlement(Session.t(), String.t()) :: Kinde.result(map() | nil)
  def entitlement(session, key) do
    with {:ok, %{entitlement: entitlement}} <- Session.fetch(session, :entitlement, key: key),
         do: {:ok, entitlement}
  end

  @doc "The most that the user may have of a feature (`entitlement_limit_max`); `nil` without an entitlement, or a limit."
  @spec entitlement_limit(Session.t(), String.t()) :: Kinde.result(integer() | nil)
  def entitlement_limit(session, key) do
    with {:ok, entitlement} <- entitlement(session, key), do: {:ok, entitlement[:entitlement_limit_max]}
  end

  @doc """
  Whether all conditions hold.

      Kinde.Account.has(session, permissions: ["read:todos"], roles: ["admin"])
      Kinde.Account.has(session, feature_flags: ["beta_access", %{flag: "theme", value: "pink"}])
      Kinde.Account.has(session, billing_entitlements: ["Pro plan"], entitlements: ["seats"])

  Billing entitlements are known by their `price_name`, other entitlements by their `feature_key`. Only what is asked about is fetched.
  """
  @spec has(Session.t(), Kinde.params()) :: Kinde.result(boolean())
  def has(%Session{} = session, conditions) do
    Call.run(session.client, :fetch_has, &Native.session_fetch_has(session.ref, conditions, &1))
  end

  @doc """
  A link that opens Kinde's self-serve portal once, for this user.

      {:ok, url} = Kinde.Account.portal_url(session, return_url: "https://app.example.com/account", page: "plan_selection")

  `return_url` is where the portal leads back to, an absolute address. `page` is `"profile"`, `"organization_details"`,
  `"payment_details"`, `"plan_details"`, `"plan_selection"`, or another one of Kinde's.
  """
  @spec portal_url(Session.t()) :: Kinde.result(String.t())
  @spec portal_url(Session.t(), Kinde.params()) :: Kinde.result(String.t())
  def portal_url(session, params \\ []) do
    with {:ok, %{url: url}} <- Session.fetch(session, :portal_url, params), do: {:ok, url}
  end

  @doc "The user's profile, by default as OpenID Connect names it: `%{sub: …, email: …, given_name: …}`; `version: \"v1\"` is the older one."
  @spec user_profile(Session.t()) :: Kinde.result(map())
  @spec user_profile(Session.t(), Kinde.params()) :: Kinde.result(map())
  def user_profile(session, params \\ []), do: Session.fetch(session, :user_profile, params)

  @doc """
  Makes new permissions, roles and flags take effect now: Kinde works the user's claims out anew, and the session gets tokens
  with them. Says whether they are other tokens than before; keep the session again then.

  Asks the Management API with the client's machine token, which needs the scope `update:user_refresh_claims`.
  """
  @spec refresh_claims(Session.t()) :: Kinde.result(boolean())
  def refresh_claims(session) do
    with {:ok, %{refreshed: refreshed}} <- Session.fetch(session, :refresh_claims), do: {:ok, refreshed}
  end
end
