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
build/bench/alfi_bench --benchmark_format=json --benchmark_repetitions=5 --benchmark_report_aggregates_only=true "$@" |
  python3 -c '
import json, sys
margin, short = float(sys.argv[1]), []
result = json.load(sys.stdin)
print("instruction set", result["context"]["instruction_set"])
print("%-18s %-18s %10s %10s %8s" % ("benchmark", "unit", "goal", "measured", "ratio"))
for row in result["benchmarks"]:
    if row.get("aggregate_name") != "median":
        continue
    if "goal_fraction" in row:
        unit, goal, measured = "of peak", row["goal_fraction"], row["fraction_of_peak"]
        ratio = measured / goal
    else:
        unit, goal, measured = "peak ops a number", row["goal_peak_ops"], row["peak_ops"]
        ratio = goal / measured
    name = row["run_name"]
    print("%-18s %-18s %10.3g %10.3g %8.2f" % (name, unit, goal, measured, ratio))
    if ratio < 1:
        short.append((name, ratio))
for name, ratio in short:
    print("short of its goal: %s, %.2f of it" % (name, ratio))
sys.exit(any(ratio < margin for _, ratio in short))
' "$margin"
