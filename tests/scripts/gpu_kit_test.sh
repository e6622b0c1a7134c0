#!/usr/bin/env bash
# gpu_kit_test.sh: the kit for GPUs with stand-ins for the GPU, the toolkit and alfi's programs. scripts/gpu_acceptance.sh
# refuses where there is nothing to run on; the kit's run goes on after a failure, keeps to its limits and says what failed.
set -euo pipefail
source=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -p "$root"/{scripts,tools,build-gpu-kit/bin}
cp "$source/scripts/gpu_acceptance.sh" "$root/scripts"
cp "$source/scripts/gpu_kit/run.sh" "$root/build-gpu-kit"
printf '%s\n' rollout begin propose encode advance rollout_gradient encoder_gradient >"$root/build-gpu-kit/kernels.txt"
echo 'commit: 123abc' >"$root/build-gpu-kit/kit.txt"

stand_in() {  # FILE: a program of what comes in
  { echo '#!/usr/bin/env bash' && cat; } >"$root/$1"
  chmod +x "$root/$1"
}
stand_in scripts/gpu_kit.sh <<<'echo "kit for ${1:-the usual}"'
stand_in tools/nvcc <<<'echo sm_80 && echo sm_90'
stand_in tools/compute-sanitizer <<<'[[ $2 != "$BROKEN" ]] || exit 1; shift 4; exec "$@"'
stand_in tools/ncu <<'END'
while [[ $1 != --log-file ]]; do shift; done
printf '"ID","Kernel Name","gpu__time_duration.sum","other"\n"","","ns",""\n"0","_Z13device_kernelILNS_12DeviceKernelE5ELi0EE","1,234","7"\n' >"$2"
END
stand_in build-gpu-kit/bin/gpu_tests <<'END'
[[ $BROKEN != skip ]] || echo "[  SKIPPED ] 1 test"
[[ $BROKEN != hang || $* != *Gpu.* ]] || sleep 60
echo "[  PASSED  ] 3 tests."
END
stand_in build-gpu-kit/bin/alfi <<'END'
[[ " $* " != *" training.meta_batch=$BROKEN "* ]] || exit 3
[[ $1 != info ]] || { echo "CUDA devices: ${DEVICES:-NVIDIA Example (9.0, 132 multiprocessors)}"; exit; }
[[ $1 == bench ]] || exit 0
[[ $* =~ ^([^-]|-[^-]|--set [a-z._]+=|--(backend|seconds|json))*$ ]] || exit 2  # a setting without a value
[[ $* =~ meta_batch=([0-9]+) ]]
rate=3000000
[[ $* != *"backend cpu"* ]] || rate=4000
echo "{
  \"meta_batch\": ${BASH_REMATCH[1]},
  \"episodes_per_second\": $rate.0,
  \"simulations_per_second\": $((2500 * rate)).0,
  \"fraction_of_peak\": 0.5
}"
END

expect() {  # CODE TEXT…: of a run
  local code=0 output text
  output=$(PATH="$root/tools:$PATH" BROKEN="${BROKEN:-}" DEVICES="${DEVICES:-}" bash "$root/scripts/gpu_acceptance.sh" \
    "$root/out" ${PARTS:+"$PARTS"} 2>&1) || code=$?
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
# The model: 132 multiprocessors at 2 GHz take 149 of their cycles for each of 2,500 observations.
fast='poisson    bf16    B 1000000       3000000 episodes/s    750.0 x CPU   50.0 % of fp32 peak   4.23 x model'

stand_in tools/nvidia-smi <<<'echo "no devices were found"; exit 6'
expect 2 'there is no CUDA device: no devices were found'
stand_in tools/nvidia-smi <<'END'
case $* in
  *compute_cap*) echo 9.0 ;;
  *driver_version,clocks*) echo "NVIDIA Example, 580.1, 2000 MHz" ;;
  *clocks*) echo 2000 ;;
  *) echo "NVIDIA Example, 580.1" ;;
esac
END
expect 0 'kit for 90' 'NVIDIA Example, 580.1' 'commit: 123abc' "$fast" 'rollout_gradient   gpu__time_duration.sum=1,234' 'all passed'
for part in a b c d e f g; do [[ -s $root/out/$part.log ]]; done
grep -q '^all passed' "$root/out/summary.txt"
BROKEN=racecheck PARTS=ad expect 1 'd  racecheck                    FAILED, exit code 1' 'FAILED: racecheck'
BROKEN=skip PARTS=ab expect 1 'FAILED: one test all tests'
BROKEN=4096 PARTS=c expect 1 'FAILED: poisson-bf16-4096 poisson-fp32-4096 weinberg-bf16-4096 weinberg-fp32-4096'
DEVICES='none: there is no CUDA driver' expect 2 'there is nothing to run on: CUDA devices: none: there is no CUDA driver'
PARTS=xyz expect 2 'PARTS is "xyz"'
sed -i 's/\[b\]=[0-9]*/[b]=1/' "$root/build-gpu-kit/run.sh"
BROKEN=hang PARTS=bc expect 1 'all tests                    OUT OF TIME' 'poisson-bf16-256             passed' 'FAILED: all tests'
sed -i 's/echo 9.0/echo 20.0/' "$root/tools/nvidia-smi"
PARTS=a expect 0 'kit for the usual'
echo "refuses, goes on, keeps to its limits, reports"
