defmodule KindeClientSDK.DoctestTest do
  use ExUnit.Case, async: true

  doctest KindeClientSDK
  doctest KindeSDK.SDK.Utils
end
