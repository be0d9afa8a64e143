defmodule Kinde.Webhook do
  @moduledoc """
  An event that Kinde sends to the application: somebody was made, changed, deleted, signed in, …

  `Kinde.Plug.Webhooks` takes them in applications with Plug. Everywhere else:

      with {:ok, event} <- Kinde.Webhook.decode(MyApp.Kinde, body),
           :ok <- if(event.duplicate, do: :ok, else: MyApp.Accounts.sync(event)),
           :ok <- Kinde.Webhook.done(MyApp.Kinde, event) do
        answer(200)
      end

  Kinde sends an event again until it is answered with 200, for 36 hours, in no particular order. It is known by its signed
  `event_id`: an event counts as handled when `done/2` was called, so one whose handler failed comes again as new.

  | Field | |
  | --- | --- |
  | `type` | `"user.created"`, `"organization.updated"`, …; Kinde adds types: pass over what is unknown |
  | `event_id` | the same each time the event is sent |
  | `timestamp` | when it happened (ISO 8601), as Kinde writes it |
  | `event_timestamp` | the same under its other name; `nil` where Kinde does not send it |
  | `source` | `"admin"`, `"api"`, `"user"`, or `nil` |
  | `ip_address` | from where a user signed in, or tried to; `nil` in other events |
  | `data` | what it is about, with texts as keys: `%{"user" => %{"id" => "kp_…", …}}` |
  | `duplicate` | whether it was handled before |
  """

  use Kinde.Bang

  alias Kinde.{Call, Client, Native}

  # What it is about is personal.
  @derive {Inspect, except: [:data, :ip_address]}
  @enforce_keys [:type, :event_id]
  defstruct [
    :type,
    :event_id,
    :timestamp,
    :event_timestamp,
    :source,
    :ip_address,
    data: %{},
    duplicate: false
  ]

  @type t :: %__MODULE__{
          type: String.t(),
          event_id: String.t(),
          timestamp: String.t(),
          event_timestamp: String.t() | nil,
          source: String.t() | nil,
          ip_address: String.t() | nil,
          data: %{String.t() => term()},
          duplicate: boolean()
        }

  @doc """
  Verifies the body of a request from Kinde, and gives its event.

  A key of the client's issuer must have signed it; it must not be older than the setting `webhook_tolerance_seconds` (two days),
  and no token of a user or a machine passes for an event. Kinde's keys are fetched when they are not there yet, unless
  the option `wait: false` is given: it fails with `:would_block` then.

  Fails with `:store` when the store of sessions is away, because nobody knows then whether the event was handled.
  """
  @spec decode(Client.named(), String.t()) :: Kinde.result(t())
  @spec decode(Client.named(), String.t(), wait: boolean()) :: Kinde.result(t())
  def decode(client, body, options \\ []) when is_binary(body) do
    client = Client.get(client)

    with {:ok, event} <-
           Call.run(client, :webhook_decode, &Native.webhook_decode(client.ref, body, options, &1)),
         do: {:ok, struct!(__MODULE__, event)}
  end

  @doc """
  Notes in the client's store of sessions that an event was handled. Call it when the handler has succeeded, before the answer.

  Takes the event or its id. With the setting `store_url: "memory:"` only this node knows it.
  """
  @spec done(Client.named(), t() | String.t()) :: Kinde.result()
  def done(client, %__MODULE__{event_id: id}), do: done(client, id)

  def done(client, id) when is_binary(id) do
    client = Client.get(client)
    Call.run(client, :webhook_done, &Native.webhook_done(client.ref, id, &1))
  end
end
