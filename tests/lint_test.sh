#!/usr/bin/env bash
# lint_test.sh [ROOT]: sources are as clang-format 14 writes them, shellcheck has nothing to say of the scripts, and comments
# begin with a verb or a noun, those of a header's functions with a verb. Exit code 77: either is missing, or clang-format is another version, whose taste differs.
set -euo pipefail
cd "${1:-$(dirname "${BASH_SOURCE[0]}")/..}"
if ! clang-format --version 2>/dev/null | grep -q ' version 14\.' || ! command -v shellcheck >/dev/null; then
  echo "skipped: there is no clang-format 14, or no shellcheck"
  exit 77
fi
mapfile -t sources < <(find bench examples include kernels src tests -regex '.*\.\(cpp\|hpp\|cu\|cuh\)')
mapfile -t scripts < <(find .ci/run cmake scripts tests -name run -o -name '*.sh')
((${#sources[@]} > 100 && ${#scripts[@]} > 10))

# A block of comments, or one behind code, that begins with a word a reader has to wait for the noun after; and words that
# say nothing.
awk -v first='^(What|Of|The same|How|Where|Whether|Those|As|Who|Whose|Which|So many) ' \
  -v empty='(^|[^a-z])([Nn]obody|as told|so many|[Ll]ikewise)([^a-z]|$)' '
  FNR == 1 { before = 0 }
  !match($0, /(^|[^:"\/])\/\/[\/!<]* ?/) { before = 0; next }
  {
    alone = $0 ~ /^ *\/\//
    text = substr($0, RSTART + RLENGTH)
    if (!(alone && before) && text ~ first || text ~ empty) {
      print FILENAME ":" FNR ": " text
      bad = 1
    }
    before = alone && text != ""
  }
  END { exit bad }' "${sources[@]}"

# A block of comments before a function's declaration that begins with an article, or with an error instead of the verb.
mapfile -t headers < <(printf '%s\n' "${sources[@]}" | grep '\.hpp$')
awk -v noun='^(The|A|An|One|All|Every|Each|Mean|Numbers?|InputError|RunError|Null|From|In|On) ' \
  -v declares='^ *[A-Za-z_][A-Za-z0-9_:<>,*& ]* [*&]*[a-z_]+\\([^;]*(;|[{]|,|[)])' '
  FNR == 1 { first = "" }
  /^ *\/\/\/? / { if (first == "") first = $0; next }
  /^ *(template|\[\[)/ { next }
  {
    text = first
    first = ""
    sub(/^ *\/\/\/? /, "", text)
    if (text ~ noun && $0 ~ declares && $0 !~ /(^| )(return|else|throw) / && $0 !~ / = [^0]/ && $0 !~ /std::function</) {
      print FILENAME ":" FNR ": " text
      bad = 1
    }
  }
  END { exit bad }' "${headers[@]}"
clang-format --dry-run -Werror "${sources[@]}"
shellcheck --severity=warning "${scripts[@]}"
echo "${#sources[@]} sources, ${#scripts[@]} scripts"
