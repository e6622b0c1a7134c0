#!/usr/bin/env bash
# lint_test.sh [ROOT]: sources are as clang-format 14 writes them, and shellcheck has nothing to say of the scripts. Exit code
# 77: either is missing, or clang-format is another version, whose taste differs.
set -euo pipefail
cd "${1:-$(dirname "${BASH_SOURCE[0]}")/..}"
if ! clang-format --version 2>/dev/null | grep -q ' version 14\.' || ! command -v shellcheck >/dev/null; then
  echo "skipped: there is no clang-format 14, or no shellcheck"
  exit 77
fi
mapfile -t sources < <(find bench examples include kernels src tests -regex '.*\.\(cpp\|hpp\|cu\|cuh\)')
mapfile -t scripts < <(find .ci/run cmake scripts tests -name run -o -name '*.sh')
((${#sources[@]} > 100 && ${#scripts[@]} > 10))
clang-format --dry-run -Werror "${sources[@]}"
shellcheck --severity=warning "${scripts[@]}"
echo "${#sources[@]} sources, ${#scripts[@]} scripts"
