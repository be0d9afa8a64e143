defmodule KindeSDK.SDK.JSONReader do
  @moduledoc false

  # Reads JSON (RFC 8259), for `KindeSDK.SDK.Utils.parse_jwt/1` alone: the library reads the tokens that count.

  # Deeper nesting is no token, nor is a longer number, which takes the square of its length to read.
  @max_depth 64
  @max_digits 1_000

  @spec read(binary()) :: {:ok, term()} | :error
  def read(text) do
    case value(skip(text), 0) do
      {value, rest} -> if skip(rest) == "", do: {:ok, value}, else: :error
    end
  catch
    :malformed -> :error
  end

  defp value(_text, depth) when depth > @max_depth, do: throw(:malformed)
  defp value("{" <> rest, depth), do: object(skip(rest), depth)
  defp value("[" <> rest, depth), do: array(skip(rest), depth)
  defp value("\"" <> rest, _depth), do: string(rest, [])
  defp value("true" <> rest, _depth), do: {true, rest}
  defp value("false" <> rest, _depth), do: {false, rest}
  defp value("null" <> rest, _depth), do: {nil, rest}
  defp value(text, _depth), do: number(text)

  defp object("}" <> rest, _depth), do: {%{}, rest}
  defp object(text, depth), do: members(text, depth, %{})

  defp members("\"" <> rest, depth, members) do
    {name, rest} = string(rest, [])
    {value, rest} = rest |> skip() |> expect(":") |> skip() |> value(depth + 1)
    members = Map.put(members, name, value)

    case skip(rest) do
      "," <> rest -> members(skip(rest), depth, members)
      "}" <> rest -> {members, rest}
      _other -> throw(:malformed)
    end
  end

  defp members(_text, _depth, _members), do: throw(:malformed)

  defp array("]" <> rest, _depth), do: {[], rest}
  defp array(text, depth), do: elements(text, depth, [])

  defp elements(text, depth, elements) do
    {value, rest} = value(text, depth + 1)

    case skip(rest) do
      "," <> rest -> elements(skip(rest), depth, [value | elements])
      "]" <> rest -> {Enum.reverse([value | elements]), rest}
      _other -> throw(:malformed)
    end
  end

  defp string("\"" <> rest, parts), do: {parts |> Enum.reverse() |> IO.iodata_to_binary(), rest}

  defp string("\\u" <> rest, parts) do
    {unit, rest} = unit(rest)

    case {unit, rest} do
      {high, "\\u" <> rest} when high in 0xD800..0xDBFF ->
        {low, rest} = unit(rest)
        if low not in 0xDC00..0xDFFF, do: throw(:malformed)
        string(rest, [<<0x10000 + (high - 0xD800) * 0x400 + (low - 0xDC00)::utf8>> | parts])

      {unit, rest} when unit not in 0xD800..0xDFFF ->
        string(rest, [<<unit::utf8>> | parts])

      _half_a_pair ->
        throw(:malformed)
    end
  end

  for {letter, character} <- [
        {?", ?"},
        {?\\, ?\\},
        {?/, ?/},
        {?b, ?\b},
        {?f, ?\f},
        {?n, ?\n},
        {?r, ?\r},
        {?t, ?\t}
      ] do
    defp string(<<?\\, unquote(letter), rest::binary>>, parts), do: string(rest, [unquote(character) | parts])
  end

  defp string(<<character::utf8, rest::binary>>, parts) when character >= 0x20 and character != ?\\,
    do: string(rest, [<<character::utf8>> | parts])

  defp string(_text, _parts), do: throw(:malformed)

  defp unit(<<digits::binary-size(4), rest::binary>>) do
    case Base.decode16(digits, case: :mixed) do
      {:ok, <<unit::16>>} -> {unit, rest}
      :error -> throw(:malformed)
    end
  end

  defp unit(_text), do: throw(:malformed)

  defp number(text) do
    case Regex.run(~r/\A-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/, text) do
      [number | _parts] when byte_size(number) > @max_digits ->
        throw(:malformed)

      [number, _whole] ->
        {String.to_integer(number), rest(text, number)}

      [number, whole, "", exponent] ->
        {float(String.replace(number, exponent, ".0" <> exponent), whole), rest(text, number)}

      [number, whole | _fraction] ->
        {float(number, whole), rest(text, number)}

      nil ->
        throw(:malformed)
    end
  end

  # Larger numbers than a float can hold.
  defp float(number, _whole) do
    String.to_float(number)
  rescue
    ArgumentError -> throw(:malformed)
  end

  defp rest(text, number), do: binary_part(text, byte_size(number), byte_size(text) - byte_size(number))

  defp expect(text, character) do
    if String.starts_with?(text, character),
      do: binary_part(text, 1, byte_size(text) - 1),
      else: throw(:malformed)
  end

  defp skip(<<space, rest::binary>>) when space in [?\s, ?\t, ?\n, ?\r], do: skip(rest)
  defp skip(text), do: text
end
