defmodule KindeSDK.Browser do
  @moduledoc false

  # One browser, as `KindeClientSDK` sees it. Its session of Plug holds a name, which says where the sign-in is kept and which
  # application it is for: enough for a node that has never met the browser. No secret of the application is in it.

  alias Kinde.{Error, Session}
  alias Kinde.Plug.Failure
  alias KindeSDK.{CoreClient, KindeCache, PlugSession}
  alias KindeSDK.KindeCache.Entries
  alias KindeSDK.SDK.Utils

  require Logger

  @key :kinde_cache_pid

  @enforce_keys [:id]
  defstruct [:id, :session_id, :client]

  @type t :: %__MODULE__{id: String.t(), session_id: String.t() | nil, client: KindeClientSDK.t() | nil}

  @typedoc "What identifies a browser, fit for a cookie."
  @type name :: {id :: String.t(), session_id :: String.t() | nil, settings :: tuple() | nil}

  # The store knows no such session, or not any more.
  @gone [:session_not_found, :session_invalid]

  @doc "A browser that was not seen before."
  @spec new(KindeClientSDK.t() | nil) :: t()
  def new(client), do: %__MODULE__{id: Utils.random_string(16), client: client}

  @doc "The browser that sent this request; `nil` if its session says nothing of us."
  @spec of(PlugSession.conn()) :: t() | nil
  def of(conn) do
    case PlugSession.get(conn, @key) do
      {:via, KindeCache, {id, _session_id, _settings} = name} when is_binary(id) -> named(name)
      # Nothing, or the process id that the former package put there.
      _other -> nil
    end
  end

  @spec named(name()) :: t()
  def named({id, session_id, settings}) do
    entry = Entries.get(id)

    %__MODULE__{
      id: id,
      session_id: session_id || entry[:session_id],
      client: entry[:client] || client(settings)
    }
  end

  @spec name(t()) :: name()
  def name(%__MODULE__{} = browser), do: {browser.id, browser.session_id, settings(browser.client)}

  defp settings(nil), do: nil

  defp settings(client) do
    # Whether it has a secret, but not which.
    {client.domain, client.redirect_uri, client.client_id, is_binary(client.client_secret), client.grant_type,
     client.logout_redirect_uri, client.scopes, client.additional_params}
  end

  defp client(
         {domain, redirect_uri, client_id, secret?, grant_type, logout_redirect_uri, scopes,
          additional_params}
       ) do
    KindeClientSDK.struct_of(
      domain: domain,
      redirect_uri: redirect_uri,
      client_id: client_id,
      client_secret: if(secret?, do: CoreClient.secret(domain, client_id)),
      grant_type: grant_type,
      logout_redirect_uri: logout_redirect_uri,
      scopes: scopes,
      additional_params: additional_params
    )
  end

  defp client(_none), do: nil

  @doc "Lets the browser keep its name."
  @spec put(PlugSession.conn(), t()) :: PlugSession.conn()
  def put(conn, %__MODULE__{} = browser) do
    name = {:via, KindeCache, name(browser)}

    # What is the same is not written: an answer that takes long would undo a sign-in that came in between.
    if PlugSession.get(conn, @key) == name, do: conn, else: PlugSession.put(conn, @key, name)
  end

  @doc "The client with the process that answers for this browser, and how far its sign-in is."
  @spec client_of(t()) :: KindeClientSDK.t()
  def client_of(%__MODULE__{client: client} = browser) do
    %{client | cache_pid: KindeCache.pid(name(browser)), auth_status: status(browser)}
  end

  @spec save_client(t(), KindeClientSDK.t()) :: :ok
  def save_client(%__MODULE__{id: id}, client) do
    CoreClient.remember_secret(client)
    Entries.merge(id, %{client: %{client | cache_pid: nil}})
  end

  @doc "The session of this browser; `nil` if it has none."
  @spec session(t()) :: {:ok, Session.t() | nil} | {:error, Error.t()}
  def session(%__MODULE__{} = browser) do
    case {Entries.get(browser.id), browser} do
      {%{held: held}, _browser} -> {:ok, held}
      {_entry, %{session_id: id, client: client}} when is_binary(id) and client != nil -> load(client, id)
      _neither -> {:ok, nil}
    end
  end

  defp load(client, id) do
    with {:ok, core} <- CoreClient.of(client),
         {:error, %Error{code: code}} when code in @gone <- Session.load(core, id) do
      {:ok, nil}
    end
  end

  @doc "A session in which somebody can sign in, and the browser that has it: nobody is signed in any more."
  @spec session_to_sign_in(t()) :: {:ok, Session.t(), t()} | {:error, Error.t()}
  def session_to_sign_in(%__MODULE__{} = browser) do
    with {:ok, core} <- CoreClient.of(browser.client),
         {:ok, session} <- session(browser) do
      cond do
        is_nil(session) ->
          with {:ok, session} <- Session.new(core), do: {:ok, session, %{browser | session_id: nil}}

        # Sign-ins that other tabs have begun go on.
        not signed_in?(session) ->
          {:ok, session, browser}

        true ->
          with :ok <- delete(browser),
               {:ok, session} <- Session.new(core),
               do: {:ok, session, renamed(browser, nil)}
      end
    end
  end

  @doc "Whether the session has tokens, expired ones included."
  @spec signed_in?(Session.t()) :: boolean()
  def signed_in?(session), do: match?({:ok, _tokens}, Session.tokens(session))

  @doc "Keeps a session; the browser that it belongs to afterwards."
  @spec keep(t(), Session.t()) :: {:ok, t()} | {:error, Error.t()}
  def keep(%__MODULE__{} = browser, session) do
    with {:ok, id} <- Session.save(session) do
      Entries.merge(browser.id, %{session_id: id})
      {:ok, %{browser | session_id: id}}
    end
  end

  @doc """
  The browser under a name that nobody knew before, because somebody signed in or out. Nothing is left under the former one.
  """
  @spec renamed(t(), String.t() | nil) :: t()
  def renamed(%__MODULE__{} = browser, session_id) do
    renamed = %{new(browser.client) | session_id: session_id}
    Entries.delete(browser.id)
    KindeCache.rename(browser.id, name(renamed))
    renamed
  end

  @doc "Ends what is kept of a sign-in, without asking Kinde."
  @spec delete(t()) :: :ok | {:error, Error.t()}
  def delete(%__MODULE__{} = browser) do
    Entries.delete(browser.id)

    with id when is_binary(id) <- browser.session_id,
         {:ok, core} <- CoreClient.of(browser.client) do
      Session.delete(core, id)
    else
      nil -> :ok
      {:error, error} -> {:error, error}
    end
  end

  @doc "How far the sign-in is."
  @spec status(t()) :: KindeClientSDK.auth_status()
  def status(%__MODULE__{} = browser) do
    case session(browser) do
      {:ok, session} ->
        status(browser, session)

      {:error, error} ->
        Logger.warning("the sign-in of a browser could not be looked up: #{Exception.message(error)}")
        :unauthenticated
    end
  end

  defp status(_browser, nil), do: :unauthenticated

  defp status(browser, session) do
    cond do
      Session.authenticated?(session) -> :authenticated
      signed_in?(session) -> :unauthenticated
      # Another node may have begun the sign-in, of which this one knows nothing: a session without tokens says it.
      true -> Map.get(Entries.get(browser.id), :status, :authenticating)
    end
  end

  @doc """
  Asks the session a question. When its access token has expired, it is renewed first.

  Throws what `KindeClientSDK` documents where there is no answer.
  """
  @spec ask(t() | nil, (Session.t() -> Kinde.result(answer))) :: answer when answer: term()
  def ask(nil, _question), do: missing()

  def ask(%__MODULE__{} = browser, question) do
    case session(browser) do
      {:ok, %Session{} = session} -> answer(ask_fresh(session, question))
      {:ok, nil} -> missing()
      {:error, error} -> refuse(error)
    end
  end

  defp ask_fresh(session, question) do
    with {:error, %Error{code: :token_expired}} <- question.(session),
         :ok <- renew(session, 0) do
      question.(session)
    end
  end

  defp answer({:ok, answer}), do: answer
  defp answer({:error, error}), do: refuse(error)

  @spec refuse(Error.t()) :: no_return()
  defp refuse(error) do
    # A question that could not be answered says nothing about the user.
    if Failure.unavailable?(error) or Failure.fault?(error), do: throw(reason(error)), else: missing()
  end

  @spec missing() :: no_return()
  defp missing, do: throw("Request is missing required authentication credential")

  @doc "Renews the access token if it expires within so many seconds. The store has the new one at once."
  @spec renew(Session.t(), integer()) :: Kinde.result()
  def renew(session, min_seconds) do
    case Session.ensure_fresh(session, min_seconds) do
      {:ok, _renewed} -> :ok
      {:error, error} -> if Session.authenticated?(session), do: :ok, else: {:error, error}
    end
  end

  @doc "Why something failed, in Kinde's words if it gave any."
  @spec reason(Error.t()) :: String.t()
  def reason(%Error{} = error) do
    error.oauth_description || error.oauth_error || Exception.message(error)
  end

  @doc "Who is signed in, `nil` if nobody is. An access token that has expired is renewed first."
  @spec user(t() | nil) :: Session.user() | nil
  def user(nil), do: nil

  def user(%__MODULE__{} = browser) do
    with {:ok, %Session{} = session} <- session(browser),
         true <- signed_in?(session),
         :ok <- renew(session, 0) do
      described(session)
    else
      {:error, _over_or_away} -> nil
      _nobody -> get_in(Entries.get(browser.id), [:data, :kinde_user])
    end
  end

  @doc """
  What is known of this browser, by the keys of `KindeCache`. What an application has put there is shown as long as nobody has
  signed in.
  """
  @spec data(t()) :: %{atom() => term()}
  def data(%__MODULE__{} = browser) do
    session =
      case session(browser) do
        {:ok, session} -> session
        {:error, _trouble} -> nil
      end

    status = status(browser, session)

    browser.id
    |> Entries.get()
    |> Map.get(:data, %{})
    |> Map.merge(token_data(session))
    |> Map.put(:kinde_auth_status, status)
    |> put_present(:kinde_client, browser.client && %{browser.client | auth_status: status})
  end

  defp token_data(nil), do: %{}

  defp token_data(session) do
    case Session.tokens(session) do
      {:ok, tokens} ->
        %{
          kinde_login_time_stamp: time(tokens.received_at),
          kinde_expiring_time_stamp: time(tokens.expires_at),
          kinde_access_token: tokens.access_token,
          kinde_refresh_token: tokens.refresh_token,
          kinde_id_token: tokens.id_token,
          kinde_expires_in: tokens.expires_in || 0,
          kinde_token: token_response(tokens),
          kinde_user: described(session)
        }

      {:error, _nobody} ->
        %{}
    end
  end

  defp described(session) do
    case Session.user(session) do
      {:ok, %{id: id} = user} when is_binary(id) -> user
      _machine -> nil
    end
  end

  # As Kinde's answer to the token request.
  defp token_response(tokens) do
    for key <- [:access_token, :id_token, :refresh_token, :token_type, :scope, :expires_in],
        value = Map.get(tokens, key),
        into: %{},
        do: {Atom.to_string(key), value}
  end

  defp time(nil), do: nil
  defp time(seconds), do: seconds |> trunc() |> DateTime.from_unix!()

  defp put_present(data, _key, nil), do: data
  defp put_present(data, key, value), do: Map.put(data, key, value)
end
