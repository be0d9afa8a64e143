# Thin names for the real commands. `make help` lists them.

CARGO      ?= cargo
CC         ?= cc
CXX        ?= c++
PREFIX     ?= /usr/local
DESTDIR    ?=
LIBDIR     ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
DATADIR    ?= $(PREFIX)/share
BUILD      ?= build

export PATH := $(PATH):$(HOME)/.cargo/bin

TARGET   := $(abspath $(or $(CARGO_TARGET_DIR),target))
STEP     := scripts/step
VERSION  := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
SONAME   := libkinde.so.$(firstword $(subst ., ,$(VERSION)))
WARNINGS := -Wall -Wextra -Wpedantic -Werror
RUST     := Cargo.toml Cargo.lock build.rs $(shell find src -name '*.rs')
C_JOBS   := $(shell nproc 2>/dev/null || echo 2)

.DEFAULT_GOAL := help
.PHONY: help build debug demo test lint header bench fuzz mutants install clean test-rust test-c test-install test-ruby test-elixir

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

# The same features as the Rust tests, so that no dependency is compiled twice.
debug:
	$(CARGO) build --workspace --lib --bins --tests

demo: ## sign a user in, against the emulator; against Kinde if KINDE_DOMAIN is set
	scripts/setup demo
	scripts/demo

test: ## everything that the continuous integration runs
	scripts/setup test
	$(MAKE) --no-print-directory lint test-rust test-c test-install test-ruby test-elixir
	@echo; echo "== all tests passed"

lint: ## formatting, clippy, the header, warnings of the C compilers
	@$(STEP) "Formatting" $(CARGO) fmt --all --check
	@$(STEP) "Clippy" $(CARGO) clippy --workspace --all-targets -- -D warnings
	@$(STEP) "Clippy without the C ABI" $(CARGO) clippy -p kinde --no-default-features -- -D warnings
	@$(STEP) "The header is what the source says" $(MAKE) --no-print-directory header
	@$(STEP) "Warnings of the C and C++ compilers" scripts/lint-c

header: ## compare include/kinde.h with the source; UPDATE_HEADER=1 rewrites it
	$(CARGO) test --workspace --test header

test-rust: ## the Rust tests of the workspace, with judges that nobody here wrote
	@$(STEP) "Installing the judges" tests/judges/run
	@$(STEP) "Rust tests" $(CARGO) test --workspace
	@$(STEP) "No exports without the C ABI" $(CARGO) test -p kinde --no-default-features --test no_symbols

test-c: ## the C tests and examples: plainly, under valgrind, with the sanitizers
	@$(STEP) "Building the library for the C tests" $(MAKE) --no-print-directory debug
	@$(STEP) "Building the C tests" scripts/build-c-tests $(BUILD)/c $(TARGET)/debug
	@$(STEP) "C tests and examples" ctest --test-dir $(BUILD)/c --output-on-failure -j $(C_JOBS) -LE valgrind
	@$(STEP) "C tests under valgrind" ctest --test-dir $(BUILD)/c --output-on-failure -j $(C_JOBS) -L valgrind
	@$(STEP) "Building the C tests with the sanitizers" scripts/build-c-tests $(BUILD)/c-sanitized $(TARGET)/debug -DKINDE_SANITIZE=ON
	@$(STEP) "C tests with AddressSanitizer and UndefinedBehaviorSanitizer" ctest --test-dir $(BUILD)/c-sanitized --output-on-failure -j $(C_JOBS)

test-install: $(BUILD)/release/libkinde.so $(BUILD)/release/libkinde.a ## what `make install` installs can be used, and is small
	@$(STEP) "The installed library" tests/c/install_test.sh $(TARGET)/debug/kinde-emulator

# It packs the library as it ships, and tests everything else with the one that the other tests have built.
test-ruby: $(BUILD)/release/libkinde.so ## the Ruby tests: the gem, its examples in a browser, its documentation and types
	@$(STEP) "Building the library for the Ruby tests" $(MAKE) --no-print-directory debug
	@$(STEP) "Ruby tests" env -C bindings/ruby KINDE_LIBRARY=$(TARGET)/debug/libkinde.so \
		KINDE_EMULATOR=$(TARGET)/debug/kinde-emulator KINDE_LIBRARY_TO_PACK=$(abspath $(BUILD))/release/libkinde.so rspec

# `mix compile` builds the NIF by itself, in the profile of the other tests.
test-elixir: export MIX_ENV = test
test-elixir: export KINDE_NIF_PROFILE = debug
test-elixir: export KINDE_EMULATOR = $(TARGET)/debug/kinde-emulator
test-elixir: ## the Elixir tests: the package over its NIF, its documentation and types
	@$(STEP) "Building the emulator for the Elixir tests" $(MAKE) --no-print-directory debug
	@$(STEP) "Formatting of the Elixir code" env -C bindings/elixir mix format --check-formatted
	@$(STEP) "Warnings of the Elixir compiler" env -C bindings/elixir mix compile --warnings-as-errors
	@$(STEP) "Elixir tests" env -C bindings/elixir mix test
	@$(STEP) "Types of the Elixir code" scripts/dialyzer $(BUILD)/elixir

