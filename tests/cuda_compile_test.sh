#!/usr/bin/env bash
# cuda_compile_test.sh TABLE [LOG…]: what `ptxas -v` said of every kernel, as a table; fails where one spills registers
# or needs a stack. LOG is kernels_sm_NN.log. Without logs there was no CUDA compiler: skipped.
set -euo pipefail
table=$1
shift
if (($# == 0)); then
  echo "skipped: no CUDA compiler"
  exit 77
fi

for log in "$@"; do
  architecture=$(basename "$log" .log)
  c++filt <"$log" | awk -v architecture="${architecture#kernels_}" '
    /Compiling entry function/ { split($0, quoted, "\x27"); kernel = quoted[2] }
    /bytes stack frame/ { stack = $1; stores = $5; loads = $9 }
    /Used [0-9]+ registers/ {
      sub(/^void /, "", kernel)
      sub(/^alfi::\(anonymous namespace\)::/, "", kernel)
      sub(/\(.*$/, "", kernel)
      gsub(/alfi::[a-z0-9]*::/, "", kernel)
      match($0, /Used [0-9]+/)
      printf "%-8s %-28s %9d %7d %7d %7d\n", architecture, kernel, substr($0, RSTART + 5, RLENGTH - 5), stack, stores, loads
    }'
done >"$table.rows"
{
  printf '%-8s %-28s %9s %7s %7s %7s\n' machine kernel registers stack stores loads
  cat "$table.rows"
} | tee "$table"

# Five kernels at the very least: rollouts, both gradients, the update.
rows=$(wc -l <"$table.rows")
rm "$table.rows"
if ((rows < 5 * $#)); then
  echo "only $rows kernels were found in the logs" >&2
  exit 1
fi
if ! awk 'NR > 1 && ($4 || $5 || $6) { bad = 1; print "spills or stack: " $0 } END { exit bad }' "$table"; then exit 1; fi
