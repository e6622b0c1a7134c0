#!/usr/bin/env bash
# Compiles what no launch uses yet, SOURCE, for one architecture and demands 0 spills and 0 stack of each of its kernels,
# as of those that are launched.
#
#   unlaunched_compile_test.sh SOURCE [NVCC]        without NVCC: there is none, exit code 77
set -euo pipefail
if (($# < 2)); then
  echo "skipped: there is no nvcc"
  exit 77
fi
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$2" -std=c++20 --fmad=false -O3 --expt-relaxed-constexpr -Xptxas -v -arch=sm_90 -I"$here/../.." -I"$here/../../include" \
  -diag-suppress 554,1675 -cubin "$here/$1" -o "$work/cubin" 2>&1 | tee "$work/log"
expected=$(grep -c __global__ "$here/$1")
kernels=$(grep -c 'Compiling entry function' "$work/log")
clean=$(grep -c ' 0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads' "$work/log")
echo "$kernels kernels, $clean without stack and spills"
((kernels == expected && clean == expected))
