defmodule Kinde.Support.Operations do
  @moduledoc """
  A call of each operation of the catalogue, with a value for each parameter and each member of the body.
  """

  # Of a page that there is not.
  @cursors ~w(next_token starting_after ending_before)

  @doc "The names of the parameters that are given in the query."
  @spec query(map()) :: [String.t()]
  def query(operation),
    do: for(%{"in" => "query", "name" => name} <- operation["parameters"], name not in @cursors, do: name)

  @doc "Parameters with which an operation can be called."
  @spec params(map(), map()) :: map()
  def params(operation, models) do
    parameters =
      for %{"name" => name} = parameter <- operation["parameters"],
          name not in @cursors,
          into: %{},
          do: {name, value(parameter, models, 4)}

    if operation["body"],
      do: Map.put(parameters, "body", value(operation["body"], models, 4)),
      else: parameters
  end

  @doc "The path with which it is asked then."
  @spec path(map(), map()) :: String.t()
  def path(operation, params) do
    Regex.replace(~r/\{(\w+)\}/, operation["path"], fn _all, name ->
      URI.encode(params[name], &URI.char_unreserved?/1)
    end)
  end

  defp value(%{"enum" => [choice | _others]}, _models, _levels), do: choice
  # Each id has what must be escaped in a path.
  defp value(%{"type" => "string", "in" => "path", "name" => name}, _models, _levels), do: "#{name} 1/é"
  # Some texts are addresses.
  defp value(%{"type" => "string"}, _models, _levels), do: "https://app.example.com/text"
  defp value(%{"type" => "time"}, _models, _levels), do: "2026-01-02T03:04:05Z"
  defp value(%{"type" => "file"}, _models, _levels), do: Base.encode64("an image")
  defp value(%{"type" => "integer"}, _models, _levels), do: 7
  defp value(%{"type" => "number"}, _models, _levels), do: 1.5
  defp value(%{"type" => "boolean"}, _models, _levels), do: true
  defp value(%{"type" => "object"}, _models, _levels), do: %{"a" => "b"}
  defp value(%{"type" => "any"}, _models, _levels), do: "any"
  defp value(%{"type" => "array", "items" => items}, models, levels), do: [value(items, models, levels)]

  defp value(%{"type" => "map", "values" => values}, models, levels),
    do: %{"key" => value(values, models, levels)}

  defp value(%{"type" => "model", "model" => name}, models, levels) do
    case models[name] do
      %{"fields" => fields} ->
        for field <- fields, levels > 0 or field["required"], into: %{} do
          {field["name"], value(field, models, levels - 1)}
        end

      %{"one_of" => [kind | _others]} ->
        value(kind, models, levels)
    end
  end
end
