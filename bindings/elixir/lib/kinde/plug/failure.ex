defmodule Kinde.Plug.Failure do
  @moduledoc false
  # What it says about a request, and about a session, that something failed. It is asked where Plug is not, too.

  @compile {:no_warn_undefined, Plug.Conn}

  alias Kinde.Error

  @unavailable [
    :network,
    :tls,
    :timeout,
    :http,
    :response_too_large,
    :malformed_response,
    :rate_limited,
    :keys_unavailable,
    :store,
    :conflict,
    :cancelled
  ]
  @faults [:config, :not_prepared, :internal, :null_argument]
  # What is kept is over, or is no session.
  @unusable [:session_not_found, :session_invalid, :invalid_grant, :invalid_argument, :invalid_utf8]
  # What makes clients come back, if nobody said.
  @retry_after 5

  @doc "Whether a session that was kept is none any more, which signs its user out; all else says nothing about the user."
  defguard is_unusable(code) when code in @unusable

  @doc "Whether it may go well later: it is no fault of whoever made the request."
  @spec unavailable?(Error.t()) :: boolean()
  def unavailable?(%Error{code: code}), do: code in @unavailable

  @doc "Whether it is for developers."
  @spec fault?(Error.t()) :: boolean()
  def fault?(%Error{code: code}), do: code in @faults

  @doc "The header that says when to try again, in seconds."
  @spec put_retry_after(struct(), Error.t()) :: struct()
  def put_retry_after(conn, %Error{retry_after: seconds}) do
    Plug.Conn.put_resp_header(conn, "retry-after", to_string(max(seconds || 0, @retry_after)))
  end
end

if match?({:module, _}, Code.ensure_compiled(Plug.Exception)) do
  # Of an error that nobody rescued, such as that a question could not be answered because the store is away.
  defimpl Plug.Exception, for: Kinde.Error do
    def status(error), do: if(Kinde.Plug.Failure.unavailable?(error), do: 503, else: 500)
    def actions(_error), do: []
  end
end
