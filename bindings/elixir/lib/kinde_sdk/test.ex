defmodule KindeSDK.Test do
  @moduledoc """
  Signed-in users for the tests of an application that uses `KindeClientSDK`, without a network.

      setup %{conn: conn} do
        conn = Plug.Test.init_test_session(conn, %{})
        {conn, client} = KindeClientSDK.init(conn, …)
        %{conn: KindeSDK.Test.conn_signed_in(conn, client, permissions: ["create:users"])}
      end

      test "users can be made", %{conn: conn} do
        assert KindeClientSDK.get_permission(conn, "create:users").is_granted
      end

  The tokens are real ones, which the library verifies; see `Kinde.Test` for who can be signed in.
  """

  alias KindeSDK.{Browser, PlugSession}
  alias KindeSDK.KindeCache.Entries

  @doc "Signs a user in for the requests of this conn; takes the options of `Kinde.Test`."
  @spec conn_signed_in(PlugSession.conn(), KindeClientSDK.t()) :: PlugSession.conn()
  @spec conn_signed_in(PlugSession.conn(), KindeClientSDK.t(), Kinde.Test.options()) :: PlugSession.conn()
  def conn_signed_in(conn, %KindeClientSDK{} = client, options \\ []) do
    client = %{client | cache_pid: nil}
    session = client |> core() |> Kinde.Test.sign_in(options)
    browser = Browser.renamed(%{(Browser.of(conn) || Browser.new(client)) | client: client}, nil)
    Entries.put(browser.id, %{held: session, client: client})
    Browser.put(conn, browser)
  end

  # Believes the tokens of `Kinde.Test`, as no client of the application does.
  defp core(client) do
    Kinde.Test.start({__MODULE__, client.domain, client.client_id},
      domain: client.domain,
      client_id: client.client_id,
      redirect_uri: client.redirect_uri,
      logout_redirect_uri: client.logout_redirect_uri
    )
  end
end
