defmodule Kinde.Support.Chromium do
  @moduledoc """
  A real browser, driven by the WebDriver protocol over HTTP: chromedriver starts Chromium with a profile of its own.

      browser = Chromium.start!()
      Chromium.visit(browser, url)
      Chromium.click(browser, "Sign in")
  """

  alias Kinde.Support.{Emulator, JSON}

  defstruct [:url]

  @wait_ms 20_000

  @doc "Whether there is one."
  def there?, do: System.find_executable("chromedriver") != nil and binary() != nil

  @doc "Starts a browser, which ends with the test."
  def start! do
    driver = start_driver()

    options = %{
      "binary" => binary(),
      "args" => ~w(--headless=new --no-sandbox --disable-dev-shm-usage --disable-gpu --window-size=1000,800)
    }

    capabilities = %{"alwaysMatch" => %{"goog:chromeOptions" => options}}
    %{"sessionId" => id} = command("POST", "#{driver}/session", %{"capabilities" => capabilities})
    browser = %__MODULE__{url: "#{driver}/session/#{id}"}
    ExUnit.Callbacks.on_exit(fn -> command("DELETE", browser.url) end)
    browser
  end

  def visit(browser, url), do: command("POST", browser.url <> "/url", %{"url" => url})

  def location(browser), do: command("GET", browser.url <> "/url")

  @doc "Clicks what has this text: a link, a button, or the label of a choice."
  def click(browser, text) do
    path =
      ~s<//a[normalize-space()="#{text}"] | //button[normalize-space()="#{text}"] | //label[contains(., "#{text}")]>

    element = find(browser, "xpath", path)
    command("POST", "#{browser.url}/element/#{element}/click", %{})
  end

  def fill_in(browser, name, text) do
    element = find(browser, "css selector", ~s([name="#{name}"]))
    command("POST", "#{browser.url}/element/#{element}/value", %{"text" => text})
  end

  @doc "Waits for an element with this text in it."
  def assert_text(browser, selector, text) do
    wait(fn ->
      with {:ok, element} <- look(browser, "css selector", selector),
           {:ok, found} <- try_command("GET", "#{browser.url}/element/#{element}/text"),
           true <- found =~ text do
        found
      else
        _other -> nil
      end
    end) ||
      raise ExUnit.AssertionError,
        message: "no #{selector} with #{inspect(text)} at #{location(browser)}: #{source(browser)}"
  end

  @doc "Opens another tab, and gives it; `use_tab/2` goes to one."
  def new_tab(browser), do: command("POST", browser.url <> "/window/new", %{"type" => "tab"})["handle"]
  def tab(browser), do: command("GET", browser.url <> "/window")
  def use_tab(browser, tab), do: command("POST", browser.url <> "/window", %{"handle" => tab})

  def evaluate(browser, script),
    do: command("POST", browser.url <> "/execute/sync", %{"script" => "return " <> script, "args" => []})

  @doc "All cookies of the page, those too that scripts cannot see."
  def cookies(browser), do: command("GET", browser.url <> "/cookie")

  defp source(browser), do: command("GET", browser.url <> "/source")

  defp find(browser, using, value) do
    wait(fn ->
      with {:error, _missing} <- look(browser, using, value), do: nil
    end)
    |> case do
      {:ok, element} -> element
      nil -> raise ExUnit.AssertionError, message: "no #{value} at #{location(browser)}: #{source(browser)}"
    end
  end

  defp look(browser, using, value) do
    with {:ok, found} <-
           try_command("POST", browser.url <> "/element", %{"using" => using, "value" => value}),
         do: {:ok, found |> Map.values() |> hd()}
  end

  # Each look is a request to the driver, which takes its time.
  defp wait(look, deadline \\ now() + @wait_ms) do
    cond do
      found = look.() -> found
      now() > deadline -> nil
      true -> wait(look, deadline)
    end
  end

  defp now, do: System.monotonic_time(:millisecond)

  defp command(method, url, body \\ nil) do
    case try_command(method, url, body) do
      {:ok, value} -> value
      {:error, error} -> raise "#{method} #{url}: #{inspect(error)}"
    end
  end

  defp try_command(method, url, body \\ nil) do
    {status, _headers, answer} = Emulator.request(method, url, [], body && JSON.encode!(body))
    value = JSON.decode!(answer)["value"]
    if status == 200, do: {:ok, value}, else: {:error, value}
  end

  defp start_driver do
    program = System.find_executable("chromedriver")

    port =
      Port.open({:spawn_executable, program}, [:binary, :stderr_to_stdout, line: 4096, args: ["--port=0"]])

    {:os_pid, pid} = Port.info(port, :os_pid)
    ExUnit.Callbacks.on_exit(fn -> System.cmd("kill", [to_string(pid)]) end)
    "http://127.0.0.1:#{driver_port(port)}"
  end

  defp driver_port(port) do
    receive do
      {^port, {:data, {_end, line}}} ->
        case Regex.run(~r/started successfully on port (\d+)/, line) do
          [_all, number] -> number
          nil -> driver_port(port)
        end
    after
      @wait_ms -> raise "chromedriver did not start"
    end
  end

  defp binary, do: Enum.find_value(~w(chromium chromium-browser google-chrome), &System.find_executable/1)
end
