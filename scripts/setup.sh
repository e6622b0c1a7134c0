#!/usr/bin/env bash
# Installs the Debian packages alfi needs that are missing, and where there is a CUDA compiler the disassemblers of its
# machine code, into build-tools/; nothing to do takes no time and no network.
#
#   scripts/setup.sh [build|docs]     build: without what only the tests need; docs: what scripts/docs.sh needs, alone
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

packages=(g++ cmake ninja-build libcli11-dev libeigen3-dev libfmt-dev libminizip-dev libtbb-dev libxxhash-dev
  libyaml-cpp-dev nlohmann-json3-dev zlib1g-dev gnuplot-nox jq)
disassemblers=()
if [[ ${1:-all} == docs ]]; then
  packages=(python3-venv)
elif [[ ${1:-all} != build ]]; then
  packages+=(binutils patch pkgconf clang clang-19 clang-format clang-tidy libclang-rt-dev libbenchmark-dev
    libexpat1-dev libgmock-dev libgtest-dev librandom123-dev shellcheck valgrind)
  cuda=$PATH:${CUDA_PATH:-}/bin:${CUDA_HOME:-}/bin:/usr/local/cuda/bin
  if PATH=$cuda command -v nvcc >/dev/null; then
    for tool in cuobjdump nvdisasm; do
      PATH=build-tools/bin:$cuda command -v "$tool" >/dev/null || disassemblers+=("nvidia-cuda-$tool")
    done
  fi
  ((${#disassemblers[@]} == 0)) || python3 -m pip --version >/dev/null 2>&1 || packages+=(python3-pip)
fi

missing=()
for package in "${packages[@]}"; do
  state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) || state=
  [[ $state == installed ]] || missing+=("$package")
done
if ((${#missing[@]} > 0)); then
  if ! command -v apt-get >/dev/null; then
    echo "setup: there is no apt-get here; please install what Debian calls: ${missing[*]}" >&2
    exit 1
  fi
  root=()
  if ((EUID != 0)); then
    if ! command -v sudo >/dev/null; then
      echo "setup: run as root, or install sudo; missing packages: ${missing[*]}" >&2
      exit 1
    fi
    root=(sudo)
  fi
  echo "setup: installing ${missing[*]}" >&2
  "${root[@]}" apt-get update -qq >&2
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
fi

if ((${#disassemblers[@]} > 0)); then
  echo "setup: taking ${disassemblers[*]} from PyPI" >&2
  if python3 -m pip install --quiet --no-deps --root-user-action ignore --target build-tools "${disassemblers[@]}" >&2; then
    mkdir -p build-tools/bin
    find "$PWD/build-tools/nvidia" -type f \( -name cuobjdump -o -name nvdisasm \) -exec ln -sfr {} build-tools/bin \;
  else
    echo "setup: without them no test looks at the CUDA kernels' machine code" >&2
  fi
fi
