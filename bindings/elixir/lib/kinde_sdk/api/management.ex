defmodule KindeSDK.Api.Management do
  @moduledoc false

  # Calls operations of the Management API of today for the functions of `KindeSDK.Api`, whose early endpoints are gone.

  alias Kinde.{Api, Error, Session, Token}
  alias KindeSDK.{Connection, Model}

  @doc "What an operation answers, asked with the access token of a connection."
  @spec call(Connection.t(), atom(), map()) :: Kinde.result(term())
  def call(%Connection{} = connection, operation, params) do
    with {:ok, session} <- session(connection), do: Api.call(session, operation, params)
  end

  defp session(%Connection{access_token: nil}) do
    {:error,
     %Error{
       code: :not_authenticated,
       message: "the connection has no access token: KindeSDK.Connection.new(access_token: …)"
     }}
  end

  # The token says whose it is, and it is verified before that is believed.
  defp session(%Connection{access_token: token} = connection) do
    with {:ok, anybody} <- Connection.core_client(connection),
         {:ok, claims} <- Token.verify(anybody, token, any_audience: true),
         {:ok, owner} <- Kinde.Client.derive(anybody, owner(claims)),
         do: Session.from_tokens(owner, access_token: token)
  end

  defp owner(%{"azp" => client_id}) when is_binary(client_id), do: [client_id: client_id]
  defp owner(_claims), do: []

  @doc "The parameters among the options; others are passed over, as they always were."
  @spec params(keyword(), [atom()]) :: map()
  def params(options, names),
    do: for({name, value} <- Keyword.take(options, names), value != nil, into: %{}, do: {name, plain(value)})

  @doc "As `params/2`, with the option `:body`, a model or a map, if there is one."
  @spec params_and_body(keyword(), [atom()]) :: map()
  def params_and_body(options, names) do
    case options[:body] do
      none when none in [nil, []] -> params(options, names)
      body -> put_body(params(options, names), body)
    end
  end

  @doc "Adds a body, which is a model or a map; what is neither is refused with the parameters."
  @spec put_body(map(), term()) :: map()
  def put_body(params, body), do: Map.put(params, :body, plain(body))

  # Times are values, though they are structs.
  defp plain(%kind{} = time) when kind in [Date, DateTime, NaiveDateTime, Time], do: time

  # What a model does not say is not to be emptied.
  defp plain(%_model{} = struct),
    do:
      for(
        {name, value} <- Map.from_struct(struct),
        value != nil,
        into: %{},
        do: {text(name), plain(value)}
      )

  defp plain(%{} = map), do: Map.new(map, fn {name, value} -> {text(name), plain(value)} end)
  defp plain([]), do: []

  defp plain(list) when is_list(list),
    do: if(Keyword.keyword?(list), do: list |> Map.new() |> plain(), else: Enum.map(list, &plain/1))

  defp plain(value), do: value

  defp text(name) when is_atom(name), do: Atom.to_string(name)
  defp text(name), do: name

  # What a field is called now.
  @names %{
    Model.User => %{first_name: "given_name", last_name: "family_name", email: "preferred_email"},
    Model.OrganizationUser => %{user_id: "id"},
    Model.AddOrganizationUsers200Response => %{users_add: "users_added"},
    Model.RemoveOrganizationUsers200Response => %{users_added: "users_removed"}
  }

  @members %{
    {Model.CreateUser200Response, :identities} => [Model.UserIdentity],
    {Model.UserIdentity, :result} => Model.UserIdentityResult
  }

  @doc "The list that an answer has under a name, as models; `nil` where there is none."
  @spec read_list(term(), String.t(), module()) :: [struct()] | nil
  def read_list(%{} = answer, name, model), do: read(answer[name], [model])
  def read_list(_nothing, _name, _model), do: nil

  @doc "An answer as a model, or a list of them; `nil` where there is nothing."
  @spec read(term(), module() | [module()]) :: term()
  def read(list, [model]) when is_list(list), do: Enum.map(list, &read(&1, model))

  def read(%{} = answer, model) when is_atom(model) do
    empty = struct!(model)

    for {field, _nil} <- Map.from_struct(empty), reduce: empty do
      read -> Map.put(read, field, member(answer, model, field))
    end
  end

  def read(_nothing, _model), do: nil

  defp member(answer, model, field) do
    name = get_in(@names, [model, field])
    # Of the two names that of today tells more where there are both.
    value = if name && Map.has_key?(answer, name), do: answer[name], else: answer[Atom.to_string(field)]

    case @members do
      %{{^model, ^field} => inner} -> read(value, inner)
      _plain -> value
    end
  end
end
