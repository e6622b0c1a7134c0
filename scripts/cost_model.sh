#!/usr/bin/env bash
# Compares what a meta-step should cost on paper (src/engine/cost.hpp) with what it takes: episodes a second, predicted from the
# peak of the same moment, the median of seven repetitions and their range, the ratio. Exits 1 where one is more than 15 % off.
# None of these configurations is one that the model's constants were fitted to. The machine should be idle.
#
#   scripts/cost_model.sh [--program build/alfi] [--seconds 1.5]     seconds of measurement a row
set -euo pipefail
cd "$(dirname "$0")/.."
program=build/alfi seconds=1.5
while (($# > 0)); do
  case $1 in
    --program) program=$2 && shift 2 ;;
    --seconds) seconds=$2 && shift 2 ;;
    *) echo "cost_model: unknown argument $1" >&2 && exit 2 ;;
  esac
done

# Encoder, simulator, threads, B, T, M, N, R; then widths of the encoder (hidden, code), the aggregator, the RIM (hidden,
# state) and the pooling.
points=(
  'dense    poisson             1   64   5 20 20  500   50 20 20 30 30 40 mean'
  'dense    weinberg            2   64  15  8 64  500   50 60 50 60 50 40 mean'
  'dense    multi_distribution  1   32  15 20 20  500   50 20 20 30 30 40 mean'
  'dense    linear_regression   2   32  15 20 20 1000   50 20 20 30 30 40 mean'
  'dense    gaussian            1   16  10 30  2  100   80 40 40 40 40 60 moments'
  'dense    gaussian            2  160   4 12 12  300   24 12 16 16 24 24 mean'
  'table    poisson             1   16   5 20 20  500   50 20 20 30 30 40 mean'
  'table    poisson             2   32   5 20 20  500   50 20 20 30 30 40 mean'
  'table    poisson             2  256   5 20 20  500   50 20 20 30 30 40 mean'
  'table    poisson             1 1024  10 10 10  200   40 32 30 30 30 40 moments'
  'table    poisson             2 1024   2  5 50 2000   50 48 20 30 30 40 mean'
  'segments gaussian            1   64   5 20 20  500   50 20 20 30 30 40 mean'
  'segments gaussian            2  256   5 20 20  500   50 20 20 30 30 40 mean'
  'segments weinberg            2  256  15  8 64  500   50 60 50 60 50 40 mean'
  'segments weinberg            1 1024   3  6 30  100   40 16 24 24 24 32 moments'
  'segments gaussian            1   32  20 30  3  250   70 24 50 50 60 60 mean'
)

printf '%-9s %-19s %2s %5s %3s %3s %3s %5s %10s %10s %17s %6s\n' \
  codes simulator on B T M N R predicted measured range ratio
worst=1
for point in "${points[@]}"; do
  read -r encoder simulator threads B T M N R hidden code aggregator_hidden aggregator_code H S pooling <<<"$point"
  settings=("simulator.name=$simulator" "engine.encoder=$encoder" "training.meta_batch=$B" "episode.iterations=$T"
    "episode.thetas=$M" "episode.observations=$N" "episode.real_observations=$R" "networks.encoder.hidden=$hidden"
    "networks.encoder.code=$code" "networks.encoder.pooling=$pooling" "networks.aggregator.hidden=$aggregator_hidden"
    "networks.aggregator.code=$aggregator_code" "networks.rim.hidden=$H" "networks.rim.state=$S"
    "simulator.transform=$([[ $simulator == poisson ]] && echo sqrt || echo none)")
  result=$("$program" bench --backend cpu --threads "$threads" --seconds "$seconds" --json "${settings[@]/#/--set=}")
  read -r predicted measured slowest fastest < <(jq -r '"\(.predicted_episodes_per_second) \(.episodes_per_second) \(
    .episodes_per_second_slowest) \(.episodes_per_second_fastest)"' <<<"$result")
  ratio=$(awk "BEGIN { print $measured / $predicted }")
  worst=$(awk "BEGIN { off = ($ratio > 1) ? $ratio : 1 / $ratio; print (off > $worst) ? off : $worst }")
  printf '%-9s %-19s %2s %5s %3s %3s %3s %5s %10.0f %10.0f %8.0f…%8.0f %6.2f\n' \
    "$encoder" "$simulator" "$threads" "$B" "$T" "$M" "$N" "$R" "$predicted" "$measured" "$slowest" "$fastest" "$ratio"
done
awk "BEGIN { printf \"the worst is %.0f %% off\n\", 100 * ($worst - 1); exit ($worst > 1.15) }"
