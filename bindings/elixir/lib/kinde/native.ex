defmodule Kinde.Native do
  @moduledoc false

  # The functions of the native library (`native/`), as they are; `Kinde.Call` waits for those that take a reference.
  #
  # A second copy cannot take the place of a loaded one: when this module is loaded again in place, the VM refuses it and the
  # loaded one goes on. So a new native library needs a restart of the node.

  import Kinde.Native.Declaration

  alias Kinde.Native.Checksum

  require Logger

  # Loaded from its file when it is called first, not into the compiler, where the library may not be built yet.
  @compile {:autoload, false}
  @on_load :load

  @type client :: reference()
  @type session :: reference()
  @type task :: reference()
  @type pages :: reference()
  @type started :: {:ok, task()} | {:error, Kinde.Error.t()}
  @type answer :: boolean() | {:error, Kinde.Error.t()}
  @type kind :: 0 | 1

  nif version() :: String.t()
  nif log_to(pid :: pid(), level :: 0..4) :: :ok
  nif events_to(pid :: pid()) :: :ok
  nif task_cancel(task :: task()) :: :ok

  nif client_new(settings :: Kinde.params()) :: Kinde.result(client())

  nif client_from_env(settings :: Kinde.params(), variables :: %{String.t() => String.t()}) ::
        Kinde.result(client())

  nif client_derive(client :: client(), overrides :: Kinde.params()) :: Kinde.result(client())
  nif client_prepare(client :: client(), ref :: reference()) :: started()
  nif client_stats(client :: client()) :: Kinde.result(map())

  nif authorization_url(client :: client(), params :: Kinde.params()) :: Kinde.result(map())
  nif logout_url(client :: client(), params :: Kinde.params()) :: Kinde.result(String.t())
  nif exchange_code(client :: client(), params :: Kinde.params(), ref :: reference()) :: started()
  nif refresh_tokens(client :: client(), params :: Kinde.params(), ref :: reference()) :: started()
  nif client_credentials(client :: client(), params :: Kinde.params(), ref :: reference()) :: started()
  nif revoke_token(client :: client(), params :: Kinde.params(), ref :: reference()) :: started()
  nif introspect_token(client :: client(), params :: Kinde.params(), ref :: reference()) :: started()
  nif user_profile(client :: client(), params :: Kinde.params(), ref :: reference()) :: started()
  nif device_start(client :: client(), params :: Kinde.params(), ref :: reference()) :: started()
  nif device_poll(client :: client(), params :: Kinde.params(), ref :: reference()) :: started()

  nif verify_token(client :: client(), token :: String.t(), options :: Kinde.params()) ::
        :wait | Kinde.result(map())

  nif check_token(client :: client(), token :: String.t(), options :: Kinde.params()) ::
        :wait | Kinde.result()

  nif verify_token_async(
        client :: client(),
        token :: String.t(),
        options :: Kinde.params(),
        ref :: reference()
      ) :: started()

  nif session_new(client :: client()) :: Kinde.result(session())
  nif session_from_tokens(client :: client(), tokens :: Kinde.params(), ref :: reference()) :: started()
  nif session_login_url(session :: session(), params :: Kinde.params()) :: Kinde.result(String.t())
  nif session_register_url(session :: session(), params :: Kinde.params()) :: Kinde.result(String.t())
  nif session_create_org_url(session :: session(), params :: Kinde.params()) :: Kinde.result(String.t())
  nif session_logout_url(session :: session(), params :: Kinde.params()) :: Kinde.result(String.t())
  nif session_handle_callback(session :: session(), callback :: String.t(), ref :: reference()) :: started()

  nif session_client_credentials(session :: session(), params :: Kinde.params(), ref :: reference()) ::
        started()

  nif session_refresh(session :: session(), ref :: reference()) :: started()
  nif session_ensure_fresh(session :: session(), min_seconds :: integer(), ref :: reference()) :: started()
  nif session_logout(session :: session(), params :: Kinde.params(), ref :: reference()) :: started()

  nif session_save(session :: session(), ref :: reference()) :: started()
  nif session_load(client :: client(), id :: String.t(), ref :: reference()) :: started()
  nif session_delete(client :: client(), id :: String.t(), ref :: reference()) :: started()
  nif sessions_revoke(client :: client(), sub :: String.t(), ref :: reference()) :: started()
  nif session_revision(session :: session()) :: non_neg_integer()
  nif session_seal(session :: session(), params :: Kinde.params()) :: Kinde.result(String.t())
  nif session_open(client :: client(), sealed :: String.t()) :: Kinde.result(session())
  nif cookie_split(client :: client(), params :: Kinde.params()) :: Kinde.result(map())
  nif cookie_join(client :: client(), params :: Kinde.params()) :: Kinde.result(map())

  nif session_authenticated(session :: session()) :: boolean()
  nif session_expires_at(session :: session()) :: Kinde.result(integer())
  nif session_access_token(session :: session()) :: Kinde.result(String.t())
  nif session_tokens(session :: session()) :: Kinde.result(map())
  nif session_claims(session :: session(), type :: kind()) :: Kinde.result(map())
  nif session_claim(session :: session(), name :: String.t()) :: Kinde.result(term())
  nif session_claim(session :: session(), name :: String.t(), type :: kind()) :: Kinde.result(term())
  nif session_permissions(session :: session(), type :: kind()) :: Kinde.result(map())
  nif session_has_permission(session :: session(), key :: String.t()) :: answer()
  nif session_has_permission(session :: session(), key :: String.t(), type :: kind()) :: answer()
  nif session_roles(session :: session(), type :: kind()) :: Kinde.result(map())
  nif session_has_role(session :: session(), key :: String.t()) :: answer()
  nif session_has_role(session :: session(), key :: String.t(), type :: kind()) :: answer()
  nif session_has(session :: session(), conditions :: Kinde.params()) :: answer()
  nif session_flags(session :: session(), type :: kind()) :: Kinde.result(map())

  nif session_flag(
        session :: session(),
        code :: String.t(),
        default :: :none | {:default, term()},
        type :: String.t() | nil
      ) :: Kinde.result(map())

  nif session_flag_boolean(session :: session(), code :: String.t()) ::
        boolean() | {:error, Kinde.Error.t()}

  nif session_flag_boolean(session :: session(), code :: String.t(), default :: boolean()) ::
        boolean() | {:error, Kinde.Error.t()}

  nif session_flag_integer(session :: session(), code :: String.t()) ::
        integer() | {:error, Kinde.Error.t()}

  nif session_flag_integer(session :: session(), code :: String.t(), default :: integer()) ::
        integer() | {:error, Kinde.Error.t()}

  nif session_flag_string(session :: session(), code :: String.t()) ::
        String.t() | {:error, Kinde.Error.t()}

  nif session_flag_string(session :: session(), code :: String.t(), default :: String.t()) ::
        String.t() | {:error, Kinde.Error.t()}

  nif session_organization(session :: session()) :: Kinde.result(map())
  nif session_organizations(session :: session()) :: Kinde.result(map())
  nif session_user(session :: session()) :: Kinde.result(map())

  nif session_fetch(session :: session(), what :: String.t(), params :: Kinde.params(), ref :: reference()) ::
        started()

  nif session_fetch_has(session :: session(), conditions :: Kinde.params(), ref :: reference()) :: started()

  nif api_call(client :: client(), operation :: String.t(), params :: Kinde.params(), ref :: reference()) ::
        :large | started()

  nif api_call_large(
        client :: client(),
        operation :: String.t(),
        params :: Kinde.params(),
        ref :: reference()
      ) ::
        started()

  nif session_api_call(
        session :: session(),
        operation :: String.t(),
        params :: Kinde.params(),
        ref :: reference()
      ) :: :large | started()

  nif session_api_call_large(
        session :: session(),
        operation :: String.t(),
        params :: Kinde.params(),
        ref :: reference()
      ) :: started()

  nif api_call_many(
        client :: client(),
        calls :: [{operation :: term(), params :: term()}],
        options :: Kinde.params(),
        ref :: reference()
      ) :: started()

  nif api_pages(client :: client(), operation :: String.t(), params :: Kinde.params()) ::
        Kinde.result(pages())

  nif session_api_pages(session :: session(), operation :: String.t(), params :: Kinde.params()) ::
        Kinde.result(pages())

  nif api_pages_next(pages :: pages(), ref :: reference()) :: started()
  nif api_catalogue() :: Kinde.result(map())

  nif webhook_decode(client :: client(), body :: String.t(), options :: Kinde.params(), ref :: reference()) ::
        started()

  nif webhook_done(client :: client(), event_id :: String.t(), ref :: reference()) :: started()

  # Without its library the module is loaded all the same, so that its functions can say what is missing.
  @doc false
  @spec load() :: :ok | {:error, term()}
  def load do
    with {:ok, path} <- path(), :ok <- load(path) do
      :persistent_term.erase({__MODULE__, :failure})
      :ok
    else
      {:error, {:upgrade, _text}} = refused ->
        Logger.error(
          "The native library of kinde_sdk cannot be replaced while it is running. The loaded version goes on; " <>
            "restart the node for the new one."
        )

        refused

      {:error, {_reason, text}} ->
        :persistent_term.put({__MODULE__, :failure}, to_string(text))
        :ok
    end
  end

  defp load(path), do: path |> Path.rootname(".so") |> String.to_charlist() |> :erlang.load_nif(0)

  defp path do
    case System.get_env("KINDE_NIF_PATH") do
      given when given in [nil, ""] ->
        {:ok, Path.join([:code.priv_dir(:kinde_sdk), "native", "kinde_nif.so"])}

      given ->
        case Checksum.verify(given, System.get_env("KINDE_NIF_SHA256")) do
          :ok -> {:ok, given}
          {:error, message} -> {:error, {:checksum, message}}
        end
    end
  end

  # What a function does as long as the library has not put itself in its place.
  defp not_loaded do
    RuntimeError.exception(
      "the native library of kinde_sdk is not loaded: #{:persistent_term.get({__MODULE__, :failure}, "no attempt was made")} " <>
        "(Build it with `mix compile` where Rust is installed, or name a prebuilt one in KINDE_NIF_PATH.)"
    )
  end
end
