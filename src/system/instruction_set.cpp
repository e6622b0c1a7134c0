#include "src/system/instruction_set.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdlib>

#include "alfi/error.hpp"

namespace alfi {
namespace {

std::vector<const HostKernels*> runnable_kernels() {
  std::vector<const HostKernels*> kernels{baseline_kernels()};
#ifdef ALFI_X86
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (avx2) kernels.push_back(avx2_kernels());
  if (avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw"))
    kernels.push_back(avx512_kernels());
#endif
  return kernels;
}

}  // namespace

std::vector<std::string> instruction_sets() {
  std::vector<std::string> names;
  for (const HostKernels* kernels : runnable_kernels()) names.emplace_back(kernels->name);
  return names;
}

const HostKernels& host_kernels(const std::string& name) {
  for (const HostKernels* kernels : runnable_kernels())
    if (kernels->name == name) return *kernels;
  throw InputError(
      fmt::format("instruction set '{}': this machine runs {}", name, fmt::join(instruction_sets(), ", ")));
}

const HostKernels& host_kernels() {
  const char* const wanted = std::getenv("ALFI_ISA");
  if (wanted != nullptr && *wanted != '\0') return host_kernels(std::string(wanted));
  return *runnable_kernels().back();
}

}  // namespace alfi
