defmodule Kinde.Native.Declaration do
  @moduledoc false

  # `nif name(argument :: type, …) :: result` declares a function of the native library, and its spec.
  defmacro nif({:"::", _, [{name, _, arguments}, result]}) do
    types = for {:"::", _, [_argument, type]} <- arguments, do: type

    ignored =
      for {:"::", _, [{argument, _, _}, _type]} <- arguments, do: Macro.var(:"_#{argument}", __MODULE__)

    quote do
      @spec unquote(name)(unquote_splicing(types)) :: unquote(result)
      def unquote(name)(unquote_splicing(ignored)), do: :erlang.nif_error(not_loaded())
    end
  end
end
