defmodule Kinde do
  @moduledoc """
  Kinde for Elixir: sign-in, tokens, users, organizations, roles, permissions and feature flags.

  | Module | What for |
  | --- | --- |
  | `Kinde.Client` | an application at Kinde, started once in your supervision tree |
  | `Kinde.Session` | the sign-in of one user, and the questions asked of it |
  | `Kinde.Token` | bearer tokens, and the grants without a session |
  | `Kinde.Claims` | look-ups in the claims of a verified token |
  | `Kinde.Account` | what Kinde says about a user now, where tokens say what was |
  | `Kinde.Api` | Kinde's Management API: users, organizations, roles, … |
  | `Kinde.Webhook` | events that Kinde sends |
  | `Kinde.Error` | what every function fails with |

  Functions return `{:ok, value}` (or `:ok`) and `{:error, %Kinde.Error{}}`; those that end in `!` return the value or
  raise the error. Functions that end in `?` answer `true` or `false`.

  What has to wait for the network lets only the calling process wait, for the `:timeout` of its client at the most.
  Questions never use the network.
  """

  @typedoc "What a function without a value returns."
  @type result :: :ok | {:error, Kinde.Error.t()}

  @typedoc "What a function with a value returns."
  @type result(value) :: {:ok, value} | {:error, Kinde.Error.t()}

  @typedoc """
  Parameters and settings: a map or keyword list with the names of the library's documentation.

  Values are texts, atoms, numbers, dates and times, lists and maps. `nil` is as good as no value.
  """
  @type params :: keyword() | %{optional(atom() | String.t()) => term()}

  @typedoc "Which token is asked: that for APIs, or the one about the user."
  @type token_type :: :access | :id

  @doc "The version of the native library."
  @spec native_version() :: String.t()
  def native_version, do: Kinde.Native.version()
end
