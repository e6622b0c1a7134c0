#!/usr/bin/env bash
# layers_test.sh [ROOT]: no include line points up. Folders from the ground up; a file may include its own folder's files and
# those of folders before it.
set -euo pipefail
cd "${1:-$(dirname "${BASH_SOURCE[0]}")/..}"
layers='include/alfi kernels kernels/lanes kernels/team kernels/sim kernels/kit/alfi kernels/networks kernels/episode kernels/minimise kernels/launch
  src/system src/formats src/numerics src/simulators src/configuration src/model src/backends src/backends/host src/backends/cuda
  src/exact src/engine src/evaluation src/minimisation src/training src/machine src/baselines src/report src/cli'
grep -rnE --include='*.[hc]pp' --include='*.cu' --include='*.cuh' '^#include "' include kernels src | awk -v layers="$layers" '
  BEGIN { count = split(layers, name); for (i = 1; i <= count; ++i) rank[name[i]] = i }
  function folder(path) { sub(/\/[^\/]*$/, "", path); return path }
  {
    file = substr($0, 1, index($0, ":") - 1)
    split($0, quoted, "\"")
    target = quoted[2] ~ /^alfi\// ? "include/" quoted[2] : quoted[2]
    from = folder(file); to = folder(target)
    ++lines
    if (!(from in rank) || !(to in rank)) { print "not in the list of layers: " file " or " target; bad = 1 }
    else if (rank[to] > rank[from]) { print file " includes " target ", which is above it"; bad = 1 }
  }
  END { if (lines < 100) { print "only " lines " include lines were read"; bad = 1 } exit bad }'
echo "no include points up"
