#!/usr/bin/env bash
# Installs the Debian packages alfi needs that are missing; nothing to do takes no time and no network.
#
#   scripts/setup.sh [build]     build: without what only the tests need
set -euo pipefail

packages=(g++ cmake ninja-build libcli11-dev libeigen3-dev libfmt-dev libtbb-dev libxxhash-dev libyaml-cpp-dev
  nlohmann-json3-dev jq)
if [[ ${1:-all} != build ]]; then
  packages+=(binutils patch clang libclang-rt-dev gnuplot-nox libbenchmark-dev libexpat1-dev libgmock-dev libgtest-dev
    librandom123-dev)
fi

missing=()
for package in "${packages[@]}"; do
  state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) || state=
  [[ $state == installed ]] || missing+=("$package")
done
if ((${#missing[@]} == 0)); then exit 0; fi

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
