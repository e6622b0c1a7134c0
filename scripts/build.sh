#!/usr/bin/env bash
# Builds build/alfi, or brings it up to date; installs what that needs. Tests and benchmarks are left out where the folder is
# new.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
scripts/setup.sh build
[[ -f build/build.ninja ]] || cmake -S . -B build -G Ninja -DALFI_BUILD_TESTS=OFF -DALFI_BUILD_BENCH=OFF >/dev/null
cmake --build build --target alfi_cli >&2
