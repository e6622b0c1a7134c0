#!/usr/bin/env bash
# run.sh CMAKE SOURCE BUILD CXX: installs alfi from its build folder, builds the consumer against that and runs it: ten
# steps of training, then inference. Configures it with alfi as a subdirectory too.
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

"${configure[@]}" -B "$folder/subdirectory" -DALFI_SOURCE="$source" >/dev/null
