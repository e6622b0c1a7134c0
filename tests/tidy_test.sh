#!/usr/bin/env bash
# tidy_test.sh [SOURCES]: clang-tidy 14 has nothing to say of the library's and the command line's sources, and each header
# of src/ compiles alone; those of include/ and kernels/ do so in every build (tests/headers). SOURCES, a regular
# expression, names some of the sources. Exit code 77: there is no clang-tidy 14, and another has other opinions.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
if ! clang-tidy --version 2>/dev/null | grep -q ' version 14\.' || ! command -v run-clang-tidy >/dev/null ||
  ! command -v clang++ >/dev/null; then
  echo "skipped: there is no clang-tidy 14, or no clang++"
  exit 77
fi
sources=${1:-$PWD/(src|kernels)/}
jobs=$(nproc)
cmake --preset lint >/dev/null

bad=0
run-clang-tidy -p build-lint -quiet -j "$jobs" "$sources" >build-lint/tidy.log 2>build-lint/tidy.err || {
  bad=1
  sed 's/\x1b\[[0-9;]*m//g' build-lint/tidy.log | grep -E '(error|warning): ' | sort -u
}
looked_at=$(grep -c '^clang-tidy' build-lint/tidy.log || true)
((looked_at > 0)) || { echo "clang-tidy looked at nothing: $(tail -n 1 build-lint/tidy.err)"; bad=1; }

# What needs the CUDA toolkit is left to builds that have one.
mapfile -t headers < <(grep -rL --include='*.hpp' '#include <thrust/' src)
flags=(-std=c++20 -fsyntax-only -x c++ -Wno-pragma-once-outside-header -I. -Iinclude -isystem /usr/include/eigen3
  '-DALFI_VERSION=""')
printf '%s\0' "${headers[@]}" | xargs -0 -n 1 -P "$jobs" clang++ "${flags[@]}" || bad=1
echo "$looked_at sources, ${#headers[@]} headers"
exit "$bad"
