#!/usr/bin/env bash
# Sets up, builds and runs every test: the ordinary build with its consumer, mutants and CUDA compilation (cpu), then the
# same under AddressSanitizer and UBSan (asan), then the kernels on fibers under ThreadSanitizer, as they are and without
# each of their barriers (racecheck). The last line is the count. Arguments name the stages to run; without any, all.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scripts/setup.sh

jobs=$(nproc)
passed=0 failed=0 skipped=0

attribute() {  # NAME FILE: a number of the JUnit file's test suite
  grep -o -m 1 "\b$1=\"[0-9]*\"" "$2" | head -n 1 | tr -dc 0-9
}

stage() {  # PRESET: configures, builds, tests, counts
  local preset=$1 folder started=$SECONDS results code=0
  folder=build
  [[ $preset == cpu ]] || folder=build-$preset
  results=$PWD/$folder/tests.xml
  echo "== $preset: configure"
  mkdir -p "$folder"
  cmake --preset "$preset" >"$folder/configure.log" || { cat "$folder/configure.log"; exit 1; }
  echo "== $preset: build"
  cmake --build "$folder" --parallel "$jobs"
  echo "== $preset: test ($((SECONDS - started)) s so far)"
  rm -f "$results"
  ctest --test-dir "$folder" --parallel "$jobs" --output-on-failure --no-tests=error --output-junit "$results" || code=$?
  if [[ ! -s $results ]]; then
    echo "$preset: ctest left no results" >&2
    exit 1
  fi
  local tests not_run failures
  tests=$(attribute tests "$results")
  failures=$(attribute failures "$results")
  ((code == 0 || failures > 0)) || failures=1  # a test that could not be started
  not_run=$(($(attribute skipped "$results") + $(attribute disabled "$results")))
  passed=$((passed + tests - failures - not_run))
  failed=$((failed + failures))
  skipped=$((skipped + not_run))
  echo "== $preset: done in $((SECONDS - started)) s"
}

(($# > 0)) || set -- cpu asan racecheck
for preset in "$@"; do
  if [[ $preset == racecheck ]] && ! command -v clang++ >/dev/null; then
    echo "== racecheck: skipped, there is no clang++"
    skipped=$((skipped + 1))
  else
    stage "$preset"
  fi
done

echo "$passed passed, $failed failed, $skipped skipped"
((failed == 0))
