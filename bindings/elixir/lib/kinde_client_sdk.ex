defmodule KindeClientSDK do
  @moduledoc """
  Signs users in with a `conn` at hand, as this package did before 1.3; `Kinde.Plug` and `Kinde.Session` are the newer way.

      {conn, client} =
        KindeClientSDK.init(
          conn,
          Application.get_env(:kinde_sdk, :domain),
          Application.get_env(:kinde_sdk, :redirect_url),
          Application.get_env(:kinde_sdk, :backend_client_id),
          Application.get_env(:kinde_sdk, :client_secret),
          :authorization_code_flow_pkce,
          Application.get_env(:kinde_sdk, :logout_redirect_url)
        )

      conn = KindeClientSDK.login(conn, client)

  and where Kinde sends the browser back to:

      def callback(conn, _params) do
        {conn, _client} = KindeClientSDK.get_token(conn)
        user = KindeClientSDK.get_user_detail(conn)
        …
      end

  The session of `conn` has to be fetched (`plug :fetch_session`). Functions that return a `conn` may have changed its
  session: use the one that they return.

  | Flow | Grant type |
  | --- | --- |
  | Client credentials | `:client_credentials` |
  | Authorization code | `:authorization_code` |
  | Authorization code with PKCE | `:authorization_code_flow_pkce` |

  Both flows of users send a code challenge (PKCE).

  ## Configuration

      config :kinde_sdk,
        domain: "https://example.kinde.com",
        backend_client_id: "…",
        frontend_client_id: "…",
        client_secret: "…",
        redirect_url: "https://app.example.com/callback",
        logout_redirect_url: "https://app.example.com/",
        scope: "openid profile email offline",
        additional_parameters: %{audience: "https://api.example.com"}

  `scope` and `additional_parameters` hold where `init` is given none. Beside them, `settings` takes any setting of the
  library. Where the application runs on several nodes, or restarts, sign-ins are kept in Redis:

      config :kinde_sdk,
        settings: [store_url: "redis://localhost", seal_keys: "…"]

  (`KINDE_STORE_URL` and `KINDE_SEAL_KEYS` in the environment do the same.) Without it they are kept in the memory of the node.

  ## Errors

  As documented for this package, functions throw a text when they fail. Where Kinde gives a reason, it is the text.
  """

  alias KindeSDK.{Browser, CoreClient, FeatureFlags, PlugSession, SignIn}
  alias KindeSDK.SDK.Utils

  @scopes "openid profile email offline"
  @grant_types [:client_credentials, :authorization_code, :authorization_code_flow_pkce]
  @token_types %{access_token: :access, id_token: :id}

  @enforce_keys [
    :cache_pid,
    :domain,
    :redirect_uri,
    :client_secret,
    :client_id,
    :grant_type,
    :logout_endpoint
  ]
  @derive {Inspect, except: [:client_secret]}
  defstruct [
    :cache_pid,
    :domain,
    :redirect_uri,
    :logout_redirect_uri,
    :client_id,
    :client_secret,
    :authorization_endpoint,
    :token_endpoint,
    :logout_endpoint,
    :grant_type,
    :auth_status,
    :additional_params,
    :scopes
  ]

  @typedoc "How far a sign-in is."
  @type auth_status :: :authenticating | :authenticated | :unauthenticated

  @typedoc "A `Plug.Conn`, whose session was fetched."
  @type conn :: PlugSession.conn()

  @typedoc "Which token is asked."
  @type token_type :: :access_token | :id_token

  @type t :: %__MODULE__{
          cache_pid: pid() | nil,
          domain: String.t(),
          redirect_uri: String.t(),
          logout_redirect_uri: String.t() | nil,
          client_id: String.t(),
          client_secret: String.t() | nil,
          authorization_endpoint: String.t(),
          token_endpoint: String.t(),
          logout_endpoint: String.t(),
          grant_type: atom(),
          auth_status: auth_status(),
          additional_params: map(),
          scopes: String.t() | nil
        }

  @doc """
  Makes a client for this browser and gives it with the `conn` that remembers it.

  `scopes` are the configured ones unless given, `"openid profile email offline"` unless configured.
  `additional_params` may have `:audience`, `:org_code` and `:org_name`, all of them texts.

  A browser that is signed in to the same application stays so.

  Throws `"Please provide valid domain"`, `"Please provide valid redirect_uri"`, `"Please provide correct additional, <key>"` or
  `"Please supply a valid <key>. Expected: string"`.
  """
  @spec init(conn(), String.t(), String.t(), String.t(), String.t() | nil, atom(), String.t() | nil) ::
          {conn(), t()}
  @spec init(
          conn(),
          String.t(),
          String.t(),
          String.t(),
          String.t() | nil,
          atom(),
          String.t() | nil,
          String.t() | nil
        ) ::
          {conn(), t()}
  @spec init(
          conn(),
          String.t(),
          String.t(),
          String.t(),
          String.t() | nil,
          atom(),
          String.t() | nil,
          String.t() | nil,
          map() | nil
        ) :: {conn(), t()}
  def init(
        conn,
        domain,
        redirect_uri,
        client_id,
        client_secret,
        grant_type,
        logout_redirect_uri,
        scopes \\ nil,
        additional_params \\ nil
      ) do
    unless Utils.validate_url(domain), do: throw("Please provide valid domain")
    unless Utils.validate_url(redirect_uri), do: throw("Please provide valid redirect_uri")

    client =
      struct_of(
        domain: domain,
        redirect_uri: redirect_uri,
        client_id: client_id,
        client_secret: client_secret,
        grant_type: grant_type,
        logout_redirect_uri: logout_redirect_uri,
        scopes: scopes || env(:scope) || @scopes,
        additional_params:
          Utils.check_additional_params(additional_params || env(:additional_parameters) || %{})
      )

    check(client)
    CoreClient.remember_secret(client)
    browser = browser_for(conn, client)
    conn = Browser.put(conn, browser)
    {conn, Browser.client_of(browser)}
  end

  # What else is wrong with the settings is told by what needs them.
  defp check(client) do
    with {:error, error} <- CoreClient.of(client), wrong when is_list(wrong) <- error.fields do
      fields = Enum.map(wrong, & &1.field)
      if "domain" in fields, do: throw("Please provide valid domain")
      if "redirect_uri" in fields, do: throw("Please provide valid redirect_uri")
    end
  end

  defp browser_for(conn, client) do
    case Browser.of(conn) do
      %Browser{client: %{} = former} = browser
      when former.domain == client.domain and former.client_id == client.client_id and
             former.grant_type == client.grant_type ->
        Browser.save_client(browser, client)
        %{browser | client: client}

      _new_or_other ->
        Browser.new(client)
    end
  end

  @doc false
  @spec struct_of(keyword()) :: t()
  def struct_of(fields) do
    domain = String.trim_trailing(fields[:domain], "/")

    struct!(
      __MODULE__,
      [
        cache_pid: nil,
        authorization_endpoint: domain <> "/oauth2/auth",
        token_endpoint: domain <> "/oauth2/token",
        logout_endpoint: domain <> "/logout",
        auth_status: :unauthenticated
      ] ++ Keyword.put(fields, :domain, domain)
    )
  end

  @doc """
  Sends the browser to Kinde's sign-in page; with `:client_credentials` gets a token for the application, which stays on this node,
  and returns `conn` as it is.

  Whoever was signed in before is not any more. `additional_params` win over those of the client. Prefetches are answered with 400.

      conn = KindeClientSDK.login(conn, client, %{org_code: "org_1"})

  Throws `"Please provide correct grant_type"`, what `init/9` throws about `additional_params`, or why there is no token.
  """
  @spec login(conn(), t()) :: conn()
  @spec login(conn(), t(), map()) :: conn()
  def login(conn, client, additional_params \\ %{})

  def login(conn, %__MODULE__{grant_type: :client_credentials} = client, additional_params) do
    SignIn.machine(conn, client, additional_params)
    conn
  end

  def login(conn, %__MODULE__{grant_type: grant_type} = client, additional_params)
      when grant_type in @grant_types,
      do: SignIn.begin(conn, client, :login, additional_params)

  def login(_conn, %__MODULE__{}, _additional_params), do: throw("Please provide correct grant_type")

  @doc """
  Sends the browser to Kinde's page for new users. Otherwise as `login/3`.

      conn = KindeClientSDK.register(conn, client)
  """
  @spec register(conn(), t()) :: conn()
  @spec register(conn(), t(), map()) :: conn()
  def register(conn, %__MODULE__{} = client, additional_params \\ %{}),
    do: SignIn.begin(conn, client, :register, additional_params)

  @doc """
  Sends the browser to Kinde's page for new users who get an organization of their own. Otherwise as `login/3`.

      conn = KindeClientSDK.create_org(conn, client, %{org_name: "Acme"})
  """
  @spec create_org(conn(), t()) :: conn()
  @spec create_org(conn(), t(), map()) :: conn()
  def create_org(conn, %__MODULE__{} = client, additional_params \\ %{}),
    do: SignIn.begin(conn, client, :create_org, additional_params)

  @doc """
  Finishes a sign-in where Kinde sends the browser back to. Anywhere else, renews the tokens if they have expired.

      {conn, client} = KindeClientSDK.get_token(conn)

  With `:client_credentials`, gets a token. When the user followed a link that was too old, the answer of `conn` is a redirect to a new
  sign-in already, and `client.auth_status` is `:authenticating`.

  Throws `"Please provide correct grant_type"`, `"Authentication failed because it tries to validate state"`, `"Not found code param"`, or
  why Kinde refused. The user is signed out then.
  """
  @spec get_token(conn()) :: {conn(), t()}
  def get_token(conn) do
    case browser(conn) || configured_browser() do
      %Browser{client: %{grant_type: :client_credentials} = client} = browser ->
        SignIn.machine(conn, client, %{})
        {conn, Browser.client_of(browser)}

      %Browser{client: %{grant_type: grant_type}} = browser when grant_type in @grant_types ->
        {conn, browser} = SignIn.token(conn, browser)
        {conn, Browser.client_of(browser)}

      %Browser{client: %{}} ->
        throw("Please provide correct grant_type")

      # The browser has lost its cookie, or never had one.
      _none ->
        throw("Authentication failed because it tries to validate state")
    end
  end

  @doc """
  Signs the user out and sends the browser to Kinde, which sends it on to the client's `logout_redirect_uri`.

      conn = KindeClientSDK.logout(conn)

  Everything that is kept of the sign-in is deleted, and the refresh token revoked. Prefetches are answered with 400, and do nothing.
  """
  @spec logout(conn()) :: conn()
  def logout(conn) do
    case browser(conn) || configured_browser() do
      %Browser{client: %{}} = browser -> SignIn.out(conn, browser)
      _none -> throw("Please provide valid domain")
    end
  end

  @doc """
  The grant type in the words of OAuth.

      iex> KindeClientSDK.get_grant_type(:authorization_code_flow_pkce)
      :authorization_code

  Throws `"Please provide correct grant_type"` for any other.
  """
  @spec get_grant_type(:authorization_code | :authorization_code_flow_pkce | :client_credentials) ::
          :authorization_code | :client_credentials
  def get_grant_type(:client_credentials), do: :client_credentials
  def get_grant_type(:authorization_code), do: :authorization_code
  def get_grant_type(:authorization_code_flow_pkce), do: :authorization_code
  def get_grant_type(_other), do: throw("Please provide correct grant_type")

  @doc """
  Whether somebody is signed in: whether there is a verified access token that has not expired, be it of a user or of the
  application itself. `get_token/1` renews one that has.
  """
  @spec authenticated?(conn()) :: boolean()
  def authenticated?(conn), do: get_auth_status(conn) == :authenticated

  @doc """
  How far the sign-in is: `:authenticating` between `login/3` and `get_token/1`, `:authenticated`, or `:unauthenticated`.
  """
  @spec get_auth_status(conn()) :: auth_status()
  def get_auth_status(conn) do
    case browser(conn) do
      nil -> :unauthenticated
      browser -> Browser.status(browser)
    end
  end

  @doc """
  The claims of the access token, or of the ID token. They were verified.

      KindeClientSDK.get_claims(conn)
      KindeClientSDK.get_claims(conn, :id_token)

  Throws `"Please provide valid token (access_token or id_token) to get claim"`, or
  `"Request is missing required authentication credential"` when nobody is signed in.
  """
  @spec get_claims(conn()) :: %{String.t() => term()}
  @spec get_claims(conn(), token_type()) :: %{String.t() => term()}
  def get_claims(conn, token_type \\ :access_token)

  def get_claims(conn, token_type) when is_map_key(@token_types, token_type) do
    Browser.ask(browser(conn), &Kinde.Session.claims(&1, @token_types[token_type]))
  end

  def get_claims(_conn, _other),
    do: throw("Please provide valid token (access_token or id_token) to get claim")

  @doc """
  One claim: `%{name: "jti", value: "…"}`. The value is `nil` if the token does not have it.

      KindeClientSDK.get_claim(conn, "jti")
      KindeClientSDK.get_claim(conn, "email", :id_token)

  Throws what `get_claims/2` throws.
  """
  @spec get_claim(conn(), String.t()) :: %{name: String.t(), value: term()}
  @spec get_claim(conn(), String.t(), token_type()) :: %{name: String.t(), value: term()}
  def get_claim(conn, key, token_type \\ :access_token),
    do: %{name: key, value: Kinde.Claims.get(get_claims(conn, token_type), key)}

  @doc """
  The permissions in the user's organization: `%{org_code: "org_1", permissions: ["create:users"]}`.

  Both may be `nil`, as in tokens of machines. Throws what `get_claims/2` throws.
  """
  @spec get_permissions(conn()) :: %{org_code: String.t() | nil, permissions: [String.t()] | nil}
  @spec get_permissions(conn(), token_type()) :: %{
          org_code: String.t() | nil,
          permissions: [String.t()] | nil
        }
  def get_permissions(conn, token_type \\ :access_token) do
    claims = get_claims(conn, token_type)
    %{org_code: Kinde.Claims.organization(claims), permissions: Kinde.Claims.get(claims, "permissions")}
  end

  @doc """
  Whether the user has a permission: `%{org_code: "org_1", is_granted: true}`.

      KindeClientSDK.get_permission(conn, "create:users")

  Throws what `get_claims/2` throws.
  """
  @spec get_permission(conn(), String.t()) :: %{org_code: String.t() | nil, is_granted: boolean()}
  @spec get_permission(conn(), String.t(), token_type()) :: %{
          org_code: String.t() | nil,
          is_granted: boolean()
        }
  def get_permission(conn, permission, token_type \\ :access_token) do
    claims = get_claims(conn, token_type)
    %{org_code: Kinde.Claims.organization(claims), is_granted: Kinde.Claims.permission?(claims, permission)}
  end

  @doc "The organization that the user signed in to: `%{org_code: \"org_1\"}`. Throws what `get_claims/2` throws."
  @spec get_organization(conn()) :: %{org_code: String.t() | nil}
  def get_organization(conn), do: Browser.ask(browser(conn), &Kinde.Session.organization/1)

  @doc "As `get_organization/1`."
  @spec get_user_organization(conn()) :: %{org_code: String.t() | nil}
  def get_user_organization(conn), do: get_organization(conn)

  @doc "All organizations of the user: `%{org_codes: [\"org_1\", \"org_2\"]}`. Throws what `get_claims/2` throws."
  @spec get_user_organizations(conn()) :: %{org_codes: [String.t()]}
  def get_user_organizations(conn), do: Browser.ask(browser(conn), &Kinde.Session.organizations/1)

  @doc """
  The user, as the verified ID token describes them: `%{id: …, given_name: …, family_name: …, email: …, picture: …}`.

  `nil` when nobody is signed in, as when the access token has expired and cannot be renewed, and with `:client_credentials`.
  """
  @spec get_user_detail(conn()) :: Kinde.Session.user() | nil
  def get_user_detail(conn), do: Browser.user(browser(conn))

  @doc """
  A feature flag: `%{"code" => "theme", "type" => "string", "value" => "pink", "is_default" => false}`.

      KindeClientSDK.get_flag(conn, "theme")
      KindeClientSDK.get_flag(conn, "theme", "black")
      KindeClientSDK.get_flag(conn, "theme", "black", "s")

  A default that stands in has no `"type"`, and `"is_default" => true`. The type is `"b"`, `"s"` or `"i"`.
  Returns `"This flag does not exist, and no default value provided"`, or
  `"The flag type was provided as string, but it is boolean"`. Throws what `get_claims/2` throws.
  """
  @spec get_flag(conn(), String.t()) :: map() | String.t()
  def get_flag(conn, code), do: conn |> flag(code) |> FeatureFlags.describe(code)

  @doc "As `get_flag/2`, with a default."
  @spec get_flag(conn(), String.t(), term()) :: map() | String.t()
  def get_flag(conn, code, default_value),
    do: conn |> flag(code) |> FeatureFlags.describe(code, default_value)

  @doc "As `get_flag/2`, with a default and the type that the flag has to have."
  @spec get_flag(conn(), String.t(), term(), String.t()) :: map() | String.t()
  def get_flag(conn, code, default_value, flag_type),
    do: conn |> flag(code) |> FeatureFlags.describe(code, default_value, flag_type)

  @doc """
  The value of a boolean flag.

  Returns `"Error - flag does not exist and no default provided"`, or `"Error - Flag theme is of type string not boolean"`.
  """
  @spec get_boolean_flag(conn(), String.t()) :: boolean() | String.t()
  def get_boolean_flag(conn, code), do: flag_value(conn, code, "boolean", :none)

  @doc "As `get_boolean_flag/2`, with a default."
  @spec get_boolean_flag(conn(), String.t(), boolean()) :: boolean() | String.t()
  def get_boolean_flag(conn, code, default_value),
    do: flag_value(conn, code, "boolean", {:default, default_value})

  @doc "The value of a string flag, or one of the sentences of `get_boolean_flag/2`."
  @spec get_string_flag(conn(), String.t()) :: String.t()
  def get_string_flag(conn, code), do: flag_value(conn, code, "string", :none)

  @doc "As `get_string_flag/2`, with a default."
  @spec get_string_flag(conn(), String.t(), String.t()) :: String.t()
  def get_string_flag(conn, code, default_value),
    do: flag_value(conn, code, "string", {:default, default_value})

  @doc "The value of an integer flag, or one of the sentences of `get_boolean_flag/2`."
  @spec get_integer_flag(conn(), String.t()) :: integer() | String.t()
  def get_integer_flag(conn, code), do: flag_value(conn, code, "integer", :none)

  @doc "As `get_integer_flag/2`, with a default."
  @spec get_integer_flag(conn(), String.t(), integer()) :: integer() | String.t()
  def get_integer_flag(conn, code, default_value),
    do: flag_value(conn, code, "integer", {:default, default_value})

  defp flag_value(conn, code, type, default),
    do: conn |> flag(code) |> FeatureFlags.value(code, type, default)

  defp flag(conn, code), do: Browser.ask(browser(conn), &FeatureFlags.find(&1, code))

  @doc "The client of this browser; one made of the configuration where `init/9` made none, `nil` where neither is."
  @spec get_kinde_client(conn()) :: t() | nil
  def get_kinde_client(conn) do
    case browser(conn) || configured_browser() do
      %Browser{client: %{}} = browser -> Browser.client_of(browser)
      _none -> nil
    end
  end

  @doc "Keeps the client that this browser has."
  @spec save_kinde_client(conn()) :: :ok
  def save_kinde_client(conn) do
    case get_kinde_client(conn) do
      nil -> throw("Please provide valid domain")
      client -> save_kinde_client(conn, client)
    end
  end

  @doc "Keeps a client for this browser on this node, such as one with another scope."
  @spec save_kinde_client(conn(), t()) :: :ok
  def save_kinde_client(conn, %__MODULE__{} = client) do
    case browser(conn) do
      nil -> :ok
      browser -> Browser.save_client(browser, client)
    end
  end

  @doc """
  The process that answers for this browser, see `KindeSDK.KindeCache`; `nil` before `init/9`.

      pid = KindeClientSDK.get_cache_pid(conn)
      GenServer.call(pid, {:get_kinde_data, :kinde_access_token})

  Ask for it anew in each request: it ends when it was not used for a while.
  """
  @spec get_cache_pid(conn()) :: pid() | nil
  def get_cache_pid(conn) do
    case browser(conn) do
      nil -> nil
      browser -> KindeSDK.KindeCache.pid(Browser.name(browser))
    end
  end

  @doc """
  The tokens and what came with them; all of it `nil` when nobody is signed in.

  `oauth_code_verifier` is `nil`: the library keeps it to itself.
  """
  @spec get_all_data(conn()) :: %{
          login_time_stamp: DateTime.t() | nil,
          expiring_time_stamp: DateTime.t() | nil,
          access_token: String.t() | nil,
          refresh_token: String.t() | nil,
          id_token: String.t() | nil,
          expires_in: integer() | nil,
          token: %{String.t() => term()} | nil,
          user: Kinde.Session.user() | nil,
          oauth_code_verifier: String.t() | nil
        }
  def get_all_data(conn) do
    data =
      case browser(conn) do
        nil -> %{}
        browser -> Browser.data(browser)
      end

    %{
      login_time_stamp: data[:kinde_login_time_stamp],
      expiring_time_stamp: data[:kinde_expiring_time_stamp],
      access_token: data[:kinde_access_token],
      refresh_token: data[:kinde_refresh_token],
      id_token: data[:kinde_id_token],
      expires_in: data[:kinde_expires_in],
      token: data[:kinde_token],
      user: data[:kinde_user],
      oauth_code_verifier: data[:kinde_oauth_code_verifier]
    }
  end

  defp browser(conn), do: Browser.of(conn)

  # For a browser of which nothing is known, such as one that signs out after its cookie has expired, or follows an old link.
  defp configured_browser do
    domain = env(:domain)
    redirect_uri = env(:redirect_url)

    if Utils.validate_url(domain) and Utils.validate_url(redirect_uri) do
      [
        domain: domain,
        redirect_uri: redirect_uri,
        client_id: env(:backend_client_id) || env(:frontend_client_id),
        client_secret: env(:client_secret),
        grant_type: :authorization_code,
        logout_redirect_uri: env(:logout_redirect_url),
        scopes: env(:scope) || @scopes,
        additional_params: env(:additional_parameters) || %{}
      ]
      |> struct_of()
      |> Browser.new()
    end
  end

  defp env(key), do: Application.get_env(:kinde_sdk, key)
end
