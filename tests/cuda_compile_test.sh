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
# ptxas knows the kernels and their variants by their numbers.
source=$(dirname "${BASH_SOURCE[0]}")/../kernels/device.hpp
names=$(sed -n '/ device_kernel_names\[\]/,/};/p' "$source" | grep -o '"[a-z_]*"' | tr '\n"' '  ')

{
  printf '%-8s %-28s %9s %7s %7s %7s\n' machine kernel registers stack stores loads
  c++filt <"$log" | awk -v names="$names" '
    BEGIN { split(names, name); split(",/tf32x3,/bf16,/bf16_wide,/global", variant, ",") }
    /Compiling entry function/ { split($0, quoted, "\x27"); kernel = quoted[2]; machine = quoted[4] }
    /bytes stack frame/ { stack = $1; stores = $5; loads = $9 }
    /Used [0-9]+ registers/ {
      if (match(kernel, /DeviceKernel\)[0-9]+, [0-9]+/)) {
        split(substr(kernel, RSTART + 13, RLENGTH - 13), number, ", ")
        kernel = name[number[1] + 1] variant[number[2] + 1]
      }
      match($0, /Used [0-9]+/)
      printf "%-8s %-28s %9d %7d %7d %7d\n", machine, kernel, substr($0, RSTART + 5, RLENGTH - 5), stack, stores, loads
    }'
} | tee "$table"

# Two of the kernels are there in four variants, two in two.
for architecture in "$@"; do
  rows=$(grep -c "^sm_$architecture " "$table" || true)
  if ((rows < $(wc -w <<<"$names") + 8)); then
    echo "only $rows kernels of sm_$architecture were found in $log" >&2
    exit 1
  fi
done
awk 'NR > 1 && ($4 || $5 || $6) { bad = 1; print "spills or stack: " $0 } END { exit bad }' "$table"
# A multiprocessor has 65,536 registers: with more than 128 a thread it has one block of 256 only, which those may have
# whose activations fill its shared memory or that take what registers there are for products in float.
awk 'NR > 1 && $3 > ($2 ~ /^rollout|^encode(r_gradient)?(\/tf32x3|\/bf16_wide)?$/ ? 255 : 128) {
  bad = 1
  print "too many registers for two blocks: " $0
} END { exit bad }' "$table"
