defmodule Web do
  @moduledoc """
  Sign in, see what Kinde knows, be let in or not, sign out; and take the events that Kinde sends to `/webhooks/kinde`.

  `./run` starts it, with the emulator of Kinde beside it unless `KINDE_DOMAIN` names a domain at Kinde. Plug, Cowboy and
  Phoenix are not needed: `Web.Server` is a small server, and `Web.Router` is what a router of Phoenix would be.

  Sessions are in memory, and after a restart nobody is signed in; with `KINDE_STORE_URL=redis://…` and `KINDE_SEAL_KEYS`
  they are in Redis, for any number of nodes. `SECRET_KEY_BASE` must be the same on all of them, as with Phoenix.
  """

  # What the emulator has, see its README.
  @emulator_settings [
    client_id: "emulator_web",
    client_secret: "emulator-web-secret-0123456789abcdefghijkl"
  ]

  @doc "Starts everything, or says what is missing and stops."
  def start do
    # The port must be known before Kinde is told where to send users back to.
    {:ok, socket} = listen(String.to_integer(System.get_env("PORT", "4000")))
    {:ok, port} = :inet.port(socket)
    url = "http://localhost:#{port}"

    children = [
      {Kinde.Client, [name: Web.Kinde, env: true] ++ settings(url)},
      Web.Events,
      {Web.Server, socket: socket, secret_key_base: secret_key_base()}
    ]

    {:ok, _supervisor} = Supervisor.start_link(children, strategy: :one_for_one, name: Web.Supervisor)
    IO.puts("Open #{url}")
  end

  defp listen(port) do
    with {:error, :eaddrinuse} <- Web.Server.listen(port),
         do: stop("Something else listens on port #{port}. Choose another one: PORT=#{port + 1} ./run")
  end

  # The environment has the others, and these too if it says so.
  defp settings(url) do
    own = [redirect_uri: url <> "/callback", logout_redirect_uri: url <> "/"]

    own =
      Enum.reject(own, fn {name, _value} -> System.get_env("KINDE_" <> String.upcase(to_string(name))) end)

    if System.get_env("KINDE_DOMAIN"), do: own, else: own ++ [domain: start_emulator()] ++ @emulator_settings
  end

  defp start_emulator do
    case Web.Emulator.start() do
      {:ok, url} ->
        IO.puts(
          "The emulator answers for Kinde. Sign in as ada@example.com, or as grace@example.com, who may do less."
        )

        url

      :error ->
        stop("""
        There is no KINDE_DOMAIN, and no emulator to do without. Either
          - build the emulator: cargo build -p kinde-emulator
          - or say where it is: KINDE_EMULATOR=…/kinde-emulator
          - or use an application at Kinde: KINDE_DOMAIN=https://….kinde.com KINDE_CLIENT_ID=… KINDE_CLIENT_SECRET=…
        """)
    end
  end

  defp secret_key_base do
    System.get_env("SECRET_KEY_BASE") || Base.encode64(:crypto.strong_rand_bytes(48))
  end

  defp stop(message) do
    IO.puts(:stderr, message)
    System.halt(1)
  end
end
