if match?({:module, _}, Code.ensure_compiled(Plug.Conn)) do
  defmodule Kinde.Plug.Failure do
    @moduledoc false
    # Whose fault it is that something failed, which decides how a request is answered.

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
    # What makes clients come back, if nobody said.
    @retry_after 5

    @doc "Whether it may go well later: it is no fault of whoever made the request."
    @spec unavailable?(Error.t()) :: boolean()
    def unavailable?(%Error{code: code}), do: code in @unavailable

    @doc "Whether it is for developers."
    @spec fault?(Error.t()) :: boolean()
    def fault?(%Error{code: code}), do: code in @faults

    @doc "The header that says when to try again, in seconds."
    @spec put_retry_after(Plug.Conn.t(), Error.t()) :: Plug.Conn.t()
    def put_retry_after(conn, %Error{retry_after: seconds}) do
      Plug.Conn.put_resp_header(conn, "retry-after", to_string(max(seconds || 0, @retry_after)))
    end
  end
end

if match?({:module, _}, Code.ensure_compiled(Plug.Exception)) do
  # Of an error that nobody rescued, such as that a question could not be answered because the store is away.
  defimpl Plug.Exception, for: Kinde.Error do
    def status(error), do: if(Kinde.Plug.Failure.unavailable?(error), do: 503, else: 500)
    def actions(_error), do: []
  end
end
