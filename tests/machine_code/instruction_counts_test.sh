#!/usr/bin/env bash
# instruction_counts_test.sh PROGRAM RECORD COMPILER: instructions of one meta-step of each path (PROGRAM is meta_step), by
# valgrind's callgrind, against those in RECORD, a file whose first line is the compiler they are of. A growth above 5 %
# fails; a decrease of as much is told, so that the record follows. Instructions are the same on a busy machine, where
# time is not. Of AVX2, since valgrind knows no AVX-512.
#
#   instruction_counts_test.sh PROGRAM RECORD COMPILER --record     writes RECORD
#
# Skipped where there is no valgrind, no AVX2, or the record is another compiler's.
set -euo pipefail
program=$1 record=$2 compiler=$3 mode=${4:-compare}
most=5 # %

skip() {
  echo "skipped: $*"
  exit 77
}
command -v valgrind >/dev/null || skip "there is no valgrind; scripts/setup.sh installs it"
grep -qw avx2 /proc/cpuinfo || skip "this machine has no AVX2"
recorded_of=$(sed -n '1s/^# //p' "$record" 2>/dev/null) || recorded_of=nothing
if [[ $mode == compare && $recorded_of != "$compiler" ]]; then
  skip "$record is of $recorded_of, this is $compiler; with --record the test writes it anew"
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
count() {  # PATH: instructions inside of HostProcessor::submit
  ALFI_ISA=avx2 valgrind --tool=callgrind --callgrind-out-file="$work/$1" \
    --toggle-collect='alfi::HostProcessor::submit*' "$program" "$1" >"$work/$1.log" 2>&1 || { cat "$work/$1.log"; exit 1; }
  sed -n 's/.*Collected : \([0-9]*\).*/\1/p' "$work/$1.log"
}

bad=0
[[ $mode == compare ]] || echo "# $compiler" >"$work/record"
for path in dense table segments; do
  counted=$(count "$path")
  if ! ((counted > 0)); then
    echo "$path: callgrind counted nothing in HostProcessor::submit"
    exit 1
  fi
  if [[ $mode != compare ]]; then
    echo "$path $counted" | tee -a "$work/record"
    continue
  fi
  recorded=$(sed -n "s/^$path //p" "$record")
  change=$(awk -v a="$recorded" -v b="$counted" 'BEGIN { printf "%+.1f", 100 * (b - a) / a }')
  echo "$path: $recorded recorded, $counted counted, $change %"
  if awk "BEGIN { exit !($change > $most) }"; then
    echo "$path: a meta-step takes more than $most % more instructions than recorded. Find out why;" \
      "where it has to be so, record it: bash ${BASH_SOURCE[0]} $program $record '$compiler' --record"
    bad=1
  elif awk "BEGIN { exit !($change < -$most) }"; then
    echo "$path: fewer than recorded by more than $most %. Record it, so that it is kept:" \
      "bash ${BASH_SOURCE[0]} $program $record '$compiler' --record"
  fi
done
[[ $mode == compare ]] || cp "$work/record" "$record"
exit $bad
