#!/usr/bin/env bash
# The table in arguments.c names each function that the library exports, and no other.
#
#   coverage_test.sh ARGUMENTS_PROGRAM LIBRARY
set -euo pipefail
export LC_ALL=C
diff <("$1" --list | sort) <(nm -D --defined-only "$2" | awk '$2 == "T" { print $3 }' | sort) || {
    echo "tests/c/arguments.c (left) does not test what the library exports (right)" >&2
    exit 1
}
