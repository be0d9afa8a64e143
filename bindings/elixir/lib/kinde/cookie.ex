defmodule Kinde.Cookie do
  @moduledoc """
  The cookies that carry a sealed session (`Kinde.Session.seal/2`), as many as its length needs.
  """

  use Kinde.Bang

  alias Kinde.{Client, Native}

  @doc """
  Makes the cookies that carry `value`, and deletes those that carried a longer one. Without a `value` all are deleted.

  Takes `value`, `name`, `present` (the `Cookie` header, or a list of names, that the browser sent), `path`, `domain`,
  `same_site`, `secure` and `max_age_seconds`.
  """
  @spec split(Client.named(), Kinde.params()) :: Kinde.result(%{String.t() => term()})
  def split(client, params), do: Native.cookie_split(Client.get(client).ref, params)

  @doc """
  Puts together what the cookies of a request carry: `"value"`, or `nil`, and the names of the `"parts"`.

  Takes `cookies` (the `Cookie` header, or a map of names and values) and `name`.
  """
  @spec join(Client.named(), Kinde.params()) :: Kinde.result(%{String.t() => term()})
  def join(client, params), do: Native.cookie_join(Client.get(client).ref, params)
end
