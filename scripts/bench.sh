#!/usr/bin/env bash
# Runs the benchmarks and compares each with its goal: a table of the median of five repetitions, their spread (standard
# deviation), the goal and the ratio of both (1 or more: the goal is met), and what falls short. Exits 1 where a ratio is
# below the margin. The machine should be idle.
#
#   scripts/bench.sh [--margin 0.8] [--at-peak] [--program build/bench/alfi_bench] [OPTIONS OF GOOGLE BENCHMARK]
#
# Goals in episodes, numbers or bytes a second were set on two cores whose fp32 peak is 500 GFLOP/s. A second goal is the
# same at the peak that is measured in this run: less on slower cores. --at-peak judges by that one. Others are parts of
# the peak already. threads/… is how many times as fast two threads are as one. ALFI_ISA=avx2 takes AVX2 and its goals.
set -euo pipefail
cd "$(dirname "$0")/.."
margin=0.8 judged=ratio program=build/bench/alfi_bench
options=()
while (($# > 0)); do
  case $1 in
    --margin) margin=$2 && shift 2 ;;
    --program) program=$2 && shift 2 ;;
    --at-peak) judged=ratio_at_peak && shift ;;
    *) options+=("$1") && shift ;;
  esac
done
if [[ ${ALFI_ISA:-} == baseline ]] || ! grep -qw avx2 /proc/cpuinfo; then
  echo "skipped: goals are of AVX-512 and AVX2"
  exit 77
fi
if [[ ! -x $program && $program == build/bench/alfi_bench ]]; then
  bash scripts/setup.sh
  cmake -S . -B build -G Ninja -DCMAKE_BUILD_TYPE=Release -DALFI_BUILD_BENCH=ON  # scripts/build.sh leaves them out
  cmake --build build --target alfi_bench
fi
results=$("$program" --benchmark_format=json --benchmark_repetitions=5 --benchmark_report_aggregates_only=true \
  "${options[@]}" | jq '
  def row(name; unit; goal; scale; measured; spread):
    {name: name, unit: unit, measured: measured, spread: spread, goal: goal, ratio: (measured / goal),
     goal_at_peak: (goal * scale), ratio_at_peak: (measured / (goal * scale))};
  (.context.one_core_gflops | tonumber) as $peak | ($peak / 250) as $scale |
  ([.benchmarks[] | select(.aggregate_name == "cv") | {key: .run_name, value: .real_time}] | from_entries) as $spread |
  [.benchmarks[] | select(.aggregate_name == "median") | (.run_name | rtrimstr("/real_time")) as $name |
    $spread[.run_name] as $s |
    if .goal_fraction then row($name; "of peak"; .goal_fraction; 1; .fraction_of_peak; $s)
    elif .goal_episodes then row($name; "episodes/s"; .goal_episodes; $scale; .episodes_per_second; $s)
    elif .goal_numbers then row($name; "numbers/s"; .goal_numbers; $scale; .numbers_per_second; $s)
    elif .goal_bytes then row($name; "bytes/s"; .goal_bytes; $scale; .bytes_per_second; $s)
    else row($name; "numbers/peak op"; 1 / .goal_peak_ops; 1; 1 / .peak_ops; $s) end] as $rows |
  [$rows[] | select(.name | test("^dense/.*/1$")) | .name[:-2] as $what | . as $one |
    $rows[] | select(.name == $what + "/2") | [.spread, $one.spread] as $s |
    row("threads/" + ($what | ltrimstr("dense/")); "x one thread"; 1.9; 1; 2 * .measured / $one.measured; $s | max)] as $threads |
  {instruction_set: .context.instruction_set, peak: $peak, rows: ($rows + $threads)}')

jq -r '"instruction set \(.instruction_set), peak of a core \(.peak * 10 | round / 10) GFLOP/s"' <<<"$results"
printf '%-22s %-15s %10s %7s %10s %7s %13s %7s\n' benchmark unit measured spread goal ratio 'goal at peak' ratio
jq -r '.rows[] | "\(.name)|\(.unit)|\(.measured)|\(.spread * 100)|\(.goal)|\(.ratio)|\(.goal_at_peak)|\(.ratio_at_peak)"' \
  <<<"$results" | while IFS='|' read -r name unit measured spread goal ratio goal_at_peak ratio_at_peak; do
  printf '%-22s %-15s %10.3g %6.1f%% %10.3g %7.2f %13.3g %7.2f\n' \
    "$name" "$unit" "$measured" "$spread" "$goal" "$ratio" "$goal_at_peak" "$ratio_at_peak"
done
jq -r --arg judged "$judged" \
  '.rows[] | select(.[$judged] < 1) | "short of its goal: \(.name), \(.[$judged] * 100 | round) % of it"' <<<"$results"
jq -e --argjson margin "$margin" --arg judged "$judged" \
  '[.rows[][$judged]] | length > 0 and min >= $margin' <<<"$results" >/dev/null
