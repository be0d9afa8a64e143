{_operations, models} = Kinde.Api.Catalogue.read(Kinde.Api.Catalogue.files())

for {module, about, operations} <- Kinde.Api.Groups.all() do
  defmodule module do
    @moduledoc about

    use Kinde.Bang

    for file <- Kinde.Api.Catalogue.files(), do: @external_resource(file)

    for operation <- operations do
      alone? = Kinde.Api.Groups.callable_alone?(operation)

      for {documentation, function, name} <- Kinde.Api.Groups.functions(operation, models) do
        @doc documentation
        @spec unquote(function)(Kinde.Api.asker(), Kinde.params()) :: Kinde.result(term())
        def unquote(function)(asker, params), do: Kinde.Api.call(asker, unquote(name), params)

        if alone? do
          @doc "As `#{function}/2`, without parameters."
          @spec unquote(function)(Kinde.Api.asker()) :: Kinde.result(term())
          def unquote(function)(asker), do: Kinde.Api.call(asker, unquote(name))
        end
      end

      if stream = Kinde.Api.Groups.stream(operation) do
        name = String.to_atom(operation.name)

        @doc "The items of `#{name}/2`, page by page, as a lazy stream; see `Kinde.Api.stream/3`."
        @spec unquote(stream)(Kinde.Api.asker(), Kinde.params()) :: Enumerable.t()
        def unquote(stream)(asker, params), do: Kinde.Api.stream(asker, unquote(name), params)

        if alone? do
          @doc "As `#{stream}/2`, without parameters."
          @spec unquote(stream)(Kinde.Api.asker()) :: Enumerable.t()
          def unquote(stream)(asker), do: Kinde.Api.stream(asker, unquote(name))
        end
      end
    end
  end
end
