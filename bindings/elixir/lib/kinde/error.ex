defmodule Kinde.Error do
  @moduledoc """
  What every function of `Kinde` fails with. No message holds a secret.

  `code` says what happened, and is what to match on:

      case Kinde.Session.refresh(session) do
        :ok -> session
        {:error, %Kinde.Error{code: :invalid_grant}} -> sign_in_again()
        {:error, %Kinde.Error{retry_after: seconds}} when is_integer(seconds) -> later(seconds)
      end

  | Field | |
  | --- | --- |
  | `code` | an atom, the name of the status: `:invalid_grant`, `:state_mismatch`, `:token_expired`, `:network`, … |
  | `message` | one sentence for developers |
  | `field`, `fields` | the parameter or setting that is wrong, and all of them with their messages |
  | `claim` | the claim of a refused token |
  | `oauth_error`, `oauth_description` | what Kinde answered |
  | `http_status`, `request_id`, `codes` | of Kinde's answer |
  | `retry_after` | after how many seconds it may be tried again |
  | `missing_scope` | which scope the token lacks |

  A call that took longer than its client's `:timeout` fails with `:timeout`.
  """

  defexception [
    :code,
    :message,
    :field,
    :claim,
    :oauth_error,
    :oauth_description,
    :http_status,
    :retry_after,
    :request_id,
    :missing_scope,
    fields: [],
    codes: []
  ]

  @type t :: %__MODULE__{
          code: atom(),
          message: String.t() | nil,
          field: String.t() | nil,
          fields: [%{field: String.t(), message: String.t()}],
          claim: String.t() | nil,
          oauth_error: String.t() | nil,
          oauth_description: String.t() | nil,
          http_status: pos_integer() | nil,
          retry_after: non_neg_integer() | nil,
          request_id: String.t() | nil,
          codes: [String.t()],
          missing_scope: String.t() | nil
        }

  @doc """
  The message, or the code in words where there is none.

      iex> Exception.message(%Kinde.Error{code: :timeout, message: "no answer within 100 ms"})
      "no answer within 100 ms"

      iex> Exception.message(%Kinde.Error{code: :invalid_grant})
      "invalid grant"
  """
  @impl Exception
  def message(%__MODULE__{message: message}) when is_binary(message), do: message
  def message(%__MODULE__{code: code}), do: code |> to_string() |> String.replace("_", " ")
end
