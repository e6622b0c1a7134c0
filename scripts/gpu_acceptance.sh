#!/usr/bin/env bash
# gpu_acceptance.sh [OUT] [PARTS]: settles on a machine with a GPU what can only be settled there: makes the kit
# (scripts/gpu_kit.sh) for its GPUs, with the toolkit that is there, and runs it (scripts/gpu_kit/run.sh, which says what OUT
# and PARTS are). Needs no network where what scripts/setup.sh would install is there.
#
# Exit codes: 0 all passed, 1 something failed, 2 there is nothing here to run on.
set -euo pipefail
out=$(realpath -m "${1:-$(dirname "${BASH_SOURCE[0]}")/../build-gpu/acceptance}")
cd "$(dirname "${BASH_SOURCE[0]}")/.."

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

# The GPUs' own architectures; the PTX of the kit's usual one where nvcc does not know them.
architectures=$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader | tr -d '. ' | sort -nu | paste -sd ';') ||
  architectures=
for architecture in ${architectures//;/ }; do
  nvcc --list-gpu-code | grep -qx "sm_$architecture" || architectures=
done
scripts/gpu_kit.sh ${architectures:+"$architectures"}
exec build-gpu-kit/run.sh "$out" ${2:+"$2"}
