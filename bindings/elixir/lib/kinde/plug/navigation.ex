defmodule Kinde.Plug.Navigation do
  @moduledoc false
  # Tells a user who follows a link from a browser, or a page, that merely looks at where the link leads. Signing in and out
  # by GET must not happen because of the latter.

  # `KindeClientSDK` compiles where Plug is not, or is compiled later.
  @compile {:no_warn_undefined, Plug.Conn}

  alias Plug.Conn

  @typep conn :: struct()

  # How browsers, and libraries that fetch pages ahead of a click, say so. `X-Sec-Purpose` is that of Turbo.
  @purposes ~w(sec-purpose x-sec-purpose purpose x-purpose x-moz)
  # What an answer is for, where a user or a script asked for it (Fetch Metadata); all else is part of some page.
  @destinations [nil, "document", "iframe", "frame", "empty"]

  @doc "Whether nobody asked for this request."
  @spec unasked?(conn()) :: boolean()
  def unasked?(conn), do: head?(conn) or ahead?(conn) or embedded?(conn)

  @doc "Whether a browser fetches ahead, as far as it says."
  @spec ahead?(conn()) :: boolean()
  def ahead?(conn) do
    Enum.any?(@purposes, fn name ->
      Enum.any?(Conn.get_req_header(conn, name), &Regex.match?(~r/prefetch|prerender|preview/i, &1))
    end)
  end

  @doc "Whether only the headers are asked for. Plug.Head makes GET of it, which cannot be told."
  @spec head?(conn()) :: boolean()
  def head?(%{method: method}), do: method == "HEAD"

  @doc "Whether the browser goes to a page, as far as it says; scripts and images are other requests."
  @spec page?(conn()) :: boolean()
  def page?(conn), do: header(conn, "sec-fetch-mode") in [nil, "navigate"]

  # What a page makes a browser load is not a click: an image, of this site too where users may write, or whatever another
  # site asks for.
  defp embedded?(conn) do
    header(conn, "sec-fetch-dest") not in @destinations or
      (header(conn, "sec-fetch-site") == "cross-site" and not page?(conn))
  end

  defp header(conn, name), do: conn |> Conn.get_req_header(name) |> List.first()
end