ELIXIR_BENCH = env -C bindings/elixir MIX_ENV=test KINDE_NIF_PROFILE=release KINDE_LIBRARY=$(abspath $(BUILD))/release/libkinde.so \
	KINDE_EMULATOR=$(TARGET)/release/kinde-emulator KINDE_EXAMPLES=$(TARGET)/release/examples

bench: $(BUILD)/release/libkinde.so ## the benchmarks
	scripts/setup bench
	$(CARGO) bench -p kinde
	$(CARGO) build -p kinde-emulator --profile bench
	env KINDE_LIBRARY=$(abspath $(BUILD))/release/libkinde.so KINDE_EMULATOR=$(TARGET)/release/kinde-emulator bindings/ruby/bench/ruby.rb
	$(CARGO) build -p kinde_nif --release --examples
	$(ELIXIR_BENCH) mix run bench/elixir.exs
	$(ELIXIR_BENCH) mix run bench/exchanges.exs
	$(ELIXIR_BENCH) ERL_FLAGS="+sbwt none +sbwtdcpu none +sbwtdio none" \
		taskset --cpu-list "$$(taskset --cpu-list --pid $$$$ | sed 's/.*: \([0-9]*\).*/\1/')" mix run bench/exchanges.exs one-processor

fuzz: ## each fuzz target for a minute
	scripts/setup fuzz
	cd fuzz && for target in $$(cargo +nightly fuzz list); do mkdir -p "corpus/$$target" && \
		cargo +nightly fuzz run "$$target" "corpus/$$target" "seeds/$$target" -- -max_total_time=60 || exit 1; done

mutants: ## break oauth/ and token/ on purpose; every change must make a test fail
	scripts/setup mutants
	$(CARGO) build --workspace --bins
	KINDE_EMULATOR=$(TARGET)/debug/kinde-emulator $(CARGO) mutants --package kinde

build: $(BUILD)/release/libkinde.so $(BUILD)/release/libkinde.a ## the libraries as they are installed

# How large a function may be that is copied into its callers: half of what LLVM takes by itself, which would make the
# library 180 KB larger and a question of 0.1 µs a tenth faster.
INLINING := -C llvm-args=-inline-threshold=100

# One crate type at a time: rustc ignores link-time optimization for a library that is built beside an rlib.
$(BUILD)/release/libkinde.so: $(RUST)
	@$(STEP) "The shared library" $(CARGO) rustc -p kinde --release --lib --crate-type cdylib -- $(INLINING)
	install -D -m 755 $(TARGET)/release/libkinde.so $@

$(BUILD)/release/libkinde.a: $(RUST)
	@mkdir -p $(@D)
	@$(STEP) "The static library" $(CARGO) rustc -p kinde --release --lib --crate-type staticlib -- $(INLINING) \
		--print native-static-libs=$(abspath $(@D))/native-static-libs
	install -m 644 $(TARGET)/release/libkinde.a $@

install: build ## into PREFIX (default /usr/local), below DESTDIR
	install -d $(DESTDIR)$(LIBDIR)/pkgconfig $(DESTDIR)$(INCLUDEDIR) $(DESTDIR)$(DATADIR)/kinde/cmake
	install -m 755 $(BUILD)/release/libkinde.so $(DESTDIR)$(LIBDIR)/libkinde.so.$(VERSION)
	ln -sf libkinde.so.$(VERSION) $(DESTDIR)$(LIBDIR)/$(SONAME)
	ln -sf $(SONAME) $(DESTDIR)$(LIBDIR)/libkinde.so
	install -m 644 $(BUILD)/release/libkinde.a $(DESTDIR)$(LIBDIR)/libkinde.a
	install -m 644 include/kinde.h bindings/c/kinde.hpp $(DESTDIR)$(INCLUDEDIR)
	install -m 644 bindings/c/cmake/kinde-config.cmake bindings/c/cmake/kinde-config-version.cmake $(DESTDIR)$(DATADIR)/kinde/cmake
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(patsubst $(PREFIX)/%,$${prefix}/%,$(LIBDIR))|' \
		-e 's|@INCLUDEDIR@|$(patsubst $(PREFIX)/%,$${prefix}/%,$(INCLUDEDIR))|' -e 's|@VERSION@|$(VERSION)|' \
		-e "s|@LIBS_PRIVATE@|$$(cat $(BUILD)/release/native-static-libs)|" \
		bindings/c/kinde.pc.in > $(DESTDIR)$(LIBDIR)/pkgconfig/kinde.pc

clean: ## remove what was built
	rm -rf $(BUILD)
	$(CARGO) clean
