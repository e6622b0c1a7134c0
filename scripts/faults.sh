#!/usr/bin/env bash
# faults.sh [short | full] [SECONDS]: faults on purpose, in small runs of alfi, and bad bytes for its readers.
#
#   full   every call that fails, of allocations the first 2000 and then each 7th; 200 kills; power lost at 100 moments of
#          each of five runs; each target of libFuzzer for SECONDS, 3600
#   short  a sample of these, for the stage long: SECONDS is 20
#
# Prints a line a kind of fault and fails where one was not borne: where something was lost, half-written under its final
# name, crashed, hung, or did not say which file it failed on. What libFuzzer finds is kept in build-fuzz/findings/.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
form=${1:-full}
case $form in
  full) calls=(2000 7) kills=200 losses=100 seconds=${2:-3600} ;;
  short) calls=(30 499) kills=20 losses=20 seconds=${2:-20} ;;
  *)
    echo "faults.sh: there is no form $form; there are short and full" >&2
    exit 2
    ;;
esac
scripts/setup.sh

bad=0
cmake --preset cpu >/dev/null
cmake --build build --target alfi_cli fault_campaign >/dev/null
campaign=build/tests/faults/fault_campaign
"$campaign" calls "${calls[@]}" || bad=1
"$campaign" kills "$kills" 1 || bad=1
"$campaign" power "$losses" 1 || bad=1

cmake --preset fuzz >/dev/null
cmake --build build-fuzz >/dev/null
bash tests/faults/fuzz/run.sh build-fuzz "$seconds" || bad=1
exit $bad
