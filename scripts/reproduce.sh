#!/usr/bin/env bash
# The experiments, one after the other or one alone: scripts/reproduce.sh [all|TASK]. For each simulator it trains the recipes
# of examples/best, and the published configuration where that takes minutes, evaluates them, lets the other methods answer
# the same problems, and writes reports; then it minimises quadratics. At its end stand tables, which runs/reproduce.md
# keeps. A second call goes on where the first was stopped.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
trap 'echo "reproduce: stopped; the next call goes on" >&2; exit 130' INT TERM

simulators=(poisson gaussian weinberg multi_distribution linear_regression)
published=(poisson gaussian weinberg)  # the other two, at their length, should take 46 and 97 minutes of two cores
methods=(abc nes avo)
problems=200
avo_problems=16  # a network is trained for each of them

tasks=("${simulators[@]}" quadratic)
wanted=${1:-all}
if (($# > 1)) || [[ $wanted != all && " ${tasks[*]} " != *" $wanted "* ]]; then
  echo "usage: scripts/reproduce.sh [all|$(IFS='|'; echo "${tasks[*]}")]" >&2
  exit 2
fi
[[ $wanted == all ]] || tasks=("$wanted")

[[ -n ${ALFI:-} ]] || scripts/build.sh
export ALFI=${ALFI:-build/alfi}
mkdir -p runs/best runs/paper
say() { echo "reproduce: $((SECONDS / 60)) min: $*" >&2; }

report() {
  [[ -f $1/report.html ]] || "$ALFI" report "$1"
}

compare() {  # the other methods on the problems of a recipe's evaluation, beside single rollouts: 16 take 16 times the calls
  local task=$1 method
  for method in "${methods[@]}"; do
    local file=runs/best/$task.$method.json count=$problems
    [[ $method != avo ]] || count=$avo_problems
    [[ ! -f $file ]] || continue
    say "$task: $method"
    "$ALFI" baseline "$method" "runs/best/$task" --replicates 1 --episodes "$count" --json >"$file.new"
    mv "$file.new" "$file"
  done
}

for task in "${tasks[@]}"; do
  say "$task"
  if [[ $task == quadratic ]]; then
    for name in quadratic quadratic_2d; do
      resume=()
      [[ ! -f runs/$name/config.yaml ]] || resume=(--resume)
      "$ALFI" train "examples/$name.yaml" --out "runs/$name" "${resume[@]}"
      "$ALFI" evaluate "runs/$name" --json >"runs/$name.json"
      report "runs/$name"
    done
    continue
  fi
  files=(examples/best/*"$task"*.yaml)
  [[ " ${published[*]} " != *" $task "* ]] || files+=("examples/paper/$task.yaml")
  for file in "${files[@]}"; do
    name=${file#examples/} name=${name%.yaml}
    [[ -f runs/$name.json ]] || scripts/recipes.sh "$file" >"runs/$name.txt"
    report "runs/$name"
  done
  compare "$task"
done
say finished

{
  if compgen -G 'runs/*/*.txt' >/dev/null; then
    echo 'How good machines are, on 10,000 problems:'
    echo '```'
    for file in runs/best/*.txt runs/paper/*.txt; do [[ ! -f $file ]] || cat "$file"; done | awk '!seen[$0]++'
    echo '```'
    echo 'Error on the same problems, in units of the deviation of the prior, against simulator calls:'
    echo
    echo '| | calls | ALFI | abc | nes | avo | maximum likelihood | exact posterior |'
    echo '|---|---|---|---|---|---|---|---|'
    for task in "${simulators[@]}"; do
      [[ ! -f runs/best/$task.avo.json ]] || jq -rs --arg task "$task" 'def short:
          if type != "number" then "" elif . < 0.1 then . * 10000 | round / 10000 else . * 1000 | round / 1000 end;
        . as [$abc, $nes, $avo] | range(0; $abc.results | length) as $k
        | def once: if $k == 0 then short else "" end;
          "| \(if $k == 0 then $task else "" end) | \($abc.results[$k].calls) | \($abc.error.alfi | once) | " +
          ([$abc, $nes, $avo] | map(.results[$k].error | short) | join(" | ")) +
          " | \($abc.error.mle | once) | \($abc.error.posterior | once) |"' \
        "runs/best/$task".{abc,nes,avo}.json
    done
  fi
  if [[ -f runs/quadratic_2d.json ]]; then
    echo
    echo 'Mean loss after 100 steps of minimising quadratics:'
    echo
    echo '| | ALFI | gradient descent | momentum | Adam |'
    echo '|---|---|---|---|---|'
    jq -r '"| \(.dimensions) dimensions | \([.minimisers[].final_loss * 1000 | round / 1000] | join(" | ")) |"' \
      runs/quadratic.json runs/quadratic_2d.json
  fi
} | tee runs/reproduce.md
