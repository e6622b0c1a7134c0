#!/usr/bin/env bash
# cuda_compile_test.sh TABLE LOG ARCHITECTURE…: what `ptxas -v` said of every kernel, as a table; fails where one spills
# registers or needs a stack, or where kernels are missing. Without arguments there was no CUDA compiler: skipped.
set -euo pipefail
if (($# == 0)); then
  echo "skipped: no CUDA compiler"
  exit 77
fi
table=$1 log=$2
shift 2
here=$(dirname "${BASH_SOURCE[0]}")
source=$here/../../kernels/launch/kernel_list.hpp
names=$(sed -n '/ device_kernel_names\[\]/,/};/p' "$source" | grep -c '"[a-z_]*"')

c++filt <"$log" | awk -v source="$source" -f "$here/cuda_kernel_names.awk" -f "$here/cuda_resources.awk" | tee "$table"

# Two of the kernels are there in four variants, two in two.
for architecture in "$@"; do
  rows=$(grep -c "^sm_$architecture " "$table" || true)
  if ((rows < names + 8)); then
    echo "only $rows kernels of sm_$architecture were found in $log" >&2
    exit 1
  fi
done
awk 'NR > 1 && ($4 || $5 || $6) { bad = 1; print "spills or stack: " $0 } END { exit bad }' "$table"
# A multiprocessor has 65,536 registers. Blocks of 256 threads come in pairs, with at most 128 a thread, but for those whose
# activations fill its shared memory or that take what registers there are for products in float. Larger blocks are alone.
awk '
  function most(machine, kernel) {
    if (kernel == "rollout" || kernel == "encoder_gradient/bf16") return 65536 / 512
    if (kernel == "encode" || kernel == "encoder_gradient") return 96  # 640 threads, in steps of 8
    if (kernel == "rollout_gradient" && machine ~ /^sm_(86|89|12.)$/) return 255  # little shared memory
    return kernel ~ /^rollout_gradient\/global$|^encode(r_gradient)?\/(tf32x3|bf16_wide)$/ ? 255 : 128
  }
  NR > 1 && $3 > most($1, $2) {
    bad = 1
    print "too many registers: " $0
  }
END { exit bad }' "$table"
