#!/usr/bin/env bash
# Leaves out one barrier of the kernels after the other and demands that ThreadSanitizer sees a race each time.
#
#   tests/mutants/barriers.sh RACE_TESTS [FILE:LINE...]     all barriers, or those named
#
# Nobody waits at a barrier left out, so that it need not be compiled anew. One whose absence nothing notices is either
# not needed, and only costs the device time, or the tests do not exercise what it is there for.
set -uo pipefail
program=$(realpath "$1") || exit 1
shift
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
export TSAN_OPTIONS='halt_on_error=1 exitcode=66'

# judge PROGRAM FILE:LINE
judge() {
  local output code
  output=$("$1" 1 "${2%:*}" "${2##*:}" 2>&1)
  code=$?
  if [[ $code -eq 66 ]]; then
    echo "caught  $2"
  elif [[ $code -eq 0 ]]; then
    echo "FAILED  $2: nothing noticed that it was left out"
    return 1
  else
    echo "FAILED  $2: not found out by a race, but: ${output:0:1000}"
    return 1
  fi
}
export -f judge

barriers=("$@")
if [[ ${#barriers[@]} -eq 0 ]]; then
  mapfile -t barriers < <(grep -rno --include='*.hpp' 'team\.sync()' kernels | cut -d: -f1,2)
fi
if [[ ${#barriers[@]} -eq 0 ]]; then
  echo "FAILED  no barrier was found in kernels/"
  exit 1
fi
if ! printf '%s\n' "${barriers[@]}" | xargs -P "$(nproc)" -I{} bash -c 'judge "$@"' - "$program" {}; then
  echo "not all of ${#barriers[@]} barriers are missed"
  exit 1
fi
echo "${#barriers[@]} barriers, each missed"
