if match?({:module, _}, Code.ensure_compiled(Plug.Conn)) do
  defmodule Kinde.Plug.Bearer do
    @moduledoc """
    Lets a request through if it brings an access token for this API (RFC 6750), and gives the token's claims as
    `conn.assigns.kinde_claims`.

        pipeline :api do
          plug :accepts, ["json"]
          plug Kinde.Plug.Bearer, client: MyApp.Kinde, audience: "https://api.example.com", scopes: ["read:orders"]
        end

    The token is taken from the `Authorization` header alone, never from the address or a form, where it would be logged or
    come from another site. Preflight requests of browsers bring none: put the plug for CORS before this one.

    | Option | |
    | --- | --- |
    | `:client` | the name of a `Kinde.Client` |
    | `:audience` | what tokens must be for, one of several; needed. `:any` takes tokens that were meant for other APIs too |
    | `:scopes` | all of which the token must have |
    | `:permissions` | all of which its user must have |
    | `:realm` | said in `WWW-Authenticate` |

    | | Status | `WWW-Authenticate` |
    | --- | --- | --- |
    | no token | 401 | `Bearer`, without an error |
    | not one well-formed token | 400 | `error="invalid_request"` |
    | expired, forged, of another issuer, audience or kind | 401 | `error="invalid_token"` |
    | a scope or permission is lacking | 403 | `error="insufficient_scope"` |
    | Kinde's keys cannot be had | 503, with `Retry-After` | |

    Any application of the tenant may have got the token: compare `conn.assigns.kinde_claims["azp"]` if that matters.
    """

    @behaviour Plug

    alias Kinde.Plug.Failure
    alias Kinde.{Error, Token}
    alias Plug.Conn

    require Logger

    # RFC 6750, section 2.1.
    @token ~r/\ABearer +([A-Za-z0-9\-._~+\/]+=*)\z/i
    # A list of credentials is what servers make of a header that was sent twice.
    @attempt ~r/(?:\A|,)\s*Bearer(?:[\s,]|\z)/i
    # What may stand between quotes without being escaped, here and in RFC 6749.
    @quotable ~r/\A[\x20-\x21\x23-\x5b\x5d-\x7e]+\z/
    @invalid [
      :signature,
      :algorithm,
      :key_not_found,
      :token_malformed,
      :token_expired,
      :token_not_yet_valid,
      :issuer,
      :audience,
      :authorized_party,
      :nonce,
      :at_hash,
      :subject,
      :token_kind,
      :claim_missing
    ]

    @doc false
    @impl Plug
    def init(options) do
      options = Keyword.validate!(options, [:client, :audience, :realm, scopes: [], permissions: []])
      if options[:client] == nil, do: raise(ArgumentError, "client: the name of a Kinde.Client is needed")
      scopes = quotable(:scopes, options[:scopes])
      permissions = quotable(:permissions, options[:permissions])

      %{
        client: options[:client],
        scopes: scopes,
        demands: Map.merge(audience(options[:audience]), %{scopes: scopes, permissions: permissions}),
        realm: :realm |> quotable(List.wrap(options[:realm])) |> List.first()
      }
    end

    @doc false
    @impl Plug
    def call(conn, options) do
      case Conn.get_req_header(conn, "authorization") do
        [header] -> judge(conn, header, options)
        headers -> no_token(conn, Enum.join(headers, ", "), options)
      end
    end

    defp judge(conn, header, options) do
      case Regex.run(@token, header, capture: :all_but_first) do
        [token] -> verified(conn, Token.verify(options.client, token, options.demands), options)
        nil -> no_token(conn, header, options)
      end
    end

    # RFC 6750, section 3.1: who sent no token is told nothing about errors.
    defp no_token(conn, header, options) do
      if Regex.match?(@attempt, header) do
        challenge(conn, 400, options, "invalid_request", "The Authorization header is not one Bearer token")
      else
        challenge(conn, 401, options)
      end
    end

    defp verified(conn, {:ok, claims}, _options), do: Conn.assign(conn, :kinde_claims, claims)

    defp verified(conn, {:error, %Error{code: :insufficient_scope, claim: "scope"}}, options) do
      scope = if options.scopes != [], do: [scope: Enum.join(options.scopes, " ")], else: []
      challenge(conn, 403, options, "insufficient_scope", "The access token lacks a scope", scope)
    end

    defp verified(conn, {:error, %Error{code: :insufficient_scope}}, options) do
      scope = if options.scopes != [], do: [scope: Enum.join(options.scopes, " ")], else: []
      challenge(conn, 403, options, "insufficient_scope", "The user lacks a permission", scope)
    end

    defp verified(conn, {:error, %Error{code: :token_expired}}, options),
      do: challenge(conn, 401, options, "invalid_token", "The access token expired")

    defp verified(conn, {:error, %Error{code: code}}, options) when code in @invalid,
      do: challenge(conn, 401, options, "invalid_token", "The access token is not valid here")

    defp verified(conn, {:error, error}, _options) do
      # What is left is for developers: an option or a setting is wrong.
      unless Failure.unavailable?(error), do: raise(error)
      Logger.error("[kinde] tokens cannot be judged: #{Exception.message(error)}")
      conn |> Failure.put_retry_after(error) |> answer(503)
    end

    defp challenge(conn, status, options, error \\ nil, description \\ nil, more \\ []) do
      said =
        for {name, value} <- [realm: options.realm, error: error, error_description: description] ++ more,
            value != nil,
            do: ~s(#{name}="#{value}")

      value = if said == [], do: "Bearer", else: "Bearer " <> Enum.join(said, ", ")
      conn |> Conn.put_resp_header("www-authenticate", value) |> answer(status)
    end

    defp answer(conn, status) do
      conn
      |> Conn.put_resp_header("cache-control", "no-store")
      |> Conn.send_resp(status, "")
      |> Conn.halt()
    end

    # Without one of the two, the library would judge by the setting `audience`, which is that of sign-ins.
    defp audience(:any), do: %{any_audience: true}

    defp audience(audience) do
      case audience |> List.wrap() |> Enum.map(&to_string/1) |> Enum.reject(&(&1 == "")) do
        [] ->
          raise ArgumentError,
                "audience: needed, because without it a token that a user gave to another API would be good for this one. " <>
                  "Say `audience: :any` to take such tokens"

        audiences ->
          %{audience: audiences}
      end
    end

    defp quotable(option, texts) do
      for text <- List.wrap(texts) do
        unless is_binary(text) and text =~ @quotable,
          do: raise(ArgumentError, "#{option}: cannot be said in a header: #{inspect(text)}")

        text
      end
    end
  end
end
