#!/usr/bin/env bash
# gpu_acceptance_test.sh: scripts/gpu_acceptance.sh with stand-ins for the GPU, the compilers and what they build: it
# refuses where there is nothing to run on, goes on after a failure, and says in the end what failed.
set -euo pipefail
source=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -p "$root"/{scripts,tools,build-gpu/tests}
cp "$source/scripts/gpu_acceptance.sh" "$root/scripts"

stand_in() {  # FILE: a program of what comes in
  { echo '#!/usr/bin/env bash' && cat; } >"$root/$1"
  chmod +x "$root/$1"
}
stand_in tools/nvcc <<<'echo sm_80 && echo sm_90'
stand_in tools/cmake <<<'echo "cmake $*"'
stand_in tools/compute-sanitizer <<<'[[ $2 != "$BROKEN" ]] || exit 1; shift 4; exec "$@"'
stand_in build-gpu/tests/gpu_tests <<<'[[ $BROKEN != skip ]] || echo "[  SKIPPED ] 1 test"; echo "[  PASSED  ] 3 tests."'
stand_in build-gpu/alfi <<'END'
[[ " $* " != *" training.meta_batch=$BROKEN "* ]] || exit 1
[[ $1 != info ]] || { echo 'CUDA devices: NVIDIA Example (9.0, 132 multiprocessors)'; exit; }
batch=${*: -2:1} rate=3000000 backend=cuda precision=fp32
[[ $* != *precision=bf16* ]] || precision=bf16
[[ $* != *"backend cpu"* ]] || { batch=64 rate=4000 backend=cpu; }
echo "{\"backend\": \"$backend\", \"precision\": \"$precision\", \"meta_batch\": ${batch#*=}, \"episodes_per_second\": $rate,
  \"simulations_per_second\": $((2500 * rate)), \"fraction_of_peak\": 0.5}"
END

expect() {  # CODE TEXT…: of a run
  local code=0 output text
  output=$(PATH="$root/tools:$PATH" BROKEN="${BROKEN:-}" bash "$root/scripts/gpu_acceptance.sh" 2>&1) || code=$?
  if ((code != $1)); then
    printf '%s\nexit code %s instead of %s\n' "$output" "$code" "$1" >&2
    exit 1
  fi
  for text in "${@:2}"; do
    if [[ $output != *"$text"* ]]; then
      printf '%s\nthere is no "%s" in that\n' "$output" "$text" >&2
      exit 1
    fi
  done
}
# The model: 132 multiprocessors at 2 GHz take 76 of their cycles for each of 2,500 observations.
fast='poisson        cuda  bf16    1000000      3000000       750         50       2.16'

stand_in tools/nvidia-smi <<<'echo "no devices were found"; exit 6'
expect 2 'there is no CUDA device: no devices were found'
stand_in tools/nvidia-smi <<'END'
case $* in
  *compute_cap*) echo 9.0 ;;
  *clocks*) echo 2000 ;;
  *) echo "NVIDIA Example, 580.1" ;;
esac
END
expect 0 'NVIDIA Example, 580.1' "$fast" 'gaussian       cpu   fp32         64         4000         1         50          -' 'all passed'
grep -q -- '-DALFI_CUDA_ARCHITECTURES=90$' "$root/build-gpu/acceptance/configure.log"
BROKEN=racecheck expect 1 "$fast" 'FAILED: racecheck;'
BROKEN=skip expect 1 "$fast" 'FAILED: tests memcheck racecheck initcheck synccheck;'
BROKEN=2048 expect 1 "$fast" failed 'FAILED: poisson-fp32-2048 poisson-bf16-2048 weinberg-fp32-2048 weinberg-bf16-2048 gaussian-fp32-2048 gaussian-bf16-2048;'
sed -i 's/echo 9.0/echo 20.0/' "$root/tools/nvidia-smi"
expect 0 "$fast"
grep -q 'cuda -B build-gpu$' "$root/build-gpu/acceptance/configure.log"
echo "refuses, goes on, reports"
