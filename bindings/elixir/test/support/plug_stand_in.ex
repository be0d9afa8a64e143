# Plug cannot be fetched where these tests run, so this is a stand-in: the parts of Plug 1.14 that the library and its tests
# use, behaving as Plug documents them, and nothing that Plug does not document. When the real Plug is there, it is used.
unless Code.ensure_loaded?(Plug.Conn) do
  defmodule Plug do
    @callback init(options :: term()) :: term()
    @callback call(conn :: struct(), options :: term()) :: struct()
  end

  defprotocol Plug.Exception do
    @fallback_to_any true
    def status(exception)
    def actions(exception)
  end

  defimpl Plug.Exception, for: Any do
    def status(%{plug_status: status}) when is_integer(status), do: status
    def status(_exception), do: 500
    def actions(_exception), do: []
  end

  defmodule Plug.Conn.AlreadySentError do
    defexception message: "the response was already sent"
  end

  defmodule Plug.Conn.NotSentError do
    defexception message: "a response was neither set nor sent from the connection"
  end

  defmodule Plug.Conn.InvalidQueryError do
    defexception message: "query string is invalid", plug_status: 400
  end

  defmodule Plug.Conn.InvalidHeaderError do
    defexception message: "header is invalid"
  end

  defmodule Plug.Conn.Unfetched do
    defstruct [:aspect]

    def fetch(%{aspect: aspect}, key) do
      raise ArgumentError,
            "cannot fetch key #{inspect(key)} from conn.#{aspect} because they were not fetched"
    end
  end

  defmodule Plug.Conn.Query do
    @doc "Decodes `a=b&c[d]=e&f[]=g`, as far as the tests need it."
    def decode(query) do
      query
      |> String.split("&", trim: true)
      |> Enum.reduce(%{}, fn pair, params ->
        {key, value} =
          case String.split(pair, "=", parts: 2) do
            [key, value] -> {decode_part(key), decode_part(value)}
            [key] -> {decode_part(key), ""}
          end

        Map.put(params, key, value)
      end)
    end

    defp decode_part(text) do
      decoded = URI.decode_www_form(text)
      if String.valid?(decoded), do: decoded, else: raise(Plug.Conn.InvalidQueryError)
    rescue
      ArgumentError -> raise Plug.Conn.InvalidQueryError
    end
  end

  defmodule Plug.Conn do
    @type t :: %__MODULE__{}

    defstruct adapter: {Plug.StandIn.Adapter, nil},
              assigns: %{},
              body_params: %Plug.Conn.Unfetched{aspect: :body_params},
              cookies: %Plug.Conn.Unfetched{aspect: :cookies},
              halted: false,
              host: "www.example.com",
              method: "GET",
              owner: nil,
              params: %Plug.Conn.Unfetched{aspect: :params},
              path_info: [],
              path_params: %{},
              port: 80,
              private: %{},
              query_params: %Plug.Conn.Unfetched{aspect: :query_params},
              query_string: "",
              remote_ip: {127, 0, 0, 1},
              req_cookies: %Plug.Conn.Unfetched{aspect: :cookies},
              req_headers: [],
              request_path: "/",
              resp_body: nil,
              resp_cookies: %{},
              resp_headers: [{"cache-control", "max-age=0, private, must-revalidate"}],
              scheme: :http,
              script_name: [],
              secret_key_base: nil,
              state: :unset,
              status: nil

    alias __MODULE__
    alias Plug.Conn.Unfetched

    @statuses [
      ok: 200,
      no_content: 204,
      moved_permanently: 301,
      found: 302,
      see_other: 303,
      temporary_redirect: 307,
      bad_request: 400,
      unauthorized: 401,
      forbidden: 403,
      not_found: 404,
      method_not_allowed: 405,
      too_many_requests: 429,
      internal_server_error: 500,
      bad_gateway: 502,
      service_unavailable: 503
    ]

    # Assigns, private, halting

    def assign(%Conn{} = conn, key, value) when is_atom(key),
      do: %{conn | assigns: Map.put(conn.assigns, key, value)}

    def merge_assigns(%Conn{} = conn, pairs),
      do: %{conn | assigns: Enum.into(pairs, conn.assigns)}

    def put_private(%Conn{} = conn, key, value) when is_atom(key),
      do: %{conn | private: Map.put(conn.private, key, value)}

    def halt(%Conn{} = conn), do: %{conn | halted: true}

    # The request

    def get_req_header(%Conn{req_headers: headers}, key) when is_binary(key),
      do: for({^key, value} <- headers, do: value)

    def put_req_header(%Conn{} = conn, key, value) do
      not_sent!(conn)
      %{conn | req_headers: List.keystore(conn.req_headers, key, 0, {key, value})}
    end

    def request_url(%Conn{} = conn) do
      port = if {conn.scheme, conn.port} in [http: 80, https: 443], do: "", else: ":#{conn.port}"
      query = if conn.query_string == "", do: "", else: "?" <> conn.query_string
      "#{conn.scheme}://#{conn.host}#{port}#{conn.request_path}#{query}"
    end

    def fetch_query_params(conn, options \\ [])

    def fetch_query_params(%Conn{query_params: %Unfetched{}} = conn, _options) do
      query_params = Plug.Conn.Query.decode(conn.query_string)

      params =
        case conn.params do
          %Unfetched{} -> query_params
          params -> Map.merge(query_params, params)
        end

      %{conn | query_params: query_params, params: params}
    end

    def fetch_query_params(%Conn{} = conn, _options), do: conn

    @doc "The body, at most once: what was read is gone."
    def read_body(%Conn{adapter: {adapter, state}} = conn, options \\ []) do
      case adapter.read_req_body(state, options) do
        {:ok, body, state} -> {:ok, body, %{conn | adapter: {adapter, state}}}
        {:more, part, state} -> {:more, part, %{conn | adapter: {adapter, state}}}
        {:error, reason} -> {:error, reason}
      end
    end

    # Cookies

    def fetch_cookies(conn, options \\ [])

    def fetch_cookies(%Conn{req_cookies: %Unfetched{}} = conn, _options) do
      request =
        for header <- get_req_header(conn, "cookie"),
            pair <- String.split(header, ";", trim: true),
            [name, value] <- [String.split(String.trim(pair), "=", parts: 2)],
            reduce: %{},
            do: (cookies -> Map.put_new(cookies, name, value))

      cookies =
        Enum.reduce(conn.resp_cookies, request, fn
          {key, %{value: value}}, cookies -> Map.put(cookies, key, value)
          {key, _deleted}, cookies -> Map.delete(cookies, key)
        end)

      %{conn | req_cookies: request, cookies: cookies}
    end

    def fetch_cookies(%Conn{} = conn, _options), do: conn

    def put_resp_cookie(%Conn{} = conn, key, value, options \\ [])
        when is_binary(key) and is_list(options) do
      not_sent!(conn)
      unless is_binary(value), do: raise(ArgumentError, "cookie values must be binaries here")
      cookie = options |> Map.new() |> Map.put_new(:path, "/") |> Map.put(:value, value)

      if cookie_size(key, cookie) > 4096,
        do:
          raise(
            Plug.Conn.CookieOverflowError,
            "cookie named #{inspect(key)} exceeds maximum size of 4096 bytes"
          )

      update_cookies(
        %{conn | resp_cookies: Map.put(conn.resp_cookies, key, cookie)},
        &Map.put(&1, key, value)
      )
    end

    def delete_resp_cookie(%Conn{} = conn, key, options \\ []) when is_binary(key) do
      not_sent!(conn)

      cookie =
        options
        |> Map.new()
        |> Map.put_new(:path, "/")
        |> Map.merge(%{max_age: 0, universal_time: {{1970, 1, 1}, {0, 0, 0}}})

      update_cookies(
        %{conn | resp_cookies: Map.put(conn.resp_cookies, key, cookie)},
        &Map.delete(&1, key)
      )
    end

    defp update_cookies(%Conn{cookies: %Unfetched{}} = conn, _change), do: conn
    defp update_cookies(%Conn{} = conn, change), do: %{conn | cookies: change.(conn.cookies)}

    defp cookie_size(key, cookie), do: byte_size(Plug.StandIn.set_cookie(key, cookie))

    # The session

    def fetch_session(conn, options \\ [])

    def fetch_session(%Conn{private: private} = conn, options) do
      case private do
        %{plug_session_fetch: :done} -> conn
        %{plug_session_fetch: fetch} -> conn |> fetch_cookies() |> fetch.(options)
        %{} -> raise ArgumentError, "cannot fetch session without a configured session plug"
      end
    end

    def get_session(conn), do: session!(conn)

    def get_session(conn, key, default \\ nil) when is_atom(key) or is_binary(key),
      do: Map.get(session!(conn), session_key(key), default)

    def put_session(conn, key, value) when is_atom(key) or is_binary(key),
      do: write_session(conn, &Map.put(&1, session_key(key), value))

    def delete_session(conn, key) when is_atom(key) or is_binary(key),
      do: write_session(conn, &Map.delete(&1, session_key(key)))

    def clear_session(conn), do: write_session(conn, fn _session -> %{} end)

    def configure_session(%Conn{state: state}, _options) when state not in [:unset, :set],
      do: raise(Plug.Conn.AlreadySentError)

    def configure_session(conn, options) do
      session!(conn)

      cond do
        options[:ignore] -> put_private(conn, :plug_session_info, :ignore)
        options[:drop] -> put_private(conn, :plug_session_info, :drop)
        options[:renew] -> put_private(conn, :plug_session_info, :renew)
        true -> conn
      end
    end

    defp write_session(%Conn{state: state}, _change) when state not in [:unset, :set],
      do: raise(Plug.Conn.AlreadySentError)

    defp write_session(conn, change) do
      info =
        case conn.private[:plug_session_info] do
          settled when settled in [:ignore, :drop, :renew] -> settled
          _ -> :write
        end

      session = change.(session!(conn))
      conn |> put_private(:plug_session, session) |> put_private(:plug_session_info, info)
    end

    defp session!(%Conn{private: %{plug_session: session}}), do: session

    defp session!(%Conn{}),
      do: raise(ArgumentError, "session not fetched, call fetch_session/2")

    defp session_key(key) when is_binary(key), do: key
    defp session_key(key) when is_atom(key), do: Atom.to_string(key)

    # The response

    def get_resp_header(%Conn{resp_headers: headers}, key) when is_binary(key),
      do: for({^key, value} <- headers, do: value)

    def put_resp_header(%Conn{} = conn, key, value) when is_binary(key) and is_binary(value) do
      not_sent!(conn)

      if key != String.downcase(key),
        do: raise(Plug.Conn.InvalidHeaderError, "header key is not lowercase: #{inspect(key)}")

      if value =~ ~r/[\r\n]/,
        do:
          raise(
            Plug.Conn.InvalidHeaderError,
            "value for header #{inspect(key)} contains control characters"
          )

      %{conn | resp_headers: List.keystore(conn.resp_headers, key, 0, {key, value})}
    end

    def delete_resp_header(%Conn{} = conn, key) when is_binary(key) do
      not_sent!(conn)
      %{conn | resp_headers: List.keydelete(conn.resp_headers, key, 0)}
    end

    def put_resp_content_type(%Conn{} = conn, type, charset \\ "utf-8") do
      value = if charset, do: "#{type}; charset=#{charset}", else: type
      put_resp_header(conn, "content-type", value)
    end

    def put_status(%Conn{state: state}, _status) when state not in [:unset, :set],
      do: raise(Plug.Conn.AlreadySentError)

    def put_status(%Conn{} = conn, nil), do: %{conn | status: nil}
    def put_status(%Conn{} = conn, status), do: %{conn | status: code(status)}

    def resp(%Conn{state: state}, _status, _body) when state not in [:unset, :set],
      do: raise(Plug.Conn.AlreadySentError)

    def resp(%Conn{} = conn, status, body) when is_binary(body) or is_list(body),
      do: %{conn | status: code(status), resp_body: body, state: :set}

    def send_resp(%Conn{} = conn, status, body), do: conn |> resp(status, body) |> send_resp()

    def send_resp(%Conn{state: :unset}),
      do: raise(ArgumentError, "cannot send a response that was not set")

    def send_resp(%Conn{state: :set} = conn) do
      callbacks = Map.get(conn.private, :before_send, [])
      conn = Enum.reduce(callbacks, conn, fn callback, conn -> callback.(conn) end)

      cookies =
        for {key, cookie} <- conn.resp_cookies,
            do: {"set-cookie", Plug.StandIn.set_cookie(key, cookie)}

      %{
        conn
        | state: :sent,
          resp_headers: conn.resp_headers ++ cookies,
          resp_body: IO.iodata_to_binary(conn.resp_body)
      }
    end

    def send_resp(%Conn{}), do: raise(Plug.Conn.AlreadySentError)

    @doc "Callbacks run in the reverse order of their registration."
    def register_before_send(%Conn{} = conn, callback) when is_function(callback, 1) do
      not_sent!(conn)
      %{conn | private: Map.update(conn.private, :before_send, [callback], &[callback | &1])}
    end

    defp not_sent!(%Conn{state: state}) when state in [:unset, :set], do: :ok
    defp not_sent!(%Conn{}), do: raise(Plug.Conn.AlreadySentError)

    defp code(status) when is_integer(status) and status in 100..999, do: status
    defp code(status) when is_atom(status), do: Keyword.fetch!(@statuses, status)
  end

  defmodule Plug.Conn.CookieOverflowError do
    defexception [:message]
  end

  defmodule Plug.StandIn.Adapter do
    @moduledoc "A request whose body is there already, or never comes."

    def read_req_body(nil, options), do: read_req_body("", options)
    def read_req_body(:never, _options), do: {:error, :timeout}

    def read_req_body(body, options) do
      case Keyword.get(options, :length, 8_000_000) do
        length when byte_size(body) > length ->
          <<part::binary-size(length), rest::binary>> = body
          {:more, part, rest}

        _length ->
          {:ok, body, ""}
      end
    end
  end

  defmodule Plug.StandIn do
    @moduledoc false

    def set_cookie(key, cookie) do
      [
        "#{key}=#{cookie[:value]}",
        "path=#{cookie[:path]}",
        cookie[:domain] && "domain=#{cookie[:domain]}",
        cookie[:max_age] && "max-age=#{cookie[:max_age]}",
        cookie[:secure] && "secure",
        Map.get(cookie, :http_only, true) && "HttpOnly",
        cookie[:same_site] && "SameSite=#{cookie[:same_site]}",
        cookie[:extra]
      ]
      |> Enum.filter(& &1)
      |> Enum.join("; ")
    end
  end

  defmodule Plug.Test do
    @moduledoc "Builds connections, as `Plug.Test` does."

    def conn(method, path, params_or_body \\ nil) do
      uri = URI.parse(path)
      scheme = if uri.scheme == "https", do: :https, else: :http

      conn = %Plug.Conn{
        method: method |> to_string() |> String.upcase(),
        scheme: scheme,
        host: uri.host || "www.example.com",
        port: uri.port || if(scheme == :https, do: 443, else: 80),
        request_path: uri.path || "/",
        path_info: String.split(uri.path || "/", "/", trim: true),
        query_string: uri.query || "",
        owner: self()
      }

      case params_or_body do
        params when is_map(params) and conn.method == "GET" ->
          Plug.Conn.fetch_query_params(%{conn | query_string: URI.encode_query(params)})

        params when is_map(params) ->
          params = Map.new(params, fn {key, value} -> {to_string(key), value} end)
          %{conn | body_params: params, params: params}

        body when is_binary(body) ->
          %{conn | adapter: {Plug.StandIn.Adapter, body}}

        nil ->
          conn
      end
    end

    @doc "Initializes the session: what is in it, and that it was fetched."
    def init_test_session(conn, session) do
      session = Map.new(session, fn {key, value} -> {to_string(key), value} end)

      conn
      |> Plug.Conn.put_private(
        :plug_session,
        Map.merge(conn.private[:plug_session] || %{}, session)
      )
      |> Plug.Conn.put_private(:plug_session_fetch, :done)
      |> Plug.Conn.put_private(:plug_session_info, nil)
    end

    def put_req_cookie(conn, key, value) when is_binary(key) and is_binary(value) do
      cookies = Plug.Conn.get_req_header(conn, "cookie")
      Plug.Conn.put_req_header(conn, "cookie", Enum.join(cookies ++ ["#{key}=#{value}"], "; "))
    end

    def delete_req_cookie(conn, key) when is_binary(key) do
      cookies =
        for header <- Plug.Conn.get_req_header(conn, "cookie"),
            pair <- String.split(header, "; "),
            not String.starts_with?(pair, key <> "="),
            do: pair

      Plug.Conn.put_req_header(conn, "cookie", Enum.join(cookies, "; "))
    end

    @doc "What a browser that got the answer `old` sends along with the next request."
    def recycle_cookies(new, old) do
      old = Plug.Conn.fetch_cookies(old)

      Enum.reduce(old.cookies, new, fn {key, value}, conn -> put_req_cookie(conn, key, value) end)
    end

    @doc "Status, headers and body of a response that was sent."
    def sent_resp(%Plug.Conn{state: :sent} = conn),
      do: {conn.status, conn.resp_headers, conn.resp_body}

    def sent_resp(_conn), do: raise("no sent response available for the given connection")
  end
end
