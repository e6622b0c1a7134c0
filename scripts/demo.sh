#!/usr/bin/env bash
# From nothing to a trained machine: sets up, builds, meta-trains on the Poisson simulator, evaluates it beside maximum
# likelihood, and asks it about Rutherford's and Geiger's counts of alpha particles. A second call finds all that done.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

run=runs/demo
data=examples/data/rutherford_geiger_1910.csv
alfi=build/alfi

scripts/setup.sh build
if [[ ! -f build/build.ninja ]]; then
  cmake -S . -B build -G Ninja -DALFI_BUILD_TESTS=OFF -DALFI_BUILD_BENCH=OFF >/dev/null
fi
cmake --build build --target alfi_cli >&2

# A finished run returns at once, one that was interrupted goes on.
resume=()
[[ ! -e $run ]] || resume=(--resume)
"$alfi" train examples/demo.yaml --out "$run" "${resume[@]}"
evaluation=$("$alfi" evaluate "$run" --episodes 5000 --json)
inference=$("$alfi" infer "$run" --data "$data" --json)
