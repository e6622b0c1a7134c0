#!/usr/bin/env bash
# gpu_acceptance.sh [FOLDER]: settles on a machine with a GPU what can only be settled there. Builds for its GPU, runs
# the tests that need one, a few of them under each tool of compute-sanitizer, measures three configurations from small
# to large meta-batches beside the same machine's CPU, and prints one table. Needs no network; what scripts/setup.sh
# would install must be there.
#
# Logs, measurements and the table go to FOLDER (build-gpu/acceptance unless given). A step that fails is reported and
# the next one goes on. Exit codes: 0 all passed, 1 something failed, 2 there is nothing here to run on.
set -euo pipefail
folder=$(realpath -m "${1:-$(dirname "${BASH_SOURCE[0]}")/../build-gpu/acceptance}")
cd "$(dirname "${BASH_SOURCE[0]}")/.."

build='build-gpu'
configurations=(poisson weinberg gaussian)  # the method's; examples/
batches=(32 256 2048 16384 131072 1000000)
device_tests='Gpu.*:*/gpu'
# Every kernel, on networks and batches that a tool which slows it down a hundred times can wait for.
sanitized_tests=$(printf 'OnDevice.%s*/gpu:' TrainsTheSameTwice RollsOut Simulates Infers Replays IsSharedBy Sorts Spins)

refuse() {
  echo "gpu_acceptance: $*" >&2
  exit 2
}
for place in "${CUDA_PATH:-}" "${CUDA_HOME:-}" /usr/local/cuda; do
  [[ -z $place ]] || PATH=$PATH:$place/bin
done
command -v nvcc >/dev/null || refuse "there is no nvcc in PATH, CUDA_PATH, CUDA_HOME or /usr/local/cuda"
command -v nvidia-smi >/dev/null || refuse "there is no CUDA device: no nvidia-smi, which comes with the driver"
devices=$(nvidia-smi --query-gpu=name,driver_version --format=csv,noheader) ||
  refuse "there is no CUDA device: $devices"
[[ -n $devices ]] || refuse "there is no CUDA device: nvidia-smi lists none"
command -v jq >/dev/null || refuse "there is no jq; scripts/setup.sh installs it where there is a network"

mkdir -p "$folder"
rm -f "$folder"/*.log "$folder"/*.json "$folder/table.txt"
failed=()

step() {  # NAME COMMAND…: runs it, with NAME.log
  local name=$1 started=$SECONDS
  shift
  printf '== %-24s ' "$name"
  if "$@" >"$folder/$name.log" 2>&1; then
    echo "passed, $((SECONDS - started)) s"
  else
    echo "FAILED, $((SECONDS - started)) s; the end of $folder/$name.log:"
    tail -n 15 "$folder/$name.log"
    failed+=("$name")
  fi
}

run_tests() {  # FILTER [PREFIX…]: a skipped test has not passed, nor have no tests at all
  "${@:2}" "$build/tests/gpu_tests" --gtest_filter="$1" |
    awk '{ print } /  SKIPPED / { skipped = 1 } /  PASSED  \] [1-9]/ { passed = 1 } END { exit skipped || !passed }'
}

measure() {  # NAME ARGUMENTS…: alfi bench, to NAME.json
  timeout 1800 "$build/alfi" bench "${@:2}" --json >"$folder/$1.part" && mv "$folder/$1.part" "$folder/$1.json"
}

# The GPUs' own architectures; all of the preset's where nvcc does not know them.
architectures=$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader | tr -d '. ' | sort -nu | paste -sd ';') ||
  architectures=
for architecture in ${architectures//;/ }; do
  nvcc --list-gpu-code | grep -qx "sm_$architecture" || architectures=
done
step configure cmake --preset cuda -B "$build" ${architectures:+-DALFI_CUDA_ARCHITECTURES="$architectures"}
step build cmake --build "$build" --parallel "$(nproc)" -- -k 0
step tests run_tests "$device_tests"
for tool in memcheck racecheck initcheck synccheck; do
  step "$tool" run_tests "$sanitized_tests" timeout 3600 compute-sanitizer --tool "$tool" --error-exitcode 1
done
for configuration in "${configurations[@]}"; do
  file=()
  [[ $configuration == poisson ]] || file=("examples/$configuration.yaml")
  step "$configuration-cpu" measure "$configuration-cpu" "${file[@]}" --backend cpu
  for batch in "${batches[@]}"; do
    step "$configuration-$batch" measure "$configuration-$batch" "${file[@]}" --backend cuda \
      --set "training.meta_batch=$batch"
  done
done

row() { printf '%-14s %-5s %9s %12s %9s %10s\n' "$@"; }
measured_row() {  # CONFIGURATION cpu|B
  local json=$folder/$1-$2.json cpu=$folder/$1-cpu.json cells=(cuda "$2" failed - -)
  [[ -s $cpu ]] || cpu=/dev/null
  if [[ -s $json ]]; then
    mapfile -t cells < <(jq -r --slurpfile cpu "$cpu" '.backend, .meta_batch, (.episodes_per_second | round),
      (if $cpu == [] then "-" else .episodes_per_second / $cpu[0].episodes_per_second * 100 | round / 100 end),
      (.fraction_of_peak * 1000 | round / 10)' "$json")
  elif [[ $2 == cpu ]]; then
    cells=(cpu '' failed - -)
  fi
  row "$1" "${cells[@]}"
}
table() {
  local configuration measurement
  echo "GPU, driver: ${devices//$'\n'/; }"
  echo "CPU: $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $(nproc) threads"
  echo "date: $(date -u +%F)"
  echo
  row configuration on B episodes/s 'x CPU' '% of peak'
  for configuration in "${configurations[@]}"; do
    for measurement in cpu "${batches[@]}"; do measured_row "$configuration" "$measurement"; done
  done
}
echo
table | tee "$folder/table.txt"
echo
if ((${#failed[@]} > 0)); then
  echo "FAILED: ${failed[*]}; logs are in $folder"
  exit 1
fi
echo "all passed; logs are in $folder"
