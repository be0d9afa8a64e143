#!/usr/bin/env bash
# What `make install` installs: its names, size and exports; and that programs find it through pkg-config and through
# CMake, shared and static, also after the tree was moved.
#
#   install_test.sh EMULATOR
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export LC_ALL=C
export KINDE_EMULATOR=$1

size_limit=$((6 * 1024 * 1024))
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prefix=$work/moved/kinde
library=$prefix/lib/libkinde.so.$version

fail() {
    echo "install_test: $*" >&2
    exit 1
}

make --no-print-directory install PREFIX=/usr DESTDIR="$work/staged" >"$work/install.log" || {
    cat "$work/install.log" >&2
    fail "make install failed"
}
mkdir -p "$work/moved"
mv "$work/staged/usr" "$prefix"

for file in lib/libkinde.so.$version lib/libkinde.so.0 lib/libkinde.so lib/libkinde.a lib/pkgconfig/kinde.pc \
    include/kinde.h include/kinde.hpp share/kinde/cmake/kinde-config.cmake share/kinde/cmake/kinde-config-version.cmake; do
    [ -e "$prefix/$file" ] || fail "$file is not installed"
done
[ "$(find "$prefix" -not -type d | wc -l)" -eq 9 ] || fail "something else is installed: $(find "$prefix" -not -type d)"

size=$(stat --format=%s "$library")
echo "size of the shared library: $size bytes"
[ "$size" -le $size_limit ] || fail "the shared library has $size bytes, more than $size_limit"

readelf -d "$library" >"$work/dynamic"
grep -q 'SONAME.*\[libkinde\.so\.0\]' "$work/dynamic" || fail "the soname is not libkinde.so.0"
grep -q 'NODELETE' "$work/dynamic" || fail "the shared library may be unloaded while its threads run"
if grep NEEDED "$work/dynamic" | grep -vE '\[(libc|libm|libgcc_s|ld-linux-[a-z0-9-]+|libpthread|libdl|librt)\.so\.[0-9]+\]'; then
    fail "the shared library needs more than the C library"
fi
diff tests/symbols.txt <(nm -D --defined-only "$library" | awk '{ print $3 }' | sort) ||
    fail "the exports (right) are not those of tests/symbols.txt"
if nm -D --defined-only "$library" | awk '{ print $3 }' | grep -v '^kinde_'; then
    fail "it exports names that do not start with kinde_"
fi

# The list of kinde-config.cmake is written by hand, because cargo-c installs the file as it is.
for needed in $(cat build/release/native-static-libs); do
    name=${needed#-l}
    case $name in
    pthread) name=Threads::Threads ;;
    dl) name='\${CMAKE_DL_LIBS}' ;;
    c) continue ;;
    esac
    grep -q "INTERFACE_LINK_LIBRARIES.*[\"; ]$name[\";]" bindings/c/cmake/kinde-config.cmake ||
        fail "kinde-config.cmake does not link $needed, which the static library needs"
done

sources=(-std=c99 -D_POSIX_C_SOURCE=200809L -Itests/c -Ibindings/c/examples tests/c/installed.c -pthread)
export PKG_CONFIG_PATH=$prefix/lib/pkgconfig
package() { pkg-config --define-variable=prefix="$prefix" "$@" kinde; }
[ "$(package --modversion)" = "$version" ] || fail "kinde.pc gives another version than Cargo.toml"

"${CC:-cc}" "${sources[@]}" -o "$work/pkg-config-shared" $(package --cflags --libs)
LD_LIBRARY_PATH=$prefix/lib "$work/pkg-config-shared"

"${CC:-cc}" "${sources[@]}" -o "$work/pkg-config-static" $(package --cflags --libs --static | sed 's/-lkinde/-l:libkinde.a/')
"$work/pkg-config-static"

cmake -S tests/c/installed -B "$work/cmake" -DCMAKE_PREFIX_PATH="$prefix" -DKINDE_VERSION="$version" >"$work/cmake.log" || {
    cat "$work/cmake.log" >&2
    fail "find_package(kinde) failed"
}
cmake --build "$work/cmake" >>"$work/cmake.log" || {
    cat "$work/cmake.log" >&2
    fail "the programs that find_package(kinde) was for were not built"
}
"$work/cmake/shared"
"$work/cmake/static"
"$work/cmake/shared_cxx"
if readelf -d "$work/cmake/static" | grep libkinde; then
    fail "kinde::static links the shared library"
fi

KINDE_LIBRARY=$library "$work/cmake/load"
echo "installed, found and used: pkg-config and CMake, shared and static"
