defmodule Kinde.Api do
  @moduledoc """
  Kinde's APIs: everything that can be done in Kinde's admin area, and what a user may ask about themselves.

  Each group of operations is a module: `Kinde.Api.Users`, `Kinde.Api.Organizations`, `Kinde.Api.Roles`, … and
  `Kinde.Api.Account` for what users ask.

      {:ok, %{"id" => id}} = Kinde.Api.Users.create_user(MyApp.Kinde, profile: [given_name: "Ada"], identities: […])
      {:ok, %{"users" => users}} = Kinde.Api.Users.get_users(MyApp.Kinde, page_size: 50)

  ## Who asks

  With a client, its machine token is sent, which is got when it is first needed, kept, and renewed by itself: of the settings
  `management_client_id` and `management_client_secret`, or else of `client_id` and `client_secret`. The application at Kinde
  needs the scope that the documentation of a function names; without it the error says which one is missing.

  With a `Kinde.Session`, the session's access token is sent. `Kinde.Api.Account` needs one, because it answers about the user.

  ## Parameters

  A map or keyword list: the values for the path and the query by their names, and beside them the members of the body, or the
  body as a whole under `body`. Keys are atoms or texts. `code` stands for `org_code`, and a list of ids for a list of objects
  with an `id`. A time may be a `DateTime`. `nil` is no value; only where a member of the body may be empty it is JSON's `null`,
  which empties it. A file is a text in base 64, or `%{data: …, filename: …, content_type: …}`.

  Everything that is missing, unknown or of a wrong type is refused before anything is sent: `code: :invalid_argument`, and
  `fields` names all of it. What Kinde has added to its API since goes into `extra`, a map; or the client's setting
  `api_validation: "lenient"` lets it pass.

  ## Answers

  `{:ok, data}` with what Kinde answered, whose keys are texts as Kinde writes them, `nil` if it was nothing;
  `response/3` has status and headers too. `{:error, %Kinde.Error{}}` has Kinde's `codes`, the `http_status`, the
  `request_id`, and `missing_scope` and `retry_after` where Kinde says so.

  What is safe to repeat is repeated after trouble on the way, and everything after HTTP status 429, within the setting
  `timeout_ms`. While Kinde asks one call to wait, all calls of the client do.
  """

  use Kinde.Bang

  alias Kinde.{Api.Response, Call, Client, Error, Native, Session}

  @typedoc "Whose token is sent: the machine token of a client, or the access token of a session."
  @type asker :: Client.named() | Session.t()

  @typedoc "The name of an operation, such as `:create_user`; `catalogue/0` has all."
  @type operation :: atom() | String.t()

  @doc """
  Calls an operation by its name. The functions of the modules `Kinde.Api.Users`, … do no more.

      {:ok, user} = Kinde.Api.call(MyApp.Kinde, :get_user_data, id: "kp_1")
  """
  @spec call(asker(), operation()) :: Kinde.result(term())
  @spec call(asker(), operation(), Kinde.params()) :: Kinde.result(term())
  def call(asker, operation, params \\ []) do
    with {:ok, response} <- response(asker, operation, params), do: {:ok, response.data}
  end

  @doc "As `call/3`, with the HTTP status and the headers of the answer."
  @spec response(asker(), operation()) :: Kinde.result(Response.t())
  @spec response(asker(), operation(), Kinde.params()) :: Kinde.result(Response.t())
  def response(asker, operation, params \\ [])

  def response(%Session{ref: ref, client: client}, operation, params) do
    ask(client, ref, operation, params, &Native.session_api_call/4, &Native.session_api_call_large/4)
  end

  def response(client, operation, params) do
    client = Client.get(client)
    ask(client, client.ref, operation, params, &Native.api_call/4, &Native.api_call_large/4)
  end

  defp ask(client, ref, operation, params, call, call_large) do
    operation = name(operation)

    answered =
      Call.run(client, :api, %{operation: operation}, fn answer ->
        with :large <- call.(ref, operation, params, answer),
             do: call_large.(ref, operation, params, answer)
      end)

    with {:ok, response} <- answered, do: {:ok, struct!(Response, response)}
  end

  # Nothing of what was given is said: where a parameter stands in the wrong place, it may be a secret.
  defp name(name) when is_atom(name) or is_binary(name), do: to_string(name)

  defp name(_other),
    do: raise(ArgumentError, "the name of an operation or a method must be an atom or a text")

  @doc """
  Asks for any path under `/api/` and `/account_api/`, for what Kinde has added since this version.

      {:ok, data} = Kinde.Api.request(MyApp.Kinde, :get, "/api/v1/users", query: [page_size: 5])
      {:ok, data} = Kinde.Api.request(MyApp.Kinde, :post, "/api/v1/novelties", body: %{name: "New"})

  Options: `:query` and `:body`. Nothing is checked but the path. `response/3` with the operation `:request` and the
  parameters `method`, `path`, `query` and `body` gives status and headers too.
  """
  @spec request(asker(), atom() | String.t(), String.t()) :: Kinde.result(term())
  @spec request(asker(), atom() | String.t(), String.t(), query: Kinde.params(), body: term()) ::
          Kinde.result(term())
  def request(asker, method, path, options \\ []) do
    given = for {name, value} <- known!(options, [:query, :body]), value != nil, into: %{}, do: {name, value}
    # An empty keyword list would be a list.
    given = if given[:query] == [], do: Map.delete(given, :query), else: given
    call(asker, :request, Map.merge(given, %{method: method |> name() |> String.upcase(), path: path}))
  end

  # As `Keyword.validate!/2`, which shows in its message what was given.
  defp known!(options, names) do
    unless Keyword.keyword?(options), do: raise(ArgumentError, "the options must be a keyword list")

    case Keyword.keys(options) -- names do
      [] ->
        options

      [name | _others] ->
        raise ArgumentError, "no option #{inspect(name)}, there are #{inspect(names)} once each"
    end
  end

  @doc """
  All items of a list, page by page, as a lazy stream. A page is asked for when its first item is wanted.

      MyApp.Kinde
      |> Kinde.Api.stream(:get_users)
      |> Stream.filter(& &1["is_suspended"])
      |> Enum.take(10)

  Takes the operations that answer with a list, and their parameters; a page has 100 items unless `page_size` says
  otherwise. Who stops early asks for no more pages and leaves nothing behind. Each enumeration starts anew.

  Raises `Kinde.Error` while it is enumerated: what `call/3` would give, and if Kinde's pages go round in a circle.
  """
  @spec stream(asker(), operation()) :: Enumerable.t()
  @spec stream(asker(), operation(), Kinde.params()) :: Enumerable.t()
  def stream(asker, operation, params \\ [])

  def stream(%Session{ref: ref, client: client}, operation, params),
    do: items(client, operation, fn operation -> Native.session_api_pages(ref, operation, params) end)

  def stream(client, operation, params) do
    client = Client.get(client)
    items(client, operation, fn operation -> Native.api_pages(client.ref, operation, params) end)
  end

  defp items(client, operation, pages_of) do
    operation = name(operation)

    Stream.resource(
      fn -> Kinde.Bang.unwrap(pages_of.(operation)) end,
      fn pages ->
        case Call.run(client, :api, %{operation: operation}, &Native.api_pages_next(pages, &1)) do
          {:ok, nil} -> {:halt, pages}
          {:ok, %{items: items}} -> {items, pages}
          {:error, %Error{} = error} -> raise error
        end
      end,
      # The iterator is garbage, and nothing is under way between two pages.
      fn _pages -> :ok end
    )
  end

  @doc """
  Makes many calls, a few at a time, and gives the result of each, in their order.

      calls = for email <- emails, do: {:create_user, identities: [%{type: "email", details: %{email: email}}]}
      {:ok, results} = Kinde.Api.call_many(MyApp.Kinde, calls)
      for {:error, error} <- results, do: Logger.warning(Exception.message(error))

  A call is `{operation, params}`, or an operation alone. What is wrong with one call is its own result. Only when the time is up for
  all together is there one `:timeout` in place of results; what was sent until then may have taken effect.

  | Option | Default | |
  | --- | --- | --- |
  | `:concurrency` | the client's setting `api_concurrency` | how many calls are under way at once, 1 to 1000 |
  | `:timeout` | `:infinity` | for how many milliseconds all together may take; each call has the setting `timeout_ms` |
  """
  @spec call_many(Client.named(), [operation() | {operation(), Kinde.params()}]) ::
          Kinde.result([Kinde.result(term())])
  @spec call_many(Client.named(), [operation() | {operation(), Kinde.params()}],
          concurrency: pos_integer(),
          timeout: timeout()
        ) :: Kinde.result([Kinde.result(term())])
  def call_many(client, calls, options \\ []) when is_list(calls) do
    options = Keyword.validate!(options, [:concurrency, timeout: :infinity])
    client = Client.with_timeout(client, options[:timeout])
    calls = Enum.map(calls, &one_of_many/1)
    # `nil` is the client's setting.
    given = [concurrency: options[:concurrency]]

    with {:ok, outcomes} <- Call.run(client, :api_many, &Native.api_call_many(client.ref, calls, given, &1)),
         do: {:ok, Enum.map(outcomes, &data/1)}
  end

  defp one_of_many({operation, params}), do: {operation, params}
  defp one_of_many(operation), do: {operation, []}

  defp data({:ok, %{data: data}}), do: {:ok, data}
  defp data({:error, error}), do: {:error, error}

  @doc """
  What this version knows of Kinde's APIs: groups, operations with their parameters, models.

  Keys are texts: `%{"groups" => […], "operations" => [%{"name" => "create_user", "method" => "POST", …}], "models" => …}`.
  """
  @spec catalogue() :: %{String.t() => term()}
  def catalogue, do: Kinde.Bang.unwrap(Native.api_catalogue())
end
