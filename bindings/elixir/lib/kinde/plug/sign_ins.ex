if match?({:module, _}, Code.ensure_compiled(Plug.Conn)) do
  defmodule Kinde.Plug.SignIns do
    @moduledoc false
    # The sign-ins of one browser that are under way, each in a session and a cookie of its own, found by its state: pages that
    # begin one at the same time do not overwrite each other's, as they would in the session of Plug, and beginning one does
    # not touch the session of whoever is signed in.

    import Kinde.Plug.Failure, only: [is_unusable: 1]

    alias Kinde.Plug.{Cookies, Settings}
    alias Kinde.{Error, Session}
    alias Plug.Conn

    # What these cookies take together in the headers of a request: about six, unless addresses to return to are long.
    # Cowboy takes 4 KB of one header unless told otherwise, and a sealed session needs most of what others take.
    @most_bytes 2600
    # That of the setting `sign_in_lifetime_seconds`, where it is not set. A cookie that lives longer does no harm.
    @lifetime_seconds 900

    @doc "Begins a sign-in, with what `begin` makes of a new session."
    @spec begin(Conn.t(), Settings.t(), (Session.t() -> Kinde.result(String.t()))) ::
            {:ok, Conn.t(), String.t()} | {:error, Error.t()}
    def begin(conn, settings, begin) do
      with {:ok, session} <- Session.new(settings.client),
           {:ok, url} <- begin.(session),
           {:ok, conn} <- keep(conn, settings, session, url),
           do: {:ok, conn, url}
    end

    @doc "Keeps a sign-in until its callback; `url` is Kinde's page, which has the state."
    @spec keep(Conn.t(), Settings.t(), Session.t(), String.t()) :: Kinde.result(Conn.t())
    def keep(conn, settings, session, url) do
      name = name(settings, url)
      options = [secure: Settings.secure?(settings, conn), max_age_seconds: @lifetime_seconds]

      with {:ok, text} <- Settings.carry(settings, session),
           {:ok, kept} <- Cookies.write(conn, settings.client, name, text, options),
           do: {:ok, make_room(kept, settings, @most_bytes - byte_size(name) - byte_size(text))}
    end

    @doc "Takes the sign-in out to which a callback belongs; nil if this browser has begun none of its state."
    @spec take(Conn.t(), Settings.t(), String.t()) :: {:ok, Conn.t(), Session.t() | nil} | {:error, Error.t()}
    def take(conn, settings, query) do
      name = name(settings, query)

      with {:ok, text} when is_binary(text) <- Cookies.read(conn, settings.client, name),
           {:ok, session} <- Settings.open(settings, text) do
        {:ok, delete(conn, settings, name), session}
      else
        {:ok, nil} -> {:ok, conn, nil}
        {:error, %Error{code: code}} when is_unusable(code) -> {:ok, delete(conn, settings, name), nil}
        {:error, error} -> {:error, error}
      end
    end

    @doc "Ends all sign-ins of this browser."
    @spec clear(Conn.t(), Settings.t()) :: Conn.t()
    def clear(conn, settings) do
      Enum.reduce(present(conn, settings), conn, fn {name, _bytes}, conn -> delete(conn, settings, name) end)
    end

    # Browsers send the oldest first (RFC 6265, section 5.4): these go where there is no room.
    defp make_room(conn, settings, room) do
      conn
      |> present(settings)
      |> Enum.reverse()
      |> Enum.reduce({conn, room}, fn {name, bytes}, {conn, room} ->
        if room >= bytes, do: {conn, room - bytes}, else: {delete(conn, settings, name), 0}
      end)
      |> elem(0)
    end

    defp present(conn, settings) do
      Cookies.sizes(conn, ~r/\A#{settings.cookie_name}_[0-9a-f]{16}\z/)
    end

    defp delete(conn, settings, name) do
      Cookies.delete(conn, settings.client, name, secure: Settings.secure?(settings, conn))
    end

    # A text between bounds, whatever a callback's state is. That it is the right one, the library judges.
    defp name(settings, url_or_query) do
      state =
        case Regex.run(~r/(?:\A|[?&])state=([^&#]*)/, url_or_query, capture: :all_but_first) do
          [state] -> state
          nil -> ""
        end

      digest = :crypto.hash(:sha256, state) |> Base.encode16(case: :lower) |> binary_part(0, 16)
      "#{settings.cookie_name}_#{digest}"
    end
  end
end
