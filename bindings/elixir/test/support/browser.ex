defmodule Kinde.Support.Browser do
  @moduledoc """
  A browser of an application with `Kinde.Plug`: its cookies, and the last answer.

      browser = Browser.new(Browser.application(client: client), emulator)
      browser = Browser.sign_in(browser)
      Browser.get(browser, "/").conn.resp_body
  """

  alias Kinde.Support.Emulator
  alias Plug.Conn

  defstruct [:application, :emulator, :conn, jar: [], scheme: "http"]

  @secret_key_base String.duplicate("s", 64)

  @doc """
  An application: its home page says who is there, `/orders` needs a user, `/todos` and `/rockets` need permissions.

  `kinde` are the options of `Kinde.Plug`; `others` are `session` (those of `Plug.Session`, or false), `routes` (options of
  the actions) and `pages` (a function of the conn for other pages).
  """
  def application(kinde, others \\ []) do
    kinde = Kinde.Plug.init(kinde)
    session = Keyword.get(others, :session, store: :cookie, key: "_app")
    routes = others[:routes] || %{}

    fn conn ->
      %{conn | secret_key_base: @secret_key_base}
      |> fetch_session(session)
      |> Kinde.Plug.call(kinde)
      |> route(routes, others[:pages])
    end
  end

  defp fetch_session(conn, false), do: conn

  defp fetch_session(conn, options),
    do: conn |> Plug.Session.call(Plug.Session.init(options)) |> Conn.fetch_session()

  defp route(conn, routes, pages) do
    case conn.path_info do
      [page] when page in ~w(login register create_org callback logout) ->
        action = String.to_existing_atom(page)
        Kinde.Plug.call(conn, Kinde.Plug.init({action, routes[action] || []}))

      ["orders" | _below] ->
        conn |> Kinde.Plug.require_authenticated(routes[:orders] || []) |> page("orders")

      ["todos"] ->
        conn |> Kinde.Plug.require_permission(routes[:todos] || "read:todos") |> page("todos")

      ["rockets"] ->
        conn
        |> Kinde.Plug.require_permission(routes[:rockets] || ["read:todos", "launch:rockets"])
        |> page("rockets")

      [] ->
        user = Kinde.Plug.user(conn)
        page(conn, if(user, do: user.email, else: "nobody"))

      _other ->
        pages.(conn)
    end
  end

  @doc "Answers with a text, unless the conn is halted."
  def page(%Conn{halted: true} = conn, _text), do: conn
  def page(conn, text), do: Conn.send_resp(conn, 200, text)

  def new(application, emulator), do: %__MODULE__{application: application, emulator: emulator}

  @doc "Asks for a page."
  def get(browser, path, headers \\ []), do: request(browser, "GET", path, headers)
  def post(browser, path, headers \\ []), do: request(browser, "POST", path, headers)

  def request(browser, method, path, headers \\ []) do
    conn = Plug.Test.conn(method, browser.scheme <> "://app.example.com" <> path)
    cookies = Enum.map_join(browser.jar, "; ", fn {name, value} -> "#{name}=#{value}" end)
    headers = if cookies == "", do: headers, else: [{"cookie", cookies} | headers]
    conn = Enum.reduce(headers, conn, fn {name, value}, conn -> Conn.put_req_header(conn, name, value) end)
    answer(browser, browser.application.(conn))
  end

  @doc "Takes an answer, and its cookies, the way browsers do: the oldest stay in front."
  def answer(browser, conn) do
    jar =
      Enum.reduce(set_cookies(conn), browser.jar, fn line, jar ->
        [pair | _attributes] = String.split(line, ";")
        [name, value] = String.split(pair, "=", parts: 2)

        if value == "" or line =~ ~r/max-age=0(;|\z)/,
          do: List.keydelete(jar, name, 0),
          else: List.keystore(jar, name, 0, {name, value})
      end)

    %{browser | conn: conn, jar: jar}
  end

  @doc "Signs in as Ada, and gives the browser after the callback."
  def sign_in(browser, path \\ "/login") do
    browser = get(browser, path)
    302 = browser.conn.status
    come_back(browser, location(browser))
  end

  @doc "Goes on from a page of Kinde to the callback."
  def come_back(browser, url), do: get(browser, callback(browser, url))

  @doc "The path of the callback that a page of Kinde leads to."
  def callback(browser, url) do
    %URI{path: path, query: query} = URI.parse(Emulator.browse(browser.emulator, url))
    path <> "?" <> query
  end

  def location(browser), do: browser.conn |> Conn.get_resp_header("location") |> List.first()

  def set_cookies(%Conn{} = conn), do: Conn.get_resp_header(conn, "set-cookie")
  def set_cookies(browser), do: set_cookies(browser.conn)

  def cookie_names(browser), do: browser.jar |> Enum.map(&elem(&1, 0)) |> Enum.sort()

  @doc "The cookies of sign-ins under way."
  def sign_ins(browser), do: Enum.filter(cookie_names(browser), &(&1 =~ ~r/\Akinde_session_/))

  @doc "Whom the home page greets."
  def greeted(browser), do: get(browser, "/").conn.resp_body
end
