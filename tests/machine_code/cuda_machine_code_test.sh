#!/usr/bin/env bash
# cuda_machine_code_test.sh TABLE OBJECT TOOLS ARCHITECTURE…: what every kernel's machine code is made of, as a table;
# fails where one uses local memory, or where the encoder's products are not what its loops consist of. cuobjdump and
# nvdisasm are those in TOOLS, where scripts/setup.sh puts them, or in PATH. Without arguments there was no CUDA compiler.
set -euo pipefail
if (($# == 0)); then
  echo "skipped: no CUDA compiler"
  exit 77
fi
table=$1 object=$2
PATH=$3:$PATH
shift 3
for tool in cuobjdump nvdisasm; do
  if ! command -v "$tool" >/dev/null; then
    echo "skipped: no $tool; scripts/setup.sh takes it from PyPI"
    exit 77
  fi
done
here=$(dirname "${BASH_SOURCE[0]}")
cuobjdump -sass "$object" | c++filt |
  awk -v source="$here/../../kernels/launch/kernel_list.hpp" -f "$here/cuda_kernel_names.awk" -f "$here/cuda_machine_code.awk" >"$table"
cat "$table"

# The columns of cuda_machine_code.awk: at least so many loops, at most so much of the rest. What nvcc 13.0 made of them
# and a tenth. The loops of sm_120 are unrolled less, so that their own instructions count more.
budget='
kernel                     machines   loops  /ffma  ffma/128  short  /hmma  inner
rollout                    ^(8|9|10)      2    1.5        20    2.0      -      -
rollout                    ^12            -      -         -    2.0      -      -
encode                     ^(8|9|10)      2    1.5        20    1.7      -      -
encode                     ^12            -      -         -    1.7      -      -
encoder_gradient           ^(8|9|10)      4    1.8        20    2.6      -      -
encoder_gradient           ^12            -      -         -    2.6      -      -
encode/tf32x3              .              -      -         -      -   11.5      -
encode/bf16                .              -      -         -      -   12.0      -
encode/bf16_wide           .              -      -         -      -    7.0    7.1
encoder_gradient/tf32x3    ^(8|9|10)      -      -         -      -   11.0   12.4
encoder_gradient/tf32x3    ^12            -      -         -      -   11.0   16.3
encoder_gradient/bf16      ^(8|9|10)      -      -         -      -    7.5    4.3
encoder_gradient/bf16      ^12            -      -         -      -   10.1    4.3
encoder_gradient/bf16_wide ^(8|9|10)      -      -         -      -    5.6    3.2
encoder_gradient/bf16_wide ^12            -      -         -      -    7.1    3.2'

for architecture in "$@"; do
  if ! grep -q "^sm_$architecture " "$table"; then
    echo "no kernels of sm_$architecture were found in $object" >&2
    exit 1
  fi
done

# Devices to come compile the newest PTX; those between 90 and the newest, 90's.
kept=$(cuobjdump -lptx "$object")
for architecture in $(printf '%s\n' "$@" | sort -n | tail -n 1) $(printf '%s\n' "$@" | grep -x 90); do
  if [[ $kept != *".sm_$architecture.ptx"* ]]; then
    echo "no PTX of sm_$architecture was found in $object" >&2
    exit 1
  fi
done
awk -v machines="$*" '
  function fail(what) { bad = 1; print what }
  NR == FNR { if (NF == 8 && FNR > 2) rule[++rules] = $0; next }
  FNR > 1 && $4 { fail("local memory: " $0) }
  FNR > 1 { row[$1, $2] = $0 }
  END {
    split("5 6 7 8 10 11", column)
    for (r = 1; r <= rules; ++r) {
      split(rule[r], most)
      for (m = split(machines, machine, " "); m > 0; --m) {
        if (machine[m] !~ most[2]) continue
        found = split(row["sm_" machine[m], most[1]], is)
        if (!found) fail("not found: " most[1] " of sm_" machine[m])
        for (c = 1; found && c <= 6; ++c) {
          value = is[column[c]]
          if (most[c + 2] == "-") continue
          if (value == "-" || (c == 1 ? value + 0 < most[3] + 0 : value + 0 > most[c + 2] + 0))
            fail("beyond its budget (" rule[r] "): " row["sm_" machine[m], most[1]])
        }
      }
    }
    exit bad
  }' <(cat <<<"$budget") "$table"
