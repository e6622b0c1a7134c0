#!/usr/bin/env bash
# run.sh CMAKE SOURCE BUILD CXX: installs alfi from its build folder, builds the consumer against that and runs it: ten
# steps of training, then inference. Its simulator is compiled with the installed headers. Configures it with alfi as a
# subdirectory too.
set -euo pipefail
cmake=$1 source=$2 build=$3 cxx=$4

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$cmake" --install "$build" --prefix "$folder/installed" >/dev/null

headers=$(cd "$folder/installed/include" && ls)
if [[ $headers != alfi ]]; then
  echo "installed beside include/alfi: $headers" >&2
  exit 1
fi
"$folder/installed/bin/alfi" --version

configure=("$cmake" -S "$source/tests/consumer" -G Ninja -DCMAKE_CXX_COMPILER="$cxx" -DCMAKE_BUILD_TYPE=Release)
"${configure[@]}" -B "$folder/build" -DCMAKE_PREFIX_PATH="$folder/installed" >/dev/null
"$cmake" --build "$folder/build"
cd "$folder"
answer=$("$folder/build/train_and_infer" 10)
echo "$answer"
if [[ $answer != *"with probability 0.95 in ["* ]]; then
  echo "the consumer's answer is not an interval" >&2
  exit 1
fi

if [[ $("$folder/build/linked" "$folder/linked_run") != dead_time ]]; then
  echo "the simulator that is linked into the consumer is not the one it trains" >&2
  exit 1
fi

cat >simulator.yaml <<EOF
simulator: {module: build/decay.alfi.so}
training: {steps: 2, meta_batch: 16}
EOF
"$folder/installed/bin/alfi" train simulator.yaml --out run
export XDG_CACHE_HOME=$folder/cache
"$folder/installed/bin/alfi" simulator check "$source/examples/simulators/decay.hpp"
rm "$folder/installed/share/alfi/kernels/sim/random.hpp" # its own header is missed, not the source's taken
rm -r "$folder/cache"
if "$folder/installed/bin/alfi" simulator check "$source/examples/simulators/decay.hpp" 2>"$folder/error"; then
  echo "the installed program compiles with other headers than its own" >&2
  exit 1
fi
grep -q 'kernels/sim/random.hpp' "$folder/error"

"${configure[@]}" -B "$folder/subdirectory" -DALFI_SOURCE="$source" >/dev/null
