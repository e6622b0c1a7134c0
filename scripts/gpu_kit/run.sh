#!/usr/bin/env bash
# run.sh [OUT] [PARTS]: tests and measures alfi on this machine's GPU, in parts that each have a time limit; PARTS names
# them by their letters, all unless given:
#
#   a  what there is, one test                      b  all tests of a device
#   c  the published Poisson and Weinberg           d  some tests under each tool of compute-sanitizer
#   e  what ncu says of the dearest kernels         f  small and huge meta-batches, tf32x3, wide encoders
#   g  a whole training, and calibration on a million problems
#
# OUT (results/ beside this script unless given) gets summary.txt and a log of each part, after every step: a run that is cut
# off loses nothing. Exit codes: 0 all passed, 1 something failed or ran out of time, 2 there is nothing to run on.
set -uo pipefail
kit=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=${1:-$kit/results}
parts=${2:-abcdefg}
mkdir -p "$out" || exit 2
out=$(cd "$out" && pwd)
cd "$kit" || exit 2
if [[ ! $parts =~ ^[a-g]+$ ]]; then
  echo "run.sh: PARTS is \"$parts\"; it is some of the letters a to g" >&2
  exit 2
fi

declare -A limits=([a]=40 [b]=70 [c]=120 [d]=150 [e]=90 [f]=120 [g]=300)  # seconds
configurations=(poisson weinberg)
# What an H100 took (docs/design/cuda.md): cycles of a multiprocessor for an observation of an episode, and the
# milliseconds a step takes at least.
declare -A cycles=([poisson-fp32]=474 [weinberg-fp32]=710 [poisson-bf16]=149 [weinberg-bf16]=269)
least_ms=1
device_tests='Gpu.*:*/gpu'
first_test='OnDevice.TrainsTheSameTwice/gpu'
# Every kernel, on networks and batches that a tool which slows it down a hundred times can wait for.
sanitized_tests=$(printf 'OnDevice.%s*/gpu:' Spins TrainsTheSameTwice Infers Replays IsSharedBy RollsOut Sorts Simulates)

