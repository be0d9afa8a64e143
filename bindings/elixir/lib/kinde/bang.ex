defmodule Kinde.Bang do
  @moduledoc false

  # `use Kinde.Bang` gives each function whose spec says `Kinde.result` a form that raises, with a spec of its own: what a
  # function returns is then written down once.

  defmacro __using__(_options) do
    quote do
      @before_compile Kinde.Bang
    end
  end

  defmacro __before_compile__(env) do
    for {:spec, {:"::", _, [{name, _, arguments}, returned]}, _} <- Module.get_attribute(env.module, :spec),
        {:ok, value} <- [value(returned)] do
      raising(name, arguments, value)
    end
  end

  @doc false
  @spec unwrap(:ok | {:ok, value} | {:error, Kinde.Error.t()}) :: :ok | value when value: term()
  def unwrap(:ok), do: :ok
  def unwrap({:ok, value}), do: value
  def unwrap({:error, error}), do: raise(error)

  defp value({{:., _, [{:__aliases__, _, [:Kinde]}, :result]}, _, []}), do: {:ok, :ok}
  defp value({{:., _, [{:__aliases__, _, [:Kinde]}, :result]}, _, [value]}), do: {:ok, value}
  defp value(_returned), do: :error

  defp raising(name, types, value) do
    bang = :"#{name}!"
    arguments = Macro.generate_arguments(length(types), __MODULE__)

    quote do
      @doc "As `#{unquote(name)}/#{unquote(length(types))}`, but returns the value alone, or raises `Kinde.Error`."
      @spec unquote(bang)(unquote_splicing(types)) :: unquote(value)
      def unquote(bang)(unquote_splicing(arguments)) do
        Kinde.Bang.unwrap(unquote(name)(unquote_splicing(arguments)))
      end
    end
  end
end
