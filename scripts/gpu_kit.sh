#!/usr/bin/env bash
# gpu_kit.sh [ARCHITECTURES]: makes build-gpu-kit/, which tests and measures alfi on a machine with a GPU where nothing can be
# built or installed: programs for these CUDA architectures ("90" unless given, a list between semicolons), the libraries
# they need that are neither glibc's nor the CUDA toolkit's, examples, test data. There `build-gpu-kit/run.sh` does the rest.
#
# The machine needs Linux on x86-64, glibc as new as kit.txt says, a driver for the CUDA version it says, and of the toolkit
# cuBLAS; compute-sanitizer and ncu for two of the parts.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
architectures=${1:-90}
build='build-gpu'
kit='build-gpu-kit'
most_megabytes=60

scripts/setup.sh
for place in "${CUDA_PATH:-}" "${CUDA_HOME:-}" /usr/local/cuda; do
  [[ -z $place ]] || PATH=$PATH:$place/bin
done
command -v nvcc >/dev/null || {
  echo "gpu_kit: there is no nvcc in PATH, CUDA_PATH, CUDA_HOME or /usr/local/cuda" >&2
  exit 2
}

# RPATH and not RUNPATH, so that the kit's libraries find each other by it too.
cmake --preset cuda -B "$build" -DALFI_CUDA_ARCHITECTURES="$architectures" -DCMAKE_BUILD_WITH_INSTALL_RPATH=ON \
  -DCMAKE_INSTALL_RPATH="\$ORIGIN/../lib" -DCMAKE_EXE_LINKER_FLAGS=-Wl,--disable-new-dtags >/dev/null
cmake --build "$build" --parallel "$(nproc)" --target alfi_cli gpu_tests alfi_bench >&2

rm -rf "$kit"
mkdir -p "$kit"/{bin,lib,tests}
cp "$build"/{alfi,tests/gpu_tests,bench/alfi_bench} "$kit/bin"
cp -r scripts/gpu_kit/. "$kit"
cp -r examples "$kit"
cp -r tests/data "$kit/tests"
sed -n '/ device_kernel_names\[\]/,/};/p' kernels/launch/kernel_list.hpp | grep -o '"[a-z_]*"' | tr -d '"' >"$kit/kernels.txt"

is_glibc() { [[ $1 =~ ^(linux-vdso|ld-linux-x86-64|libc|libm|libmvec|libpthread|libdl|librt|libresolv|libutil)\.so ]]; }
is_toolkit() { [[ $1 =~ ^lib(cublas|cublasLt|cudart|curand|nvrtc|nvJitLink)\.so ]]; }
while read -r name arrow path _; do
  if is_glibc "${name##*/}" || is_toolkit "$name"; then continue; fi
  [[ $arrow == '=>' && -f $path ]] || { echo "gpu_kit: $name, which a program needs, is not found" >&2; exit 1; }
  [[ -f $kit/lib/$name ]] || cp -L "$path" "$kit/lib/$name"
done < <(for program in "$build"/{alfi,tests/gpu_tests,bench/alfi_bench}; do ldd "$program"; done)
strip "$kit"/bin/* "$kit"/lib/*

newest_of() { objdump -T "$kit"/bin/* "$kit"/lib/* | grep -o "$1_[0-9.]*" | sort -uV | tail -n 1; }
{
  echo "commit: $(git rev-parse --short HEAD 2>/dev/null || echo unknown)$(git diff --quiet HEAD -- 2>/dev/null || echo ', changed')"
  echo "architectures: $architectures"
  echo "CUDA: $(nvcc --version | sed -n 's/.*release \([0-9.]*\),.*/\1/p')"
  echo "needs: $(newest_of GLIBC)"
} >"$kit/kit.txt"

bytes=$(du -sb "$kit" | cut -f 1)
echo "$kit: $((bytes / 1000000)) MB"
if ((bytes > most_megabytes * 1000000)); then
  echo "gpu_kit: more than $most_megabytes MB" >&2
  exit 1
fi
