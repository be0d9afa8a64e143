Kinde.Support.Emulator.make_key()
ExUnit.start(capture_log: true)
