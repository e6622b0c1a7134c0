#!/usr/bin/env bash
# kernel_symbols_test.sh NM (INSTRUCTION_SET OBJECT)…: code compiled for one instruction set stays in its own namespace.
#
# A weak function outside of it, such as an inline one of the standard library, could be the linker's choice for the
# whole program, which then dies where the machine lacks the instructions.
set -euo pipefail
nm=$1
shift
bad=0
while (($# > 0)); do
  set_name=$1 object=$2
  shift 2
  [[ $set_name != baseline ]] || continue
  # Weak (V, W), unique (u): what a linker merges. A symbol of the set's namespace has alfi::<set> in its name.
  shared=$("$nm" -C --defined-only "$object" | awk -v own="alfi::$set_name" '$2 ~ /^[VWu]$/ && !index($0, own)')
  if [[ -n $shared ]]; then
    printf 'shared with other objects by %s:\n%s\n' "$object" "$shared"
    bad=1
  fi
done
exit $bad
