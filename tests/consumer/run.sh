#!/usr/bin/env bash
# run.sh CMAKE SOURCE BUILD CXX: installs alfi from its build folder, builds the consumer against that and runs it: ten
# steps of training, then inference. Its simulator is compiled with the installed headers. A plug-in with alfi in it is
# loaded and called, the program is built by pkg-config, and every C++20 compiler that is here reads the headers.
# Configures it with alfi as a subdirectory too.
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

estimate=$("$folder/build/host" "$folder/build/libplugin.so" "$folder/plugin_run")
echo "a plug-in's estimate: $estimate"
if [[ -z $estimate || $estimate == -1 ]]; then
  echo "the plug-in does not answer" >&2
  exit 1
fi
if nm --dynamic --defined-only --demangle "$folder/build/libplugin.so" | grep ' alfi::'; then
  echo "the plug-in shows alfi's symbols, which another one's could take the place of" >&2
  exit 1
fi

if command -v pkg-config >/dev/null; then
  PKG_CONFIG_PATH=$(dirname "$(find "$folder/installed" -name alfi.pc)")
  export PKG_CONFIG_PATH
  read -ra flags <<<"$(pkg-config --cflags --libs alfi)"
  "$cxx" -std=c++20 "$source/examples/train_and_infer.cpp" "${flags[@]}" -o by_pkg_config
  [[ $(./by_pkg_config 10) == *"with probability 0.95 in ["* ]]
else
  echo "skipped: there is no pkg-config"
fi

for header in installed/include/alfi/*.hpp; do echo "#include \"alfi/$(basename "$header")\""; done >headers.cpp
read_by='' not_here=''
for compiler in g++-{12,13,14} clang++-{14,15,16,17,18,19}; do
  if ! command -v "$compiler" >/dev/null; then
    not_here+=" $compiler"
    continue
  fi
  "$compiler" -std=c++20 -fsyntax-only -Wall -Wextra -Wconversion -Wsign-conversion -Werror -Iinstalled/include headers.cpp
  read_by+=" $compiler"
done
echo "headers read by:$read_by; skipped, not here:$not_here"

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
