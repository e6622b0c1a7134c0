#!/usr/bin/env bash
# From nothing to a trained machine: sets up, builds, meta-trains on the Poisson simulator, evaluates it beside maximum
# likelihood, and asks it about Rutherford's and Geiger's counts of alpha particles. A second call finds the run done
# and only evaluates and asks again; one that was interrupted goes on.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

run=runs/demo
data=examples/data/rutherford_geiger_1910.csv

trap 'echo "demo: stopped; the next call goes on" >&2; exit 130' INT TERM  # training ends well by itself, the demo here

scripts/build.sh

if [[ -f $run/config.yaml ]]; then
  build/alfi train examples/demo.yaml --out "$run" --resume
else
  build/alfi train examples/demo.yaml --out "$run"
fi
evaluation=$(build/alfi evaluate "$run" --episodes 5000 --json)
inference=$(build/alfi infer "$run" --data "$data" --json)

row() { printf '%-26s %12s %20s %18s\n' "$@"; }
errors() {  # JSON path, one number each of ALFI, maximum likelihood, exact posterior
  jq -r "$1 | map(if type == \"number\" then (. * 10000 | round) / 10000 else \"\" end) | .[]" <<<"$evaluation"
}
echo
row "$(jq -r '"\(.simulator), \(.episodes) episodes"' <<<"$evaluation")" ALFI 'maximum likelihood' 'exact posterior'
mapfile -t cells < <(errors '[.error.alfi, .error.mle, .error.posterior]')
row 'mean error (1)' "${cells[@]}"
mapfile -t cells < <(errors '["", .error_ratio.mle, .error_ratio.posterior]')
row 'ALFI over this' "${cells[@]}"
mapfile -t cells < <(errors '[.loss, "", .loss_floor]')
row 'loss, nats' "${cells[@]}"
echo
jq -r 'def short: . * 1000 | round / 1000;
  .observations as $n | (100 * .level) as $percent | .parameters[] | select(.name == "rate")
  | "Alpha particles in 7.5 s (\($n) intervals of 1910): \(.estimate | short), with \($percent) % in " +
    "[\(.lower | short), \(.upper | short)]; maximum likelihood \(.maximum_likelihood | short)"' <<<"$inference"
echo
echo "(1) of log lambda, in units of the prior's standard deviation"
echo "The run is in $run"