# cuBLAS is the toolkit's. Where the loader does not know it, the places it is usually at are looked through.
export ALFI_TEST_DATA=$kit/tests/data ALFI_EXAMPLES=$kit/examples
for place in "${CUDA_PATH:-/nowhere}" "${CUDA_HOME:-/nowhere}" /usr/local/cuda; do
  PATH=$PATH:$place/bin
  LD_LIBRARY_PATH=${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$place/lib64
done
export PATH LD_LIBRARY_PATH
if ! bin/alfi info >/dev/null 2>&1; then
  found=$(find /usr /opt -name 'libcublas.so.*' 2>/dev/null | head -n 1)
  LD_LIBRARY_PATH=$LD_LIBRARY_PATH:${found%/*}
fi

summary=$out/summary.txt
measured=$(mktemp -d)
trap 'rm -rf "$measured"' EXIT
failed=()

say() { printf '%s\n' "$*" | tee -a "$summary"; }

# step NAME COMMAND…: runs it within what is left of the part's time; its output goes to the part's log.
step() {
  local name=$1 started=$SECONDS left=$((deadline - SECONDS)) code=0 verdict
  shift
  if ((left < 1)); then
    code=124
  else
    echo "== $name: $*" >>"$log"
    timeout -k 5 "$left" "$@" >>"$log" 2>&1 || code=$?
  fi
  case $code in
    0) verdict=passed ;;
    124 | 137) verdict='OUT OF TIME' ;;
    *) verdict="FAILED, exit code $code" ;;
  esac
  say "$(printf '%s  %-28s %s, %s s' "$part" "$name" "$verdict" $((SECONDS - started)))"
  if ((code != 0)); then
    failed+=("$name")
    ((left < 1)) || tail -n 8 "$log" | sed 's/^/     | /'
  fi
  return "$code"
}

# A skipped test has not passed, nor have no tests at all.
run_tests() {  # FILTER [PREFIX…]
  "${@:2}" bin/gpu_tests --gtest_filter="$1" |
    awk '{ print; fflush() } /  SKIPPED / { skipped = 1 } /  PASSED  \] [1-9]/ { passed = 1 } END { exit skipped || !passed }'
}
export -f run_tests
tests() { step "$1" bash -o pipefail -c 'run_tests "$@"' - "${@:2}"; }  # NAME FILTER [PREFIX…]

field() { sed -n "s/^ *\"$1\": *\"\{0,1\}\([^\",]*\).*/\1/p" "$measured/$2" 2>/dev/null | head -n 1; }  # KEY FILE

# Measures a configuration by alfi bench: its JSON goes to the part's log, its row to the summary.
measure() {  # CONFIGURATION PRECISION|cpu B [SETTING]
  local backend=cuda name="$1-$2-$3${4:+ $4}" more=(--set training.problems=fresh --set "training.meta_batch=$3" ${4:+--set "$4"})
  [[ $2 != cpu ]] || backend=cpu
  [[ $backend == cpu ]] || more+=(--set "engine.precision=$2")
  step "$name" bash -c 'exec bin/alfi bench "${@:2}" --json >"$1"' - "$measured/$name" "examples/paper/$1.yaml" \
    --backend "$backend" --seconds 1 "${more[@]}" || return
  cat "$measured/$name" >>"$log"
  row "$1" "$2" "$3" "${4:-}"
}

row() {  # CONFIGURATION PRECISION|cpu B SETTING
  local name="$1-$2-$3${4:+ $4}" known=0
  # Of other networks than the published the model says nothing.
  [[ -n $4 ]] || known=${cycles[$1-$2]:-0}
  awk -v configuration="$1" -v precision="$2" -v batch="$3" -v setting="$4" -v cycles="$known" -v hertz="$hertz" \
    -v least_ms="$least_ms" -v rate="$(field episodes_per_second "$name")" -v cpu="$(field episodes_per_second "$1-cpu-256")" \
    -v simulations="$(field simulations_per_second "$name")" -v part_of_peak="$(field fraction_of_peak "$name")" 'BEGIN {
      over_cpu = over_model = "-"
      if (precision != "cpu" && cpu > 0) over_cpu = sprintf("%.1f", rate / cpu)
      if (cycles > 0 && hertz > 0) {
        step = batch * simulations / rate * cycles / hertz
        if (step < least_ms / 1000) step = least_ms / 1000
        over_model = sprintf("%.2f", rate * step / batch)
      }
      printf("   %-10s %-7s B %-8d %12.0f episodes/s %8s x CPU %6.1f %% of fp32 peak %6s x model %s\n", configuration, precision,
             batch, rate, over_cpu, 100 * part_of_peak, over_model, setting) }' | tee -a "$summary"
}

part_a() {
  step info bin/alfi info || true
  bin/alfi info >"$measured/info" 2>&1
  if ! grep -q '^CUDA devices: .*multiprocessors' "$measured/info"; then
    say "there is nothing to run on: $(grep '^CUDA devices' "$measured/info" || tail -n 1 "$measured/info")"
    exit 2
  fi
  say "   $(grep '^CUDA devices' "$measured/info")"
  ! command -v nvidia-smi >/dev/null || step nvidia-smi nvidia-smi -q -d CLOCK,MEMORY,POWER
  tests 'one test' "$first_test"
}

part_b() { tests 'all tests' "$device_tests"; }

part_c() {
  local configuration precision batch
  for configuration in "${configurations[@]}"; do measure "$configuration" cpu 256; done
  # The slowest last.
  for precision in bf16 fp32; do measure poisson "$precision" 65536; done
  for batch in 256 4096; do
    for configuration in "${configurations[@]}"; do
      for precision in bf16 fp32; do measure "$configuration" "$precision" "$batch"; done
    done
  done
  for precision in bf16 fp32; do measure weinberg "$precision" 65536; done
}

part_d() {
  local tool
  for tool in memcheck racecheck initcheck synccheck; do
    tests "$tool" "$sanitized_tests" compute-sanitizer --tool "$tool" --error-exitcode 1
  done
}

# What ncu says of launches of these kernels, the first ones of a training. It leaves the clocks as they are: other programs
# may share the machine, and the rates beside it are of the same clocks.
profile() {  # PRECISION LAUNCHES KERNEL…
  local precision=$1 launches=$2 kernel numbers=
  shift 2
  for kernel; do numbers+=${numbers:+|}$(($(grep -nx "$kernel" kernels.txt | cut -d : -f 1) - 1)); done
  step "ncu $precision" ncu --clock-control none --csv --page raw --print-kernel-base mangled --kernel-name-base mangled \
    -k "regex:DeviceKernelE($numbers)E" --launch-count "$launches" --log-file "$measured/ncu.csv" \
    --section SpeedOfLight --section LaunchStats --section Occupancy --section SchedulerStats --section WarpStateStats \
    --section ComputeWorkloadAnalysis --section MemoryWorkloadAnalysis --section MemoryWorkloadAnalysis_Tables \
    bin/alfi bench examples/paper/poisson.yaml --backend cuda --seconds 0.1 --set training.problems=fresh \
    --set training.meta_batch=4096 --set "engine.precision=$precision"
  [[ -f $measured/ncu.csv ]] || return
  cat "$measured/ncu.csv" >>"$log"
  awk -F '","' '
    FNR == NR { names[FNR - 1] = $0; next }
    /^"ID"/ { for (i = 1; i <= NF; ++i) { gsub(/"/, "", $i); column[i] = $i; if ($i == "Kernel Name") at = i } units = NR + 1; next }
    at && NR != units && match($at, /DeviceKernelE[0-9]+E/) {
      kernel = substr($at, RSTART + 13, RLENGTH - 14)
      printf "   %-18s", names[kernel]
      for (i = 1; i <= NF; ++i)
        if (column[i] ~ /^(gpu__time_duration\.sum|launch__(registers_per_thread|grid_size|block_size)|(sm__warps_active|smsp__issue_active|sm__pipe_tensor_cycles_active)\.avg\.pct_of_peak_sustained_active|l1tex__data_(pipe_lsu_wavefronts|bank_conflicts_pipe_lsu)_mem_shared\.sum|dram__bytes_(read|write)\.sum|smsp__average_warps_issue_stalled_(long_scoreboard|barrier|short_scoreboard|wait)_per_issue_active\.ratio)$/)
          printf " %s=%s", column[i], $i
      print ""
    }' kernels.txt "$measured/ncu.csv" | tr -d '"' | tee -a "$summary"
  rm "$measured/ncu.csv"
}
# A step of five iterations launches encode once more than advance.
part_e() {
  profile fp32 3 rollout rollout_gradient encoder_gradient
  profile bf16 13 encode advance rollout_gradient encoder_gradient
}

part_f() {
  local batch
  for batch in 32 1024 16384; do
    measure poisson bf16 "$batch"
    measure poisson fp32 "$batch"
  done
  measure poisson tf32x3 65536
  measure poisson bf16 16384 networks.encoder.hidden=128
  measure poisson fp32 4096 networks.encoder.hidden=300
  measure poisson bf16 4096 networks.encoder.hidden=300
  measure poisson fp32 16
  # Steps of seconds.
  measure poisson bf16 1000000
  measure weinberg tf32x3 65536
  measure weinberg bf16 1000000
  measure poisson fp32 1000000
}

part_g() {
  step train bin/alfi train examples/paper/poisson.yaml --out "$measured/run" --backend cuda &&
    step evaluate bin/alfi evaluate "$measured/run" --backend cuda --episodes 1000000 --json
}

hertz=0
{
  echo "date: $(date -u +%FT%TZ)"
  cat kit.txt
  echo "CPU: $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $(nproc) threads"
  echo "GPU: $(nvidia-smi --query-gpu=name,driver_version,clocks.max.sm --format=csv,noheader 2>/dev/null || echo 'no nvidia-smi')"
} >"$summary"
cat "$summary"
# Cycles of all multiprocessors in a second, of the first device: what the model divides by.
multiprocessors=$(bin/alfi info 2>/dev/null | grep -o -m 1 '[0-9]* multiprocessors' | tr -dc 0-9)
megahertz=$(nvidia-smi --query-gpu=clocks.max.sm --format=csv,noheader,nounits 2>/dev/null | head -n 1 | tr -dc 0-9)
hertz=$((${multiprocessors:-0} * ${megahertz:-0} * 1000000))

for ((at = 0; at < ${#parts}; ++at)); do
  part=${parts:at:1}
  log=$out/$part.log
  : >"$log"
  deadline=$((SECONDS + limits[$part]))
  "part_$part"
done

if ((${#failed[@]} > 0)); then
  say "FAILED: ${failed[*]}"
  exit 1
fi
say "all passed"
