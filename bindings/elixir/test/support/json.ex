defmodule Kinde.Support.JSON do
  @moduledoc """
  JSON for the tests, which the standard library of this Elixir does not have. It trusts what it reads.
  """

  @spec decode!(String.t()) :: term()
  def decode!(text) do
    {value, rest} = value(space(text))
    "" = space(rest)
    value
  end

  defp value("{" <> rest), do: members(space(rest), [])
  defp value("[" <> rest), do: items(space(rest), [])
  defp value("\"" <> rest), do: string(rest, [])
  defp value("true" <> rest), do: {true, rest}
  defp value("false" <> rest), do: {false, rest}
  defp value("null" <> rest), do: {nil, rest}
  defp value(text), do: number(text)

  defp members("}" <> rest, []), do: {%{}, rest}

  defp members("\"" <> rest, pairs) do
    {name, rest} = string(rest, [])
    ":" <> rest = space(rest)
    {value, rest} = value(space(rest))

    case space(rest) do
      "," <> rest -> members(space(rest), [{name, value} | pairs])
      "}" <> rest -> {Map.new([{name, value} | pairs]), rest}
    end
  end

  defp items("]" <> rest, []), do: {[], rest}

  defp items(text, values) do
    {value, rest} = value(text)

    case space(rest) do
      "," <> rest -> items(space(rest), [value | values])
      "]" <> rest -> {Enum.reverse([value | values]), rest}
    end
  end

  defp string("\"" <> rest, parts), do: {parts |> Enum.reverse() |> IO.iodata_to_binary(), rest}
  defp string("\\u" <> rest, parts), do: escaped(rest, parts)
  defp string(<<"\\", letter, rest::binary>>, parts), do: string(rest, [letter(letter) | parts])
  defp string(<<letter, rest::binary>>, parts), do: string(rest, [letter | parts])

  defp escaped(<<high::binary-size(4), "\\u", low::binary-size(4), rest::binary>>, parts)
       when binary_part(high, 0, 1) in ["d", "D"] and binary_part(high, 1, 1) in ~w(8 9 a b A B) do
    units = <<String.to_integer(high, 16)::16, String.to_integer(low, 16)::16>>
    string(rest, [:unicode.characters_to_binary(units, :utf16) | parts])
  end

  defp escaped(<<unit::binary-size(4), rest::binary>>, parts) do
    string(rest, [<<String.to_integer(unit, 16)::utf8>> | parts])
  end

  defp letter(?n), do: ?\n
  defp letter(?t), do: ?\t
  defp letter(?r), do: ?\r
  defp letter(?b), do: ?\b
  defp letter(?f), do: ?\f
  defp letter(other), do: other

  defp number(text) do
    [number] = Regex.run(~r/\A-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/, text)
    rest = binary_part(text, byte_size(number), byte_size(text) - byte_size(number))

    if number =~ ~r/[.eE]/ do
      {value, ""} = Float.parse(number)
      {value, rest}
    else
      {String.to_integer(number), rest}
    end
  end

  defp space(<<blank, rest::binary>>) when blank in ' \n\r\t', do: space(rest)
  defp space(text), do: text

  @spec encode!(term()) :: String.t()
  def encode!(value), do: value |> encode() |> IO.iodata_to_binary()

  defp encode(nil), do: "null"
  defp encode(value) when is_boolean(value) or is_number(value), do: to_string(value)
  defp encode(value) when is_atom(value), do: encode(Atom.to_string(value))
  defp encode(value) when is_list(value), do: ["[", Enum.map_intersperse(value, ",", &encode/1), "]"]

  defp encode(%{} = value) do
    pairs =
      Enum.map_intersperse(value, ",", fn {name, value} -> [encode(to_string(name)), ":", encode(value)] end)

    ["{", pairs, "}"]
  end

  defp encode(value) when is_binary(value),
    do: ["\"", for(<<letter::utf8 <- value>>, do: encode_letter(letter)), "\""]

  defp encode_letter(letter) when letter in '"\\', do: <<"\\", letter>>

  defp encode_letter(letter) when letter < 32,
    do: ["\\u", letter |> Integer.to_string(16) |> String.pad_leading(4, "0")]

  defp encode_letter(letter), do: <<letter::utf8>>
end
