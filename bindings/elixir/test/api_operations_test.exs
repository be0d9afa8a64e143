defmodule Kinde.ApiOperationsTest do
  # Every operation of the catalogue, called once by its function.
  use ExUnit.Case, async: true

  alias Kinde.{Api, Client, Error, Native, Support.Emulator, Support.JSON, Support.Operations}
  alias Kinde.Api.{Catalogue, Groups}

  {:ok, catalogue} = Native.api_catalogue()
  @operations catalogue["operations"]
  @models catalogue["models"]

  setup_all do
    emulator = Emulator.start!()

    %{
      emulator: emulator,
      client: Client.new!(Emulator.machine(emulator)),
      session: Emulator.signed_in(emulator, Emulator.client(emulator))
    }
  end

  defp module(operation) do
    Enum.find_value(Groups.all(), fn {module, _about, operations} ->
      if Enum.any?(operations, &(&1.name == operation["name"])), do: module
    end)
  end

  for operation <- @operations do
    @tag operation: operation
    test "#{operation["name"]} is sent as the catalogue says", context do
      {params, result, request} = call(context, context.operation)
      judge_request(context.operation, params, request)
      judge_result(result)
    end
  end

  defp call(context, operation) do
    params = Operations.params(operation, @models)
    asks_about_a_user? = operation["api"] == "account" or operation["path"] =~ "user_profile"
    asker = if asks_about_a_user?, do: context.session, else: context.client

    last =
      context.emulator
      |> Emulator.get("/requests")
      |> Map.fetch!("requests")
      |> Enum.map(& &1["id"])
      |> Enum.max()

    result = apply(module(operation), String.to_atom(operation["name"]), [asker, params])

    %{"requests" => sent} = Emulator.get(context.emulator, "/requests?after=#{last}")
    path = Operations.path(operation, params)
    request = Enum.find(sent, &(&1["path"] == path))
    assert request, "#{inspect(result)}, sent: #{inspect(Enum.map(sent, & &1["path"]))}"
    {params, result, request}
  end

  defp judge_request(operation, params, request) do
    assert request["method"] == operation["method"]
    assert request["headers"]["accept"] == "application/json"

    for name <- Operations.query(operation) do
      assert Enum.any?(request["query"], fn {sent, _value} ->
               sent == name or String.starts_with?(sent, name <> "[")
             end)
    end

    case operation["body"] do
      nil -> assert request["body"] == ""
      %{"media_type" => "application/json"} -> assert JSON.decode!(request["body"]) == plain(params["body"])
      %{"media_type" => type} -> assert request["headers"]["content-type"] =~ type
    end
  end

  # Kinde has nothing of these names, but knows the operation, and takes what was sent.
  defp judge_result({:ok, _data}), do: :ok
  defp judge_result({:error, %Error{code: :api, http_status: 404}}), do: :ok

  defp judge_result({:error, error}) do
    assert %Error{code: :api, http_status: 400, codes: ["INVALID_REQUEST"]} = error
    assert error.message =~ ~r/: (category_id|properties\.\w+|feature_flags\.\w+) is unknown\z/
  end

  defp plain(value), do: value |> JSON.encode!() |> JSON.decode!()

  test "each operation has its functions, with documentation" do
    for {module, _about, operations} <- Groups.all(), reduce: [] do
      names -> names ++ Enum.map(operations, &{module, &1.name})
    end
    |> then(fn names ->
      assert names |> Enum.map(&elem(&1, 1)) |> Enum.sort() == Enum.sort(Enum.map(@operations, & &1["name"]))
    end)

    for {module, _about, operations} <- Groups.all() do
      Code.ensure_loaded!(module)
      {:docs_v1, _, :elixir, "text/markdown", %{"en" => _}, _, docs} = Code.fetch_docs(module)
      documented = for {{:function, name, _arity}, _, _, %{"en" => text}, _} <- docs, text != "", do: name
      {:ok, specs} = Code.Typespec.fetch_specs(module)
      specified = for {{name, _arity}, _} <- specs, do: name

      for operation <- operations, name <- [operation.name, operation.alias], name, suffix <- ["", "!"] do
        function = String.to_atom(name <> suffix)

        assert function_exported?(module, function, 2), "#{function}/2"
        assert function_exported?(module, function, 1) == callable_alone?(operation), "#{function}/1"
        assert function in documented and function in specified, "#{function}"
      end

      for operation <- operations,
          stream = Groups.stream(operation),
          do: assert(function_exported?(module, stream, 2))
    end
  end

  test "lists can be streamed, and nothing else can", %{client: client} do
    for %{"api" => "management", "method" => "GET"} = operation <- @operations do
      streamed? =
        match?(
          {:ok, _},
          Native.api_pages(client.ref, operation["name"], Operations.params(operation, @models))
        )

      known = %{api: "management", method: "GET", list: operation["list"], name: operation["name"]}
      assert streamed? == (Groups.stream(known) != nil), operation["name"]
    end
  end

  test "the modules are made of what the native library knows" do
    {operations, models} = Catalogue.read(Catalogue.files())
    assert operations == Enum.map(@operations, &read/1)

    for {name, content} <- models do
      case content do
        {:one_of, types} -> assert types == Enum.map(@models[name]["one_of"], &type/1)
        fields -> assert fields == Enum.map(@models[name]["fields"], &field/1)
      end
    end

    assert map_size(models) == map_size(@models)
    assert Api.catalogue()["operations"] == @operations
  end

  defp callable_alone?(operation) do
    sent = Enum.find(@operations, &(&1["name"] == operation.name))
    wanted = [sent["body"] | sent["parameters"]]
    not Enum.any?(wanted, & &1["required"])
  end

  # As `Catalogue` reads it.
  defp read(operation) do
    body = operation["body"]

    form = %{
      "application/json" => "json",
      "application/x-www-form-urlencoded" => "form",
      "multipart/form-data" => "multipart"
    }

    %{
      name: operation["name"],
      alias: operation["alias"],
      api: operation["api"],
      group: operation["group"],
      method: operation["method"],
      path: operation["path"],
      scope: operation["scope"],
      deprecated: operation["deprecated"],
      parameters:
        for(parameter <- operation["parameters"], do: %{in: parameter["in"], field: field(parameter)}),
      body: body && %{form: form[body["media_type"]], required: body["required"], type: type(body)},
      list: operation["list"]
    }
  end

  defp field(field) do
    %{name: field["name"], type: type(field), required: field["required"], deprecated: field["deprecated"]}
  end

  defp type(type) do
    choices = if type["enum"], do: "(#{Enum.join(type["enum"], "|")})", else: ""
    shape(type) <> choices <> if(type["nullable"], do: "?", else: "")
  end

  defp shape(%{"type" => "array", "items" => items}), do: "[#{type(items)}]"
  defp shape(%{"type" => "map", "values" => values}), do: "{#{type(values)}}"
  defp shape(%{"type" => "model", "model" => name}), do: name
  defp shape(%{"type" => "time"}), do: "datetime"
  defp shape(%{"type" => name}), do: name
end
