defmodule Kinde.Api.Catalogue do
  @moduledoc false

  # Reads the library's catalogue of operations while the package is compiled, when the native library may not be there yet.
  # Its form is that of `src/api/catalogue/text.rs`; a test compares it with what the native library says.

  # In the package, and in the repository.
  @places ["../../../native/kinde/src/api/catalogue", "../../../../../src/api/catalogue"]
  @names ~w(management.txt account.txt)

  @forms ~w(json form multipart)

  @type field :: %{name: String.t(), type: String.t(), required: boolean(), deprecated: boolean()}

  @type operation :: %{
          name: String.t(),
          alias: String.t() | nil,
          api: String.t(),
          group: String.t(),
          method: String.t(),
          path: String.t(),
          scope: String.t() | nil,
          deprecated: boolean(),
          parameters: [%{in: String.t(), field: field()}],
          body: %{form: String.t(), required: boolean(), type: String.t()} | nil,
          list: String.t() | nil
        }

  @doc "The files, to say that what is made of them depends on them."
  @spec files() :: [Path.t()]
  def files do
    directory =
      Enum.find_value(@places, fn place ->
        directory = Path.expand(place, __DIR__)
        if File.dir?(directory), do: directory
      end)

    directory ||
      raise "the catalogue of Kinde's APIs is missing: the library's sources are not beside this package"

    Enum.map(@names, &Path.join(directory, &1))
  end

  @doc "All operations in their order, and models by their names: fields, or the names of one of which it is."
  @spec read([Path.t()]) :: {[operation()], %{String.t() => [field()] | {:one_of, [String.t()]}}}
  def read(files) do
    read = %{api: nil, group: nil, operations: [], models: %{}, last: nil}
    lines = Enum.flat_map(files, &(&1 |> File.read!() |> String.split("\n", trim: true)))
    %{operations: operations, models: models} = Enum.reduce(lines, read, &line/2)

    models =
      Map.new(models, fn {name, content} ->
        {name, if(is_list(content), do: Enum.reverse(content), else: content)}
      end)

    {operations |> Enum.reverse() |> Enum.map(&%{&1 | parameters: Enum.reverse(&1.parameters)}), models}
  end

  defp line("#" <> _comment, read), do: read
  defp line("api " <> api, read), do: %{read | api: api}
  defp line("group " <> names, read), do: %{read | group: names |> String.split(" ") |> hd()}

  defp line("op " <> rest, read) do
    [name, method, path] = String.split(rest, " ")

    operation = %{
      name: name,
      alias: nil,
      api: read.api,
      group: read.group,
      method: method,
      path: path,
      scope: nil,
      deprecated: false,
      parameters: [],
      body: nil,
      list: nil
    }

    %{read | operations: [operation | read.operations], last: :operation}
  end

  defp line("model " <> name, read), do: %{read | models: Map.put(read.models, name, []), last: name}

  defp line("union " <> rest, read) do
    [name | types] = String.split(rest, " ")
    %{read | models: Map.put(read.models, name, {:one_of, types}), last: nil}
  end

  defp line("  " <> rest, %{last: :operation, operations: [operation | others]} = read) do
    [word | rest] = String.split(rest, " ", parts: 2)
    %{read | operations: [fact(operation, word, List.first(rest)) | others]}
  end

  defp line("  " <> rest, %{last: model} = read) when is_binary(model) do
    [name, type] = String.split(rest, " ", parts: 2)
    %{read | models: Map.update!(read.models, model, &[field(name, type) | &1])}
  end

  defp fact(operation, "alias", name), do: %{operation | alias: name}
  defp fact(operation, "scope", scope), do: %{operation | scope: scope}
  defp fact(operation, "deprecated", nil), do: %{operation | deprecated: true}
  defp fact(operation, "list", member), do: %{operation | list: String.replace_prefix(member, "data.", "")}
  defp fact(operation, word, _of_answers) when word in ~w(idempotent item beside pages answer), do: operation

  defp fact(operation, place, rest) when place in ~w(path query) do
    [name, type] = String.split(rest, " ", parts: 2)
    %{operation | parameters: [%{in: place, field: field(name, type)} | operation.parameters]}
  end

  defp fact(operation, word, type) do
    {form, required} = name_and_required(word)
    true = form in @forms
    %{operation | body: %{form: form, required: required, type: type}}
  end

  defp field(name, type) do
    {name, required} = name_and_required(name)
    plain = String.replace_suffix(type, " deprecated", "")
    %{name: name, type: plain, required: required, deprecated: plain != type}
  end

  defp name_and_required(word) do
    name = String.replace_suffix(word, "!", "")
    {name, name != word}
  end
end
