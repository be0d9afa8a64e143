defmodule Kinde.Session do
  @moduledoc """
  The sign-in of one user.

      {:ok, session} = Kinde.Session.new(MyApp.Kinde)
      {:ok, url} = Kinde.Session.login_url(session)            # redirect the browser there
      {:ok, id} = Kinde.Session.save(session)                  # keep the id for the callback

      {:ok, session} = Kinde.Session.load(MyApp.Kinde, id)
      {:ok, %{outcome: :signed_in}} = Kinde.Session.handle_callback(session, query_string)
      {:ok, id} = Kinde.Session.save(session)                  # another id, since somebody signed in

      Kinde.Session.permission?(session, "read:todos")

  A session may be asked by any number of processes of this node. It is no process, and is gone when nobody refers to it:
  between two requests it is kept by `save/1` (in a store) or `seal/2` (in cookies). It means nothing on another node.

  Call `ensure_fresh/2` once before the questions of a request: questions never use the network, so those to an access
  token that has expired fail with `:token_expired`. Questions that end in `?` answer `false` then, as they do when
  nobody is signed in.
  """

  use Kinde.Bang

  alias Kinde.{Account, Call, Client, Error, Native, Token}

  @enforce_keys [:ref, :client]
  @derive {Inspect, only: [:client]}
  defstruct [:ref, :client]

  @type t :: %__MODULE__{ref: Native.session(), client: Client.t()}

  @typedoc "What came of a callback: signed in, or sent back to the sign-in page at `url`."
  @type outcome :: %{outcome: :signed_in | :restart, return_to: String.t() | nil, url: String.t() | nil}

  # Nobody is signed in, or not any more; or what is asked for has no name that anything could have.
  @denied [:not_authenticated, :token_expired, :invalid_utf8]

  @doc "A session of nobody yet."
  @spec new(Client.named()) :: Kinde.result(t())
  def new(client) do
    client = Client.get(client)
    with {:ok, ref} <- Native.session_new(client.ref), do: {:ok, wrap(ref, client)}
  end

  @doc "A session of tokens that are there already; they are verified."
  @spec from_tokens(Client.named(), Token.t() | Kinde.params()) :: Kinde.result(t())
  def from_tokens(client, %Token{} = tokens), do: from_tokens(client, Map.from_struct(tokens))

  def from_tokens(client, tokens) do
    client = Client.get(client)
    result = Call.run(client, :from_tokens, &Native.session_from_tokens(client.ref, tokens, &1))
    with {:ok, ref} <- result, do: {:ok, wrap(ref, client)}
  end

  @doc """
  The address of the sign-in page. What the callback needs stays in the session.

  Takes `return_to`, `scope`, `org_code`, `login_hint`, `prompt`, `lang`, `connection_id` and the others of Kinde.
  """
  @spec login_url(t()) :: Kinde.result(String.t())
  @spec login_url(t(), Kinde.params()) :: Kinde.result(String.t())
  def login_url(%__MODULE__{ref: ref}, params \\ []), do: Native.session_login_url(ref, params)

  @doc "The address of the page for new users; takes what `login_url/2` takes."
  @spec register_url(t()) :: Kinde.result(String.t())
  @spec register_url(t(), Kinde.params()) :: Kinde.result(String.t())
  def register_url(%__MODULE__{ref: ref}, params \\ []), do: Native.session_register_url(ref, params)

  @doc "The address of the page for new users of a new organization; also takes `org_name`."
  @spec create_org_url(t()) :: Kinde.result(String.t())
  @spec create_org_url(t(), Kinde.params()) :: Kinde.result(String.t())
  def create_org_url(%__MODULE__{ref: ref}, params \\ []), do: Native.session_create_org_url(ref, params)

  @doc """
  Takes the browser that came back from Kinde: its query string, or the whole address.

  `outcome` is `:signed_in`, or `:restart` when the user followed an old link: send the browser to `url` then.
  """
  @spec handle_callback(t(), String.t()) :: Kinde.result(outcome())
  def handle_callback(%__MODULE__{} = session, callback) do
    call(session, :handle_callback, &Native.session_handle_callback(session.ref, callback, &1))
  end

  @doc "Signs the application itself in; takes `audience` and `scope`."
  @spec client_credentials(t()) :: Kinde.result()
  @spec client_credentials(t(), Kinde.params()) :: Kinde.result()
  def client_credentials(%__MODULE__{} = session, params \\ []) do
    call(session, :client_credentials, &Native.session_client_credentials(session.ref, params, &1))
  end

  @doc "Fetches new tokens."
  @spec refresh(t()) :: Kinde.result()
  def refresh(%__MODULE__{} = session), do: call(session, :refresh, &Native.session_refresh(session.ref, &1))

  @doc """
  Fetches new tokens if the access token expires within so many seconds, and says whether it did.

  Call it once before the questions of a request, and keep the session again when it answers `true`.
  """
  @spec ensure_fresh(t()) :: Kinde.result(boolean())
  @spec ensure_fresh(t(), integer()) :: Kinde.result(boolean())
  def ensure_fresh(%__MODULE__{} = session, min_seconds \\ 60) do
    call(session, :ensure_fresh, &Native.session_ensure_fresh(session.ref, min_seconds, &1))
  end

  @doc """
  Signs the user out and gives the address that ends the sign-in at Kinde too.

  The tokens are forgotten, revoked if the settings say so, and the session is deleted from its store.
  """
  @spec logout(t()) :: Kinde.result(String.t())
  @spec logout(t(), Kinde.params()) :: Kinde.result(String.t())
  def logout(%__MODULE__{} = session, params \\ []) do
    call(session, :logout, &Native.session_logout(session.ref, params, &1))
  end

  @doc "As `logout/2`, without the network: a session in a store has to be deleted with `delete/2`."
  @spec logout_url(t()) :: Kinde.result(String.t())
  @spec logout_url(t(), Kinde.params()) :: Kinde.result(String.t())
  def logout_url(%__MODULE__{ref: ref}, params \\ []), do: Native.session_logout_url(ref, params)

  @doc "Keeps the session in the client's store and gives its id, which is another one after a sign-in."
  @spec save(t()) :: Kinde.result(String.t())
  def save(%__MODULE__{} = session), do: call(session, :save, &Native.session_save(session.ref, &1))

  @doc "The session that is kept under this id."
  @spec load(Client.named(), String.t()) :: Kinde.result(t())
  def load(client, id) do
    client = Client.get(client)
    result = Call.run(client, :load, &Native.session_load(client.ref, id, &1))
    with {:ok, ref} <- result, do: {:ok, wrap(ref, client)}
  end

  @doc "Deletes the session that is kept under this id."
  @spec delete(Client.named(), String.t()) :: Kinde.result()
  def delete(client, id) do
    client = Client.get(client)
    Call.run(client, :delete, &Native.session_delete(client.ref, id, &1))
  end

  @doc "Deletes all sessions of a user from the client's store; `sub` is the user's id."
  @spec revoke_all(Client.named(), String.t()) :: Kinde.result()
  def revoke_all(client, sub) do
    client = Client.get(client)
    Call.run(client, :revoke_all, &Native.sessions_revoke(client.ref, sub, &1))
  end

  @doc "A number that differs when the session must be kept again."
  @spec revision(t()) :: non_neg_integer()
  def revision(%__MODULE__{ref: ref}), do: Native.session_revision(ref)

  @doc """
  The session as an encrypted text, for cookies of its own (`Kinde.Cookie`); needs the setting `seal_keys`.

  `content: "claims"` leaves the tokens out: short enough for the session of Plug, and enough to answer questions.
  """
  @spec seal(t()) :: Kinde.result(String.t())
  @spec seal(t(), Kinde.params()) :: Kinde.result(String.t())
  def seal(%__MODULE__{ref: ref}, params \\ []), do: Native.session_seal(ref, params)

  @doc "The session of a text that `seal/2` made."
  @spec open(Client.named(), String.t()) :: Kinde.result(t())
  def open(client, sealed) do
    client = Client.get(client)
    with {:ok, ref} <- Native.session_open(client.ref, sealed), do: {:ok, wrap(ref, client)}
  end

  @doc "Whether somebody is signed in, with an access token that has not expired; a machine's counts."
  @spec authenticated?(t()) :: boolean()
  def authenticated?(%__MODULE__{ref: ref}), do: Native.session_authenticated(ref)

  @doc "When the access token expires, in seconds since 1970."
  @spec expires_at(t()) :: Kinde.result(integer())
  def expires_at(%__MODULE__{ref: ref}), do: Native.session_expires_at(ref)

  @doc "The access token, for requests to APIs."
  @spec access_token(t()) :: Kinde.result(String.t())
  def access_token(%__MODULE__{ref: ref}), do: Native.session_access_token(ref)

  @doc "All tokens."
  @spec tokens(t()) :: Kinde.result(Token.t())
  def tokens(%__MODULE__{ref: ref}) do
    with {:ok, tokens} <- Native.session_tokens(ref), do: {:ok, struct!(Token, tokens)}
  end

  @doc "The claims of the access token, or of the ID token."
  @spec claims(t()) :: Kinde.result(%{String.t() => term()})
  @spec claims(t(), Kinde.token_type()) :: Kinde.result(%{String.t() => term()})
  def claims(%__MODULE__{ref: ref}, type \\ :access), do: Native.session_claims(ref, kind(type))

  @doc "One claim; `nil` if the token does not have it."
  @spec claim(t(), String.t()) :: Kinde.result(term())
  @spec claim(t(), String.t(), Kinde.token_type()) :: Kinde.result(term())
  def claim(session, name, type \\ :access)
  def claim(%__MODULE__{ref: ref}, name, :access), do: Native.session_claim(ref, name)
  def claim(%__MODULE__{ref: ref}, name, type), do: Native.session_claim(ref, name, kind(type))

  @doc "The permissions in the user's organization."
  @spec permissions(t()) :: Kinde.result(%{org_code: String.t() | nil, permissions: [String.t()]})
  @spec permissions(t(), Kinde.token_type()) ::
          Kinde.result(%{org_code: String.t() | nil, permissions: [String.t()]})
  def permissions(%__MODULE__{ref: ref}, type \\ :access), do: Native.session_permissions(ref, kind(type))

  @doc "Whether the user has this permission."
  @spec permission?(t(), String.t()) :: boolean()
  @spec permission?(t(), String.t(), Kinde.token_type()) :: boolean()
  def permission?(session, key, type \\ :access)

  def permission?(%__MODULE__{ref: ref}, key, :access), do: decided(Native.session_has_permission(ref, key))

  def permission?(%__MODULE__{ref: ref}, key, type),
    do: decided(Native.session_has_permission(ref, key, kind(type)))

  @doc "The roles in the user's organization."
  @spec roles(t()) :: Kinde.result(roles())
  @spec roles(t(), Kinde.token_type()) :: Kinde.result(roles())
  def roles(%__MODULE__{ref: ref}, type \\ :access), do: Native.session_roles(ref, kind(type))

  @typedoc "Roles, and the organization in which they are held."
  @type roles :: %{
          org_code: String.t() | nil,
          roles: [%{id: String.t() | nil, key: String.t() | nil, name: String.t() | nil}]
        }

  @doc "Whether the user has this role, by its key."
  @spec role?(t(), String.t()) :: boolean()
  @spec role?(t(), String.t(), Kinde.token_type()) :: boolean()
  def role?(session, key, type \\ :access)
  def role?(%__MODULE__{ref: ref}, key, :access), do: decided(Native.session_has_role(ref, key))
  def role?(%__MODULE__{ref: ref}, key, type), do: decided(Native.session_has_role(ref, key, kind(type)))

  @doc """
  Whether all conditions hold, such as `permissions: ["read:todos"], roles: ["admin"], feature_flags: ["beta_access"]`.
  """
  @spec has?(t(), Kinde.params()) :: boolean()
  def has?(%__MODULE__{ref: ref}, conditions), do: decided(Native.session_has(ref, conditions))

  @doc "All feature flags."
  @spec flags(t()) ::
          Kinde.result(%{feature_flags: [%{key: String.t(), type: String.t(), value: term()}]})
  @spec flags(t(), Kinde.token_type()) ::
          Kinde.result(%{feature_flags: [%{key: String.t(), type: String.t(), value: term()}]})
  def flags(%__MODULE__{ref: ref}, type \\ :access), do: Native.session_flags(ref, kind(type))

  @doc """
  One feature flag of any type.

  Options: `:default`, without which a flag that is not there is an error, and `:type` (`"boolean"`, `"string"`,
  `"integer"`, `"object"`), without which any type will do.
  """
  @spec flag(t(), String.t()) :: Kinde.result(flag())
  @spec flag(t(), String.t(), default: term(), type: String.t()) :: Kinde.result(flag())
  def flag(%__MODULE__{ref: ref}, code, options \\ []) do
    default =
      case Keyword.fetch(options, :default) do
        {:ok, value} -> {:default, value}
        :error -> :none
      end

    Native.session_flag(ref, code, default, options[:type])
  end

  @typedoc "A feature flag."
  @type flag :: %{code: String.t(), type: String.t() | nil, value: term(), is_default: boolean()}

  @doc "The value of a boolean flag, or the default."
  @spec boolean_flag(t(), String.t()) :: Kinde.result(boolean())
  @spec boolean_flag(t(), String.t(), boolean() | nil) :: Kinde.result(boolean())
  def boolean_flag(session, code, default \\ nil)
  def boolean_flag(%__MODULE__{ref: ref}, code, nil), do: value(Native.session_flag_boolean(ref, code))

  def boolean_flag(%__MODULE__{ref: ref}, code, default) do
    value(Native.session_flag_boolean(ref, code, default))
  end

  @doc "The value of an integer flag, or the default."
  @spec integer_flag(t(), String.t()) :: Kinde.result(integer())
  @spec integer_flag(t(), String.t(), integer() | nil) :: Kinde.result(integer())
  def integer_flag(session, code, default \\ nil)
  def integer_flag(%__MODULE__{ref: ref}, code, nil), do: value(Native.session_flag_integer(ref, code))

  def integer_flag(%__MODULE__{ref: ref}, code, default) do
    value(Native.session_flag_integer(ref, code, default))
  end

  @doc "The value of a string flag, or the default."
  @spec string_flag(t(), String.t()) :: Kinde.result(String.t())
  @spec string_flag(t(), String.t(), String.t() | nil) :: Kinde.result(String.t())
  def string_flag(session, code, default \\ nil)
  def string_flag(%__MODULE__{ref: ref}, code, nil), do: value(Native.session_flag_string(ref, code))

  def string_flag(%__MODULE__{ref: ref}, code, default) do
    value(Native.session_flag_string(ref, code, default))
  end

  @doc "The organization that the user signed in to."
  @spec organization(t()) :: Kinde.result(%{org_code: String.t() | nil})
  def organization(%__MODULE__{ref: ref}), do: Native.session_organization(ref)

  @doc "All organizations of the user."
  @spec organizations(t()) :: Kinde.result(%{org_codes: [String.t()]})
  def organizations(%__MODULE__{ref: ref}), do: Native.session_organizations(ref)

  @doc "The user, as the ID token describes them."
  @spec user(t()) :: Kinde.result(user())
  def user(%__MODULE__{ref: ref}), do: Native.session_user(ref)

  @typedoc "A user; all of it `nil` in a session of the application itself."
  @type user :: %{
          id: String.t() | nil,
          given_name: String.t() | nil,
          family_name: String.t() | nil,
          email: String.t() | nil,
          picture: String.t() | nil
        }

  @doc """
  Asks Kinde what is so now; the tokens say what was so when they were made. `Kinde.Account` has a function for each.

  `what` is `:permissions`, `:roles`, `:flags`, `:properties`, `:entitlements`, `:entitlement` (takes `key`),
  `:portal_url`, `:user_profile` or `:refresh_claims`. Fields that Kinde adds to its answers in the future have texts as keys.
  """
  @spec fetch(t(), atom() | String.t()) :: Kinde.result(map())
  @spec fetch(t(), atom() | String.t(), Kinde.params()) :: Kinde.result(map())
  def fetch(%__MODULE__{} = session, what, params \\ []) do
    what = to_string(what)
    Call.run(session.client, :fetch, %{what: what}, &Native.session_fetch(session.ref, what, params, &1))
  end

  @doc "As `has?/2`, but asks Kinde, and knows `billing_entitlements` and `entitlements` too: `Kinde.Account.has/2`."
  @spec fetch_has(t(), Kinde.params()) :: Kinde.result(boolean())
  def fetch_has(%__MODULE__{} = session, conditions), do: Account.has(session, conditions)

  defp call(session, flow, start), do: Call.run(session.client, flow, start)

  defp wrap(ref, client), do: %__MODULE__{ref: ref, client: client}

  defp kind(:access), do: 0
  defp kind(:id), do: 1

  defp decided(answer) when is_boolean(answer), do: answer
  defp decided({:error, %Error{code: code}}) when code in @denied, do: false
  defp decided({:error, error}), do: raise(error)

  defp value({:error, _error} = failed), do: failed
  defp value(value), do: {:ok, value}
end
