defmodule Kinde.Support.AnyTerm do
  @moduledoc """
  Terms of every kind, for functions that must answer to each. The same seed gives the same terms.
  """

  @doc "One term; `good` are some that the function may want."
  @spec any([term()]) :: term()
  def any(good \\ []) do
    case :rand.uniform(10) do
      few when few <= 3 and good != [] -> Enum.random(good)
      few when few <= 5 -> Enum.random(odd())
      _most -> generated(4)
    end
  end

  # What breaks careless code.
  defp odd do
    [
      nil,
      :none,
      {:default, self()},
      {:default, nil},
      "",
      <<0>>,
      <<255, 254>>,
      <<1::size(3)>>,
      "a\0b",
      String.duplicate("x", 70_000),
      String.duplicate("é", 17_000),
      [],
      [1 | 2],
      [a: 1] ++ [2],
      [{:a, 1} | :b],
      [a: 1, a: 2],
      %{1 => 2},
      %{nil => 1},
      %{:a => 1, "a" => 2},
      %{domain: "x", client_id: 7},
      {},
      {:a, 1},
      0,
      -1,
      2,
      1 <<< 31,
      -(1 <<< 63),
      1 <<< 64,
      1 <<< 4096,
      0.0,
      1.0e308,
      self(),
      make_ref(),
      &Function.identity/1,
      fn -> :ok end,
      deep(200),
      for(number <- 1..40_000, do: number),
      Map.new(1..2_000, &{"k#{&1}", &1}),
      ~D[2024-01-01],
      %RuntimeError{message: "x"},
      :"atom with \"quotes\" and é",
      'charlist',
      MapSet.new([1])
    ]
  end

  defp deep(0), do: 1
  defp deep(levels) when rem(levels, 2) == 0, do: [deep(levels - 1)]
  defp deep(levels), do: %{a: deep(levels - 1)}

  defp generated(0), do: Enum.random([1, :a, "b", nil])

  defp generated(depth) do
    case :rand.uniform(9) do
      1 -> :rand.uniform(1 <<< 40) - (1 <<< 39)
      2 -> :rand.normal() * 1.0e6
      3 -> :rand.bytes(:rand.uniform(40) - 1)
      4 -> Enum.random([:access_token, :domain, :type, :permissions, true, false, nil])
      5 -> Enum.random(["access_token", "code", "org_acme", "state=x&code=y", "read:todos", "theme"])
      6 -> some(fn -> generated(depth - 1) end)
      7 -> Map.new(some(fn -> {generated(depth - 1), generated(depth - 1)} end))
      8 -> List.to_tuple(some(fn -> generated(depth - 1) end))
      9 -> some(fn -> {Enum.random([:token, :scope, :audience, :wait]), generated(depth - 1)} end)
    end
  end

  defp some(make), do: for(_number <- Enum.drop(0..:rand.uniform(4), 1), do: make.())

  defp left <<< right, do: Bitwise.bsl(left, right)
end
