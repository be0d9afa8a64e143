if match?({:module, _}, Code.ensure_compiled(Plug.Conn)) do
  defmodule Kinde.Plug.Webhooks do
    @moduledoc """
    Takes the events that Kinde sends, and hands each to a function of the application, once.

        # lib/my_app_web/endpoint.ex, before `plug Plug.Parsers`
        plug Kinde.Plug.Webhooks, client: MyApp.Kinde, at: "/webhooks/kinde", handler: {MyApp.Accounts, :sync}

    **It reads the body of the request, so it stands before `Plug.Parsers`**, which may leave nothing of it. All requests to
    other paths go on as they are. In the router, `forward "/webhooks/kinde", Kinde.Plug.Webhooks, client: …, handler: …` works
    where the parsers let `application/jwt` pass; without `:at` every request is one of Kinde.

        defmodule MyApp.Accounts do
          def sync(%Kinde.Webhook{type: "user.deleted", data: %{"user" => %{"id" => id}}}), do: delete(id)
          def sync(%Kinde.Webhook{type: "user." <> _, data: %{"user" => user}}), do: upsert(user)
          def sync(%Kinde.Webhook{}), do: :ok
        end

    The handler answers `:ok` or `{:ok, anything}` when it is done; only then the event counts as handled, and comes no more.
    When it answers `:error` or `{:error, reason}`, or raises, Kinde sends the event again, for 36 hours. Kinde waits for the
    answer: what takes long, the handler puts into a queue. Two requests with the same event at the same moment both come to it.

    | Option | |
    | --- | --- |
    | `:client` | the name of a `Kinde.Client`; where there are several nodes its `store_url` is Redis, so that all know what was handled |
    | `:handler` | `{module, function}`, or `&MyApp.Accounts.sync/1`: a function of a `Kinde.Webhook` |
    | `:at` | the path; without it every request is taken |

    | | Status |
    | --- | --- |
    | handled, now or before | 200 |
    | not signed by Kinde, too old, no event | 400 |
    | another method than POST | 405 |
    | the body did not come | 408 |
    | longer than any event | 413 |
    | the handler failed | 500 |
    | Kinde's keys or the store cannot be had | 503, with `Retry-After` |
    """

    @behaviour Plug

    alias Kinde.{Error, Webhook}
    alias Kinde.Plug.Failure
    alias Plug.Conn

    require Logger

    # The library takes 64 KiB, and white space around them.
    @longest 65 * 1024

    @doc false
    @impl Plug
    def init(options) do
      options = Keyword.validate!(options, [:client, :handler, :at])
      if options[:client] == nil, do: raise(ArgumentError, "client: the name of a Kinde.Client is needed")

      %{client: options[:client], handler: handler(options[:handler]), at: at(options[:at])}
    end

    defp handler(handler) when is_function(handler, 1), do: handler
    defp handler({module, function} = handler) when is_atom(module) and is_atom(function), do: handler

    defp handler(_other),
      do: raise(ArgumentError, "handler: a function of a Kinde.Webhook is needed, or {module, function}")

    defp at(nil), do: nil
    defp at("/" <> _ = path), do: String.split(path, "/", trim: true)
    defp at(_other), do: raise(ArgumentError, "at: must be a path that begins with /")

    @doc false
    @impl Plug
    def call(%Conn{path_info: path} = conn, %{at: at} = options) when at == nil or at == path,
      do: conn |> take(options) |> Conn.halt()

    def call(conn, _options), do: conn

    defp take(%Conn{method: "POST"} = conn, options) do
      case Conn.read_body(conn, length: @longest, read_length: @longest) do
        {:ok, body, conn} when byte_size(body) <= @longest -> decoded(conn, body, options)
        {:ok, _long, conn} -> answer(conn, 413)
        {:more, _beginning, conn} -> answer(conn, 413)
        {:error, _reason} -> answer(conn, 408)
      end
    end

    defp take(conn, _options), do: conn |> Conn.put_resp_header("allow", "POST") |> answer(405)

    defp decoded(conn, body, options) do
      case Webhook.decode(options.client, body) do
        {:ok, %Webhook{duplicate: true}} -> answer(conn, 200)
        {:ok, event} -> handled(conn, event, handle(options.handler, event), options)
        {:error, error} -> failed(conn, error, body)
      end
    end

    defp handle({module, function}, event), do: apply(module, function, [event])
    defp handle(function, event), do: function.(event)

    defp handled(conn, event, result, options) when result == :ok or elem(result, 0) == :ok do
      case Webhook.done(options.client, event) do
        :ok -> answer(conn, 200)
        {:error, error} -> failed(conn, error, :known)
      end
    end

    defp handled(conn, event, result, _options) when result == :error or elem(result, 0) == :error do
      Logger.error("[kinde] the handler failed for the event #{event.event_id} (#{event.type})")
      answer(conn, 500)
    end

    defp handled(_conn, _event, _result, _options) do
      raise ArgumentError, "a handler of webhooks must answer :ok, {:ok, term}, :error or {:error, reason}"
    end

    defp failed(conn, %Error{} = error, body) do
      cond do
        Failure.unavailable?(error) ->
          Logger.error("[kinde] webhooks cannot be taken: #{Exception.message(error)}")
          conn |> Failure.put_retry_after(error) |> answer(503)

        # An option or a setting is wrong, which is for developers; Kinde sends the event again.
        Failure.fault?(error) ->
          raise error

        true ->
          Logger.warning("[kinde] a webhook was refused: #{reason(error, body)}")
          answer(conn, 400)
      end
    end

    defp reason(_error, ""), do: "its body is empty; if Plug.Parsers has read it, put this plug before"
    defp reason(error, _body), do: Exception.message(error)

    defp answer(conn, status) do
      conn |> Conn.put_resp_header("cache-control", "no-store") |> Conn.send_resp(status, "")
    end
  end
end
