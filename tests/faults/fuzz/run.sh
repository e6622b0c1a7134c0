#!/usr/bin/env bash
# run.sh BUILD SECONDS [TARGET...]: runs these targets, else each target of libFuzzer in BUILD for so long, two at a time, from the seeds in corpus/. New
# inputs go to BUILD/corpus/, which the next call goes on from; what fails to BUILD/findings/.
set -euo pipefail
build=$(realpath "$1") seconds=$2
shift 2
seeds=$(realpath "$(dirname "${BASH_SOURCE[0]}")/corpus")
mkdir -p "$build/findings"
all=()

fuzz() {  # TARGET
  local target=$1 log=$build/findings/$1.log code=0
  mkdir -p "$build/corpus/$target"
  "$build/tests/faults/fuzz/fuzz_$target" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=3000 -max_len=32768 \
    -use_value_profile=1 -print_final_stats=1 -artifact_prefix="$build/findings/$target-" \
    "$build/corpus/$target" "$seeds/$target" >"$log" 2>&1 || code=$?
  printf '%-12s %12s runs in %s s, exit code %s\n' "$target" \
    "$(sed -n 's/stat::number_of_executed_units: *//p' "$log")" "$seconds" "$code"
  ((code == 0)) || tail -n 40 "$log"
  return "$code"
}
export -f fuzz
export build seconds seeds
(($# > 0)) || mapfile -t all < <(find "$seeds" -mindepth 1 -maxdepth 1 -type d -printf '%f\n' | sort)
printf '%s\n' "$@" "${all[@]}" | sed '/^$/d' |
  xargs -P 2 -I TARGET bash -c 'set -euo pipefail; fuzz TARGET'
