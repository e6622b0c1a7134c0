#!/usr/bin/env bash
# Breaks the kernels on purpose, one patch at a time, and demands that the race tests notice.
#
#   tests/mutants/run.sh [NAME...]     all mutants, or those named
#
# Missing barriers are no patches: see barriers.sh.
#
# A patch begins with `expect: race | divergent | numbers`, how it must be found out, and a line that says what is wrong.
# A patch that no longer applies, or a mutant that does not compile, is a failure: write the patch anew. Works on a copy
# of the sources in a temporary folder. That the kernels as they are pass is for the race test to say. Exit code 77: there
# is no clang.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
declare -A said=([race]='WARNING: ThreadSanitizer: data race' [divergent]='divergent barrier' [numbers]='wrong numbers')
export TSAN_OPTIONS='halt_on_error=1 exitcode=66'

if ! command -v clang++ >/dev/null; then
  echo "skipped: there is no clang++"
  exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/source"
cp -r "$root"/{CMakeLists.txt,include,kernels,src,tests} "$work/source/"

build() {
  cmake --build "$work/build" --target alfi_race_tests >"$work/log" 2>&1 || { tail -n 40 "$work/log"; return 1; }
}

failures=0
fail() {
  echo "FAILED  $1"
  failures=$((failures + 1))
}

# judge NAME: applies the patch, builds, runs.
judge() {
  local name=$1 patch=$here/$1.patch expect message output code
  expect=$(sed -n '1s/^expect: //p' "$patch")
  if [[ -z ${said[${expect:-none}]:-} ]]; then
    fail "$name: its first line is not expect: race, divergent or numbers"
    return
  fi
  if ! message=$(patch --batch --fuzz=0 -p1 -d "$work/source" <"$patch" 2>&1); then
    fail "$name: the patch does not apply any more; write it anew for the kernels of today"
    echo "$message"
    return
  fi
  if ! build; then
    fail "$name: does not compile"
    return
  fi
  output=$("$work/build/tests/race/alfi_race_tests" 2>&1)
  code=$?
  if [[ $code -eq 0 ]]; then
    fail "$name: nothing noticed it"
  elif [[ $output != *"${said[$expect]}"* ]]; then
    fail "$name: not found out by its $expect, but:"
    echo "${output:0:1000}"
  else
    echo "caught  $name ($expect)"
  fi
}

cmake -S "$work/source" -B "$work/build" -G Ninja -DCMAKE_CXX_COMPILER=clang++ -DCMAKE_BUILD_TYPE=Release \
  -DCMAKE_CXX_FLAGS_RELEASE=-O0 -DALFI_RACECHECK=ON >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
names=("$@")
if [[ ${#names[@]} -eq 0 ]]; then
  for patch in "$here"/*.patch; do names+=("$(basename "$patch" .patch)"); done
fi
for name in "${names[@]}"; do
  judge "$name"
  rm -rf "$work/source/kernels"
  cp -r "$root/kernels" "$work/source/"
done
echo "${#names[@]} mutants, $failures not caught as they should be"
[[ $failures -eq 0 ]]
