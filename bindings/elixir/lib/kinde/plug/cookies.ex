if match?({:module, _}, Code.ensure_compiled(Plug.Conn)) do
  defmodule Kinde.Plug.Cookies do
    @moduledoc false
    # Texts in cookies of their own, split where they are longer than a browser takes.

    alias Kinde.Cookie
    alias Plug.Conn

    @doc "The text that the browser's cookies of this name carry, or nil."
    @spec read(Conn.t(), Kinde.Client.t(), String.t()) :: Kinde.result(String.t() | nil)
    def read(conn, client, name) do
      case sent(conn, name) do
        [] ->
          {:ok, nil}

        pairs ->
          with {:ok, joined} <- Cookie.join(client, cookies: header(pairs), name: name),
               do: {:ok, joined["value"]}
      end
    end

    @doc "Sets the cookies that carry this text."
    @spec write(Conn.t(), Kinde.Client.t(), String.t(), String.t(), keyword()) :: Kinde.result(Conn.t())
    def write(conn, client, name, text, options), do: set(conn, client, [name: name, value: text] ++ options)

    @doc "Deletes the cookies of this name that the browser sent."
    @spec delete(Conn.t(), Kinde.Client.t(), String.t(), keyword()) :: Conn.t()
    def delete(conn, client, name, options) do
      {:ok, conn} = set(conn, client, [name: name] ++ options)
      conn
    end

    @doc "The cookies that the browser sent whose names begin so, in its order: names and bytes."
    @spec sizes(Conn.t(), Regex.t()) :: [{String.t(), pos_integer()}]
    def sizes(conn, named) do
      for pair <- sent(conn, ""),
          [name, _value] <- [:binary.split(pair, "=")],
          Regex.match?(named, name),
          do: {name, byte_size(pair)}
    end

    defp set(conn, client, params) do
      params = [present: conn |> sent(params[:name]) |> header()] ++ params

      with {:ok, %{"cookies" => cookies}} <- Cookie.split(client, params),
           do: {:ok, Enum.reduce(cookies, conn, &put/2)}
    end

    defp put(%{"name" => name, "value" => value, "attributes" => attributes} = cookie, conn) do
      options =
        for {key, field} <- [
              path: "path",
              domain: "domain",
              secure: "secure",
              http_only: "http_only",
              same_site: "same_site"
            ],
            not is_nil(attributes[field]),
            do: {key, attributes[field]}

      if cookie["delete"] do
        Conn.delete_resp_cookie(conn, name, options)
      else
        Conn.put_resp_cookie(conn, name, value, [max_age: attributes["max_age"]] ++ options)
      end
    end

    # As the browser sent them: `Plug.Conn.fetch_cookies/1` hides a cookie that is there twice, of which another host or path
    # may have set one. Whatever else is not a text of ours, such as bytes of some other encoding, is left alone.
    defp sent(conn, name) do
      for header <- Conn.get_req_header(conn, "cookie"),
          pair <- :binary.split(header, ";", [:global]),
          [pair] <- [Regex.run(~r/\A *([\x21-\x7e]+) *\z/, pair, capture: :all_but_first)],
          String.starts_with?(pair, name),
          do: pair
    end

    defp header(pairs), do: Enum.join(pairs, "; ")
  end
end
