#!/usr/bin/env bash
# gpu_acceptance.sh [FOLDER]: settles on a machine with a GPU what can only be settled there. Builds for its GPU, runs
# the tests that need one, a few of them under each tool of compute-sanitizer, measures three configurations in two
# precisions from small to large meta-batches beside the same machine's CPU and the model of CONTRIBUTING.md, and prints
# one table. Needs no network; what scripts/setup.sh would install must be there.
#
# Logs, measurements and the table go to FOLDER (build-gpu/acceptance unless given). A step that fails is reported and
# the next one goes on. Exit codes: 0 all passed, 1 something failed, 2 there is nothing here to run on.
set -euo pipefail
folder=$(realpath -m "${1:-$(dirname "${BASH_SOURCE[0]}")/../build-gpu/acceptance}")
cd "$(dirname "${BASH_SOURCE[0]}")/.."

build='build-gpu'
configurations=(poisson weinberg gaussian)  # the method's; examples/
batches=(32 256 2048 16384 131072 1000000)
precisions=(fp32 bf16)
# The model: cycles of a multiprocessor for an observation, and milliseconds a step takes at least.
declare -A cycles=([poisson-fp32]=198 [weinberg-fp32]=310 [gaussian-fp32]=198 [poisson-bf16]=76 [weinberg-bf16]=111
  [gaussian-bf16]=76)
least_ms=1
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
  for precision in "${precisions[@]}"; do
    for batch in "${batches[@]}"; do
      name=$configuration-$precision-$batch
      step "$name" measure "$name" "${file[@]}" --backend cuda --set "engine.precision=$precision" \
        --set "training.meta_batch=$batch"
    done
  done
done

# Of the first device: what the model multiplies by.
multiprocessors=$("$build/alfi" info 2>/dev/null | grep -o -m 1 '[0-9]* multiprocessors' | tr -dc 0-9) || multiprocessors=0
megahertz=$(nvidia-smi --query-gpu=clocks.max.sm --format=csv,noheader,nounits | head -n 1 | tr -dc 0-9) || megahertz=0

row() { printf '%-14s %-5s %-5s %9s %12s %9s %10s %10s\n' "$@"; }
measured_row() {  # CONFIGURATION cpu|PRECISION [B]
  local json=$folder/$1-$2${3:+-$3}.json cpu=$folder/$1-cpu.json cells=(cuda "$2" "${3:-}" failed - - -)
  [[ -s $cpu ]] || cpu=/dev/null
  if [[ -s $json ]]; then
    mapfile -t cells < <(jq -r --slurpfile cpu "$cpu" --argjson cycles "${cycles[$1-$2]:-0}" --argjson ms "$least_ms" \
      --argjson hertz "$((${multiprocessors:-0} * ${megahertz:-0}))e6" '
      (.simulations_per_second / .episodes_per_second * $cycles / (if $hertz > 0 then $hertz else 1 end)) as $seconds |
      ([.meta_batch * $seconds, $ms / 1000] | max) as $step |
      .backend, .precision, .meta_batch, (.episodes_per_second | round),
      (if $cpu == [] then "-" else .episodes_per_second / $cpu[0].episodes_per_second * 100 | round / 100 end),
      (.fraction_of_peak * 1000 | round / 10),
      (if .backend == "cpu" or $hertz == 0 then "-"
       else .episodes_per_second * $step / .meta_batch * 100 | round / 100 end)' "$json")
  elif [[ $2 == cpu ]]; then
    cells=(cpu fp32 '' failed - - -)
  fi
  row "$1" "${cells[@]}"
}
table() {
  local configuration precision batch
  echo "GPU, driver: ${devices//$'\n'/; }"
  echo "CPU: $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $(nproc) threads"
  echo "date: $(date -u +%F)"
  echo
  row configuration on in B episodes/s 'x CPU' '% of peak' 'x model'
  for configuration in "${configurations[@]}"; do
    measured_row "$configuration" cpu
    for precision in "${precisions[@]}"; do
      for batch in "${batches[@]}"; do measured_row "$configuration" "$precision" "$batch"; done
    done
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
