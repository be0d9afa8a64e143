defmodule Kinde.Api.Groups do
  @moduledoc false

  # Makes a module of each group of operations, with their documentation.

  alias Kinde.Api.Catalogue

  # Deeper members of a body are left to Kinde's own documentation.
  @levels 3

  @doc "What is in the modules: their names, what is said about them, and their operations."
  @spec all() :: [{module(), String.t(), [Catalogue.operation()]}]
  def all do
    {operations, _models} = Catalogue.read(Catalogue.files())

    operations
    |> Enum.group_by(&module/1)
    |> Enum.sort()
    |> Enum.map(fn {module, [%{api: api} | _] = operations} ->
      {module, about(api, operations), operations}
    end)
  end

  # What users ask is in groups of the same names as what machines ask.
  defp module(%{api: "account"}), do: Kinde.Api.Account
  defp module(%{api: "oauth"}), do: Kinde.Api.OAuth
  defp module(%{group: group}), do: Module.concat(Kinde.Api, Macro.camelize(group))

  defp about("account", _operations),
    do:
      "What a user may ask about themselves (Account API). Takes a `Kinde.Session`; `Kinde.Account` is handier."

  defp about("oauth", _operations),
    do: "Endpoints of OAuth that are asked with a token; profiles are those of a `Kinde.Session`."

  defp about("management", [%{group: group} | _]),
    do: "Operations of the Management API on #{String.replace(group, "_", " ")}; see `Kinde.Api`."

  @doc "The functions of an operation: the documentation, and the name."
  @spec functions(Catalogue.operation(), map()) :: [{String.t(), atom(), atom()}]
  def functions(operation, models) do
    name = String.to_atom(operation.name)
    own = {document(operation, models), name, name}
    if operation.alias, do: [own, {"As `#{name}/2`.", String.to_atom(operation.alias), name}], else: [own]
  end

  @doc "Whether the operation can be called without parameters."
  @spec callable_alone?(Catalogue.operation()) :: boolean()
  def callable_alone?(%{parameters: parameters, body: body}) do
    not Enum.any?(parameters, & &1.field.required) and not (body != nil and body.required)
  end

  @doc "The function that streams a list, if the operation answers with one."
  @spec stream(Catalogue.operation()) :: atom() | nil
  def stream(%{method: "GET", list: list, name: name}) when is_binary(list),
    do: String.to_atom("stream_" <> String.replace_prefix(name, "get_", ""))

  def stream(_operation), do: nil

  defp document(operation, models) do
    said = [
      operation.scope && "Needs the scope `#{operation.scope}`.",
      operation.list && "Answers with a list, `#{operation.list}`.",
      operation.deprecated && "Deprecated by Kinde."
    ]

    [
      "`#{operation.method} #{operation.path}`",
      table(rows(operation, models)),
      said |> Enum.filter(& &1) |> Enum.join(" ")
    ]
    |> Enum.reject(&(&1 == ""))
    |> Enum.join("\n\n")
  end

  defp table([]), do: ""
  defp table(rows), do: Enum.join(["| Parameter | | |\n| --- | --- | --- |" | rows], "\n")

  defp rows(operation, models) do
    parameters = for %{field: field} <- operation.parameters, do: {field.name, parameter(field)}

    for {name, field} <- parameters ++ body_fields(operation.body, models) do
      "| `#{name}` | #{words(field.type)} | #{notes(field)} |"
    end
  end

  defp notes(field) do
    Enum.join(
      if(field.required, do: ["required"], else: []) ++ if(field.deprecated, do: ["deprecated"], else: []),
      ", "
    )
  end

  # There, `nil` is no value, and needs no word.
  defp parameter(field), do: %{field | type: String.replace_suffix(field.type, "?", "")}

  defp body_fields(nil, _models), do: []

  defp body_fields(%{type: type, required: required}, models) do
    case members("", type, models, @levels) do
      [] -> [{"body", %{type: type, required: required, deprecated: false}}]
      members -> members
    end
  end

  # The members of a type by their paths; none if it is no model.
  defp members(_path, _type, _models, 0), do: []

  defp members(path, type, models, levels) do
    {path, type} = items(path, String.replace_suffix(type, "?", ""))

    case models do
      %{^type => fields} when is_list(fields) ->
        Enum.flat_map(fields, fn field ->
          name = if path == "", do: field.name, else: "#{path}.#{field.name}"
          [{name, field} | members(name, field.type, models, levels - 1)]
        end)

      _no_model_or_one_of_several ->
        []
    end
  end

  defp items(path, "[" <> rest),
    do: items(path <> "[]", rest |> String.replace_suffix("]", "") |> String.replace_suffix("?", ""))

  defp items(path, type), do: {path, type}

  # A type in words.
  defp words(type) do
    case String.replace_suffix(type, "?", "") do
      ^type -> shape(type)
      rest -> shape(rest) <> ", or `nil`"
    end
  end

  defp shape("[" <> rest), do: "list of " <> words(String.replace_suffix(rest, "]", ""))
  defp shape("{" <> _rest), do: "map"
  defp shape("datetime"), do: "text, a time (RFC 3339)"
  defp shape("string"), do: "text"
  defp shape("any"), do: "any"

  defp shape(type) do
    case String.split(String.replace_suffix(type, ")", ""), "(", parts: 2) do
      ["string", choices] -> choices |> String.split("|") |> Enum.map_join(", ", &"`\"#{&1}\"`")
      [_name, choices] -> choices |> String.split("|") |> Enum.map_join(", ", &"`#{&1}`")
      [<<first, _::binary>>] when first in ?A..?Z -> "map"
      [name] -> name
    end
  end
end
