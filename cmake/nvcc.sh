#!/usr/bin/env bash
# nvcc.sh LOG NVCC ARGUMENTS…: runs nvcc and keeps what it says in LOG; says it here too where it fails.
set -euo pipefail
log=$1
shift
if ! "$@" >"$log" 2>&1; then
  cat "$log" >&2
  exit 1
fi
