defmodule Kinde.ExampleTest do
  use ExUnit.Case, async: false

  alias Kinde.Support.{Chromium, Emulator, Program}

  unless Chromium.there?(), do: @moduletag(skip: "there is no chromium, or no chromedriver")
  @moduletag timeout: 180_000

  # What all nodes of an application share.
  @secrets [
    {"SECRET_KEY_BASE", String.duplicate("s", 64)},
    {"KINDE_SEAL_KEYS", String.duplicate("k", 32)}
  ]

  defp sign_in_page(browser, email, organization) do
    Chromium.fill_in(browser, "email", email)
    Chromium.click(browser, "Continue")
    Chromium.click(browser, organization)
    Chromium.click(browser, "Continue")
  end

  defp sign_in(browser, url) do
    Chromium.visit(browser, url)
    Chromium.click(browser, "Sign in")
    sign_in_page(browser, "ada@example.com", "Acme")
    Chromium.assert_text(browser, "h1", "Hello Ada")
  end

  # The emulator of the tests, which asks who signs in, as Kinde does.
  defp emulator do
    emulator = Emulator.start!()
    Emulator.post(emulator, "/login", %{email: nil})
    emulator
  end

  defp at(emulator, more \\ []) do
    settings = Emulator.settings(emulator)

    kinde =
      for name <- [:domain, :client_id, :client_secret],
          do: {"KINDE_" <> String.upcase("#{name}"), settings[name]}

    kinde ++ more
  end

  test "brings its own emulator, signs in, shows what Kinde knows, and signs out" do
    {url, _stop} = Program.start_example!([{"KINDE_DOMAIN", nil}])
    browser = Chromium.start!()
    sign_in(browser, url)
    Chromium.click(browser, "Account")
    Chromium.assert_text(browser, "#user", "Ada Lovelace ada@example.com")
    Chromium.assert_text(browser, "#organization", "org_acme")
    Chromium.assert_text(browser, "#permissions", "manage:members")
    Chromium.assert_text(browser, "#flags", ~r/theme: "\w+"/)
    Chromium.click(browser, "Members")
    Chromium.assert_text(browser, "p", "Whoever reads this may manage members.")
    refute Chromium.evaluate(browser, "document.cookie") =~ ~r/kinde|_web/
    Chromium.click(browser, "Home")
    Chromium.click(browser, "Sign out")
    Chromium.assert_text(browser, "h1", "Nobody is signed in")
    refute Enum.any?(Chromium.cookies(browser), &(&1["name"] =~ "kinde_session"))
    Chromium.visit(browser, url <> "/account")
    Chromium.assert_text(browser, "h1", "Sign in")
  end

  test "registers, lets nobody in who lacks the permission, and says when a sign-in was refused" do
    {url, _stop} = Program.start_example!(at(emulator()))
    browser = Chromium.start!()
    Chromium.visit(browser, url)
    Chromium.click(browser, "register")

    for {name, text} <- [email: "emmy@example.com", given_name: "Emmy", family_name: "Noether"],
        do: Chromium.fill_in(browser, name, text)

    Chromium.click(browser, "Create account")
    Chromium.assert_text(browser, "h1", "Hello Emmy")
    Chromium.click(browser, "Members")
    Chromium.assert_text(browser, "h1", "Not allowed")
    Chromium.click(browser, "Home")
    Chromium.click(browser, "Sign out")
    Chromium.assert_text(browser, "h1", "Nobody is signed in")
    Chromium.visit(browser, url <> "/callback?error=access_denied&state=" <> String.duplicate("a", 43))
    Chromium.assert_text(browser, "h1", "You were not signed in")
  end

  test "signs in in two tabs at once, each to its own page" do
    {url, _stop} = Program.start_example!(at(emulator()))
    browser = Chromium.start!()
    first = Chromium.tab(browser)
    Chromium.visit(browser, url <> "/account?from=mail")
    second = Chromium.new_tab(browser)
    Chromium.use_tab(browser, second)
    Chromium.visit(browser, url <> "/members")
    Chromium.use_tab(browser, first)
    sign_in_page(browser, "ada@example.com", "Acme")
    Chromium.assert_text(browser, "h1", "Account")
    assert Chromium.location(browser) == url <> "/account?from=mail"
    Chromium.use_tab(browser, second)
    sign_in_page(browser, "ada@example.com", "Acme")
    Chromium.assert_text(browser, "h1", "Members")
    # Signed out in one, signed out in both.
    Chromium.visit(browser, url)
    Chromium.click(browser, "Sign out")
    Chromium.assert_text(browser, "h1", "Nobody is signed in")
    Chromium.use_tab(browser, first)
    Chromium.click(browser, "Home")
    Chromium.assert_text(browser, "h1", "Nobody is signed in")
  end

  test "takes what Kinde sends, once" do
    emulator = emulator()
    {url, _stop} = Program.start_example!(at(emulator))
    token = Emulator.post(emulator, "/webhooks", %{type: "user.updated", event_id: "event_7"})["token"]
    forged = Emulator.post(emulator, "/webhooks", %{event_id: "event_8", sign: "foreign"})["token"]

    answers =
      for body <- [token, token, forged], do: Emulator.request("POST", url <> "/webhooks/kinde", [], body)

    assert Enum.map(answers, &elem(&1, 0)) == [200, 200, 400]

    browser = Chromium.start!()
    sign_in(browser, url)
    Chromium.click(browser, "Events")
    Chromium.assert_text(browser, "#events", "user.updated event_7")
  end

  unless System.find_executable("redis-server"), do: @tag(skip: "there is no redis-server")

  test "leaves users signed in when the node is restarted, and at a second node, with Redis" do
    emulator = emulator()
    environment = at(emulator, [{"KINDE_STORE_URL", Program.start_redis!()} | @secrets])
    {url, stop} = Program.start_example!(environment)
    browser = Chromium.start!()
    # A sign-in that begins at this node ends at the next.
    Chromium.visit(browser, url <> "/account")
    stop.()

    port = to_string(URI.parse(url).port)
    {^url, stop} = Program.start_example!([{"PORT", port} | environment])
    sign_in_page(browser, "ada@example.com", "Globex")
    Chromium.assert_text(browser, "#organization", "org_globex")
    stop.()

    {^url, _stop} = Program.start_example!([{"PORT", port} | environment])
    Chromium.visit(browser, url)
    Chromium.assert_text(browser, "h1", "Hello Ada")

    # Cookies do not depend on ports: to the browser both are one host, as behind a balancer.
    {second, _stop} = Program.start_example!(environment)
    Chromium.visit(browser, second <> "/account")
    Chromium.assert_text(browser, "#organization", "org_globex")
    Chromium.visit(browser, second)
    Chromium.click(browser, "Sign out")
    Chromium.assert_text(browser, "h1", "Nobody is signed in")
    Chromium.visit(browser, url)
    Chromium.assert_text(browser, "h1", "Nobody is signed in")
  end
end
