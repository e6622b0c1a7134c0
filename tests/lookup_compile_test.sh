#!/usr/bin/env bash
# Compiles lookup_compile.cu for one architecture and demands 0 spills and 0 stack, as of the kernels that are launched.
#
#   lookup_compile_test.sh NVCC        without arguments: there is no nvcc, exit code 77
set -euo pipefail
if (($# == 0)); then
  echo "skipped: there is no nvcc"
  exit 77
fi
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$1" -std=c++20 --fmad=false -O3 --expt-relaxed-constexpr -Xptxas -v -arch=sm_90 -I"$here/.." -I"$here/../include" \
  -diag-suppress 554,1675 -cubin "$here/lookup_compile.cu" -o "$work/lookup.cubin" 2>&1 | tee "$work/log"
kernels=$(grep -c 'Compiling entry function' "$work/log")
clean=$(grep -c ' 0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads' "$work/log")
echo "$kernels kernels, $clean without stack and spills"
((kernels == 4 && clean == kernels))
