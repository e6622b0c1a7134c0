#!/usr/bin/env bash
# Trains the recipes of examples/best, or the configurations named (scripts/recipes.sh examples/paper/poisson.yaml),
# evaluates each on 10,000 new problems, and prints a table: error over the exact posterior mean's and over maximum
# likelihood's, gap to the best Gaussian's loss, how far the 50, 80, 90 and 95 % intervals are off, and what training took:
# seconds, and seconds of a processor, which depend less on what else runs. examples/best/poisson.yaml becomes the run
# runs/best/poisson and runs/best/poisson.json. A second call goes on with what was interrupted and evaluates again what
# is done; of those it does not know the time.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
trap 'echo "recipes: stopped; the next call goes on" >&2; exit 130' INT TERM

alfi=${ALFI:-build/alfi}
[[ -n ${ALFI:-} ]] || scripts/build.sh
(($# > 0)) || set -- examples/best/*.yaml

row() { printf '%-24s %9s %9s %10s   %-24s %9s %9s\n' "$@"; }
row recipe '/ exact' '/ ML' 'gap, nats' 'coverage off by, points' seconds CPU
for file in "$@"; do
  [[ -f $file ]] || { echo "recipes: $file is no file; examples/best and examples/paper hold configurations" >&2; exit 2; }
  name=${file#examples/} name=${name%.yaml}
  run=runs/$name seconds=- processor=-
  resume=()
  [[ ! -f $run/config.yaml ]] || resume=(--resume)
  TIMEFORMAT='%R %U'
  taken=$({ time "$alfi" train "$file" --out "$run" "${resume[@]}" 2>"/dev/fd/3"; } 3>&2 2>&1)
  ((${#resume[@]} > 0)) || read -r seconds processor <<<"$taken"
  "$alfi" evaluate "$run" --episodes 10000 --json >"$run.json.new"
  mv "$run.json.new" "$run.json"
  mapfile -t cells < <(jq -r 'def short: if type == "number" then . * 1000 | round / 1000 else "-" end;
    (.error_ratio.posterior | short), (.error_ratio.mle | short), (.loss_gap | short),
    ([.coverage | to_entries[] | 100 * .value - (.key | tonumber) | . * 10 | round / 10 | tostring] | join(" "))' "$run.json")
  row "$name" "${cells[@]}" "$seconds" "$processor"
done
