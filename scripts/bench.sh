#!/usr/bin/env bash
# Runs the benchmarks and compares each with its goal: a table of goal, measured, ratio (1 or more: the goal is met), and
# what falls short. Exits 1 where a ratio is below ALFI_BENCH_MARGIN (0.8 unless set). The machine should be idle.
set -euo pipefail
cd "$(dirname "$0")/.."
margin=${ALFI_BENCH_MARGIN:-0.8}
if [ ! -x build/bench/alfi_bench ]; then
  bash scripts/setup.sh
  cmake -S . -B build -G Ninja -DCMAKE_BUILD_TYPE=Release
  cmake --build build --target alfi_bench
fi
medians=$(build/bench/alfi_bench --benchmark_format=json --benchmark_repetitions=5 --benchmark_report_aggregates_only=true "$@" |
  jq '{instruction_set: .context.instruction_set, benchmarks: [.benchmarks[] | select(.aggregate_name == "median") |
    {name: (.run_name | rtrimstr("/real_time"))} + if has("goal_fraction")
      then {unit: "of peak", goal: .goal_fraction, measured: .fraction_of_peak, ratio: (.fraction_of_peak / .goal_fraction)}
      elif has("goal_episodes")
      then {unit: "episodes/s", goal: .goal_episodes, measured: .episodes_per_second,
        ratio: (.episodes_per_second / .goal_episodes)}
      elif has("goal_numbers")
      then {unit: "numbers/s", goal: .goal_numbers, measured: .numbers_per_second,
        ratio: (.numbers_per_second / .goal_numbers)}
      else {unit: "peak ops a number", goal: .goal_peak_ops, measured: .peak_ops, ratio: (.goal_peak_ops / .peak_ops)}
      end]}')

jq -r '"instruction set \(.instruction_set)"' <<<"$medians"
printf '%-22s %-18s %10s %10s %8s\n' benchmark unit goal measured ratio
jq -r '.benchmarks[] | "\(.name)|\(.unit)|\(.goal)|\(.measured)|\(.ratio)"' <<<"$medians" |
  while IFS='|' read -r name unit goal measured ratio; do
    printf '%-22s %-18s %10.3g %10.3g %8.2f\n' "$name" "$unit" "$goal" "$measured" "$ratio"
  done
jq -r '.benchmarks[] | select(.ratio < 1) | "short of its goal: \(.name), \(.ratio * 100 | round) % of it"' <<<"$medians"
jq -e --argjson margin "$margin" '[.benchmarks[].ratio] | length > 0 and min >= $margin' <<<"$medians" >/dev/null
