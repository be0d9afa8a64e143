# A compiler has to be there before the project is compiled, so it is not one of its modules.
Code.require_file("mix/compile_kinde_nif.exs", __DIR__)

defmodule KindeSDK.MixProject do
  use Mix.Project

  @version "1.3.0"
  @source_url "https://github.com/kinde-oss/libkinde"

  def project do
    [
      app: :kinde_sdk,
      version: @version,
      elixir: "~> 1.14",
      description: "Kinde for Elixir: sign-in, tokens, permissions, feature flags and sessions",
      compilers: [:kinde_nif] ++ Mix.compilers(),
      elixirc_paths: elixirc_paths(Mix.env()),
      start_permanent: Mix.env() == :prod,
      deps: deps(),
      package: package(),
      docs: docs(),
      dialyzer: [plt_add_apps: [:mix, :ex_unit]],
      name: "Kinde",
      source_url: @source_url
    ]
  end

  def application do
    [
      extra_applications: [:logger, :crypto] ++ if(Mix.env() == :test, do: [:inets], else: []),
      mod: {Kinde.Application, []}
    ]
  end

  defp elixirc_paths(:test), do: ["lib", "test/support"]

  defp elixirc_paths(:example),
    do: ["lib", "examples/web/lib" | Path.wildcard("test/support/plug*_stand_in.ex")]

  defp elixirc_paths(_env), do: ["lib"]

  # Nothing is needed to run. What is optional can be asked for only where there is Hex; without it Mix would refuse to compile.
  defp deps do
    if Code.ensure_loaded?(Hex) do
      [
        {:plug, "~> 1.13", optional: true},
        {:phoenix_live_view, "~> 0.18 or ~> 1.0", optional: true},
        {:telemetry, "~> 1.0", optional: true},
        {:ex_doc, "~> 0.30", only: :dev, runtime: false}
      ]
    else
      []
    end
  end

  defp package do
    [
      name: "kinde_sdk",
      licenses: ["MIT", "Apache-2.0"],
      links: %{"GitHub" => @source_url, "Kinde" => "https://kinde.com"},
      # Of the directory that package.exs lays out: in this one the library's sources and the licences are missing.
      files: ~w(lib mix native docs mix.exs .formatter.exs README.md CHANGELOG.md LICENSE-MIT LICENSE-APACHE)
    ]
  end

  defp docs do
    [
      main: "readme",
      extras: ["README.md", "CHANGELOG.md" | Path.wildcard("docs/*.md")],
      source_ref: "v#{@version}",
      groups_for_modules: [
        "Signing in": [Kinde, Kinde.Client, Kinde.Session, Kinde.Cookie],
        Tokens: [Kinde.Token, Kinde.Claims],
        "Kinde's APIs": ~r/^Kinde\.(Api|Account|Webhook)/,
        Errors: [Kinde.Error],
        "Phoenix and Plug": ~r/^Kinde\.(Plug|LiveView|Test)/,
        "As before": ~r/^Kinde(ClientSDK|SDK)/
      ]
    ]
  end
end
