#!/usr/bin/env bash
# test.sh [all | STAGE...]: sets up, builds and tests; the last line is the count.
#
#   test.sh            stage quick: every component, in minutes
#   test.sh all        stages lint, long, asan and racecheck; fuzz has to be asked for
#
#   quick      the ordinary build's tests but those with label all
#   lint       clang-tidy on the library and the command line, and each of their headers alone
#   long       those with label all: mutants, compiled kernels of every width and without each barrier, whole programs,
#              faults on purpose
#   asan       the ordinary tests under AddressSanitizer and UBSan
#   racecheck  the kernels on fibers under ThreadSanitizer, as they are and without each of their barriers
#   fuzz       readers of files under libFuzzer, 20 s each; scripts/faults.sh for longer
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scripts/setup.sh

jobs=$(nproc)
passed=0 failed=0 skipped=0

attribute() {  # NAME FILE: a number of the JUnit file's test suite
  grep -o -m 1 "\b$1=\"[0-9]*\"" "$2" | head -n 1 | tr -dc 0-9
}

stage() {  # PRESET [CTEST ARGUMENTS…]: configures, builds, tests, counts
  local preset=$1 folder started=$SECONDS results code=0
  shift
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
  ctest --test-dir "$folder" --parallel "$jobs" --output-on-failure --no-tests=error --output-junit "$results" "$@" ||
    code=$?
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

(($# > 0)) || set -- quick
[[ $* != all ]] || set -- lint long asan racecheck
for name in "$@"; do
  case $name in
    lint)
      echo "== lint"
      code=0
      bash tests/tidy_test.sh || code=$?
      case $code in
        0) passed=$((passed + 1)) ;;
        77) skipped=$((skipped + 1)) ;;
        *) failed=$((failed + 1)) ;;
      esac
      ;;
    quick) stage cpu --label-exclude '^all$' ;;
    long) stage cpu --label-regex '^all$' ;;
    asan) stage asan --label-exclude '^all$' ;;
    racecheck | fuzz)
      if command -v clang++ >/dev/null; then
        stage "$name"
      else
        echo "== $name: skipped, there is no clang++"
        skipped=$((skipped + 1))
      fi
      ;;
    *)
      echo "test.sh: there is no stage $name; there are quick, lint, long, asan, racecheck and fuzz" >&2
      exit 2
      ;;
  esac
done

echo "$passed passed, $failed failed, $skipped skipped"
((failed == 0))
