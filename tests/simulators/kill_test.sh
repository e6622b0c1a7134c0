#!/usr/bin/env bash
# kill_test.sh ALFI PROGRAM: after kill -9 of a training none of its programs is left, nor what these have started, and its
# last checkpoint answers.
set -euo pipefail
alfi=$1 program=$2
folder=$(mktemp -d)
marker=marker-$$-kill
trap 'rm -rf "$folder"' EXIT

left() { # counts the processes that have the marker as a word
  local count=0 file
  for file in /proc/[0-9]*/cmdline; do
    if { tr '\0' '\n' <"$file" | grep -qxF "$marker"; } 2>/dev/null; then count=$((count + 1)); fi
  done
  echo "$count"
}

cat >"$folder/run.yaml" <<YAML
simulator:
  program: [$program, children, "0", $marker]
  workers: 3
  parameters: [{name: lifetime, unit: s, prior: {log_uniform: [0.1, 10]}}, {name: dead_time, prior: {uniform: [0, 1]}}]
  observations: {low: 0, meaning: waiting times}
episode: {iterations: 2, thetas: 3, observations: 5, real_observations: 7}
training: {steps: 100000, meta_batch: 64, checkpoint_every: 5, validate_every: 1000}
YAML
"$alfi" train "$folder/run.yaml" --out "$folder/run" >"$folder/output" 2>&1 &
training=$!
while [[ ! -f $folder/run/checkpoints/step-5.safetensors ]] && kill -0 "$training" 2>/dev/null; do sleep 0.01; done
alive=$(left)
kill -9 "$training"
wait "$training" || true
for ((i = 0; i < 500; ++i)); do
  if (($(left) == 0)); then break; fi
  sleep 0.05
done
echo "$alive processes before, $(left) after"
((alive >= 3 && $(left) == 0))
printf '1\n2\n0.7\n3\n1\n2\n4\n' >"$folder/data.csv"
"$alfi" infer "$folder/run" --data "$folder/data.csv"
