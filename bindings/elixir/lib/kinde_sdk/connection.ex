defmodule KindeSDK.Connection do
  @moduledoc """
  What the modules `KindeSDK.Api` need to reach Kinde.

      connection = KindeSDK.Connection.new(base_url: "https://example.kinde.com", access_token: token)
      {:ok, user} = KindeSDK.Api.OAuth.get_user(connection)

  Without options, the configuration is used:

      config :kinde_sdk, base_url: "https://example.kinde.com"

  The former package was built on Tesla, and this one is not. Of its configuration for `KindeSDK.Connection`, `base_url`, `user_agent`
  and the token of a middleware (`{Tesla.Middleware.BearerAuth, token: "…"}`, or an `authorization` among
  `Tesla.Middleware.Headers`) are still read.
  """

  @default_base_url "https://app.kinde.com"

  @derive {Inspect, except: [:access_token]}
  defstruct [:base_url, :user_agent, :access_token]

  @type t :: %__MODULE__{base_url: String.t(), user_agent: String.t() | nil, access_token: String.t() | nil}

  @typedoc "Options that win over the configuration."
  @type options :: [base_url: String.t(), user_agent: String.t(), access_token: String.t()]

  @doc "A connection as it is configured."
  @spec new() :: t()
  @spec new(options()) :: t()
  def new(options \\ []) when is_list(options) do
    tesla = tesla_options()

    %__MODULE__{
      base_url:
        options[:base_url] || tesla[:base_url] ||
          Application.get_env(:kinde_sdk, :base_url, @default_base_url),
      user_agent: options[:user_agent] || tesla[:user_agent],
      access_token: options[:access_token] || token(tesla[:middleware] || [])
    }
  end

  @doc "The configured middleware, with which an application can make a Tesla client of its own."
  @spec middleware() :: [term()]
  @spec middleware(options()) :: [term()]
  def middleware(options \\ []) do
    connection = new(options)
    headers = for agent <- List.wrap(connection.user_agent), do: {"user-agent", agent}

    [{Tesla.Middleware.BaseUrl, connection.base_url}, {Tesla.Middleware.Headers, headers}] ++
      (tesla_options()[:middleware] || [])
  end

  @doc "The configured adapter of Tesla, `nil` if there is none."
  @spec adapter() :: term()
  def adapter, do: tesla_options()[:adapter]

  @doc false
  @spec core_client(t()) :: Kinde.result(Kinde.Client.t())
  def core_client(%__MODULE__{} = connection) do
    Kinde.Client.new(
      domain: connection.base_url,
      # A token says itself whose it is; a client has to have an id all the same.
      client_id: "unknown",
      user_agent: connection.user_agent,
      any_audience: true,
      # The applications that use a connection know what Kinde takes from documentation that is newer, or older, than this.
      api_validation: "lenient"
    )
  end

  defp tesla_options, do: Application.get_env(:tesla, __MODULE__, [])

  defp token(middleware) do
    Enum.find_value(middleware, fn
      {Tesla.Middleware.BearerAuth, options} -> options[:token]
      {Tesla.Middleware.Headers, headers} -> Enum.find_value(headers, &bearer/1)
      _other -> nil
    end)
  end

  defp bearer({name, value}) do
    with "authorization" <- String.downcase(to_string(name)),
         [scheme, token] <- String.split(value, " ", parts: 2),
         "bearer" <- String.downcase(scheme) do
      token
    else
      _other -> nil
    end
  end
end
