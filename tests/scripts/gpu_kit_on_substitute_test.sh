#!/usr/bin/env bash
# gpu_kit_on_substitute_test.sh [ALFI GPU_TESTS]: the kit's run with programs that have the substitute for the CUDA runtime in
# place of a device, in another folder and with nothing of this one's environment: what there is, all tests, and the first
# measurements, of episodes that an interpreter can wait for. Exit code 77: there are no such programs.
set -euo pipefail
if (($# < 2)); then
  echo "skipped: there is no nvcc"
  exit 77
fi
source=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
kit=$(mktemp -d)
trap 'rm -rf "$kit"' EXIT
mkdir -p "$kit"/{bin,tests}
cp "$source/scripts/gpu_kit/run.sh" "$kit"
cp -r "$source/examples" "$kit"
cp -r "$source/tests/data" "$kit/tests"
cp "$2" "$kit/bin/gpu_tests"
echo 'commit: of the substitute' >"$kit/kit.txt"
cat >"$kit/bin/alfi" <<END
#!/usr/bin/env bash
[[ \$1 == bench ]] || exec "$(realpath "$1")" "\$@"
exec "$(realpath "$1")" "\${@/#training.meta_batch=*/training.meta_batch=20}" --set episode.iterations=1 \\
  --set episode.thetas=2 --set episode.observations=2 --set episode.real_observations=5
END
chmod +x "$kit/bin/alfi"
sed -i 's/\[[abc]\]=[0-9]*/&0/g' "$kit/run.sh"  # the interpreter is no device: ten times as long

env -i PATH=/usr/bin:/bin HOME=/nowhere "$kit/run.sh" "$kit/out" abc
grep -q 'CUDA devices: PTX on a CPU (9.0, 4 multiprocessors)' "$kit/out/summary.txt"
(($(grep -c 'episodes/s' "$kit/out/summary.txt") == 14))
