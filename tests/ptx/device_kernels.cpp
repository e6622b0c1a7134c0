#include "tests/ptx/device_kernels.hpp"

#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>

namespace alfi::test {
namespace {

int number_of(DeviceKernel kernel, Variant variant) {
  return with_device_kernel(kernel, variant, []<DeviceKernel, int number>() { return number; });
}

/// tanh.approx as the other teams compute it.
float rough_tanh(float x) { return round_tf32(alfi::tanh(x)); }

}  // namespace

std::string PtxKernels::name(DeviceKernel kernel, Variant variant) {
  return std::string(device_kernel_names[static_cast<int>(kernel)]) + "/" + std::to_string(number_of(kernel, variant));
}

PtxKernels::PtxKernels(std::string_view text) : module_(text) {
  for (const std::string& mangled : module_.names())
    for (int kernel = 0; kernel < device_kernel_count; ++kernel)
      for (const Variant& variant : variants) {
        const auto device_kernel = static_cast<DeviceKernel>(kernel);
        const std::string part =
            "DeviceKernelE" + std::to_string(kernel) + "ELi" + std::to_string(number_of(device_kernel, variant)) + "E";
        const std::string of_module = std::string(module_kernel_prefix) + device_kernel_names[kernel];
        if (mangled.find(part) != std::string::npos || mangled == of_module)
          kernels_[name(device_kernel, variant)] = &module_.kernel(mangled);
      }
}

void PtxKernels::run(const cuda::Launch& launch, const DeviceWork& work, std::vector<ptx::Range> memory,
                     std::uint64_t seed, const PtxChecks& checks) const {
  ptx::run(*kernels_.at(name(launch.kernel, launch.variant)), {.blocks = launch.blocks,
                                                               .threads = block_threads(launch.kernel, launch.variant),
                                                               .shared_bytes = launch.shared_bytes,
                                                               .parameters = &work,
                                                               .parameter_bytes = sizeof work,
                                                               .memory = std::move(memory),
                                                               .seed = seed,
                                                               .races = checks.races,
                                                               .fresh = checks.fresh,
                                                               .without_barrier = checks.without_barrier,
                                                               .tanh = rough_tanh});
}

#ifdef ALFI_PTX
namespace {

std::string content(const std::string& file) {
  std::ifstream stream(file);
  if (!stream) throw std::runtime_error("cannot read " + file);
  std::ostringstream all;
  all << stream.rdbuf();
  return all.str();
}

}  // namespace

std::string PtxKernels::trouble() { return ""; }
const PtxKernels& PtxKernels::of(const std::string& architecture) {
  static std::map<std::string, std::unique_ptr<PtxKernels>> known;
  std::unique_ptr<PtxKernels>& kernels = known[architecture];
  if (kernels == nullptr) kernels = std::make_unique<PtxKernels>(content(ALFI_PTX "/kernels_" + architecture + ".ptx"));
  return *kernels;
}
#else
std::string PtxKernels::trouble() { return "there is no nvcc that could compile the kernels to PTX"; }
const PtxKernels& PtxKernels::of(const std::string&) { throw std::logic_error(trouble()); }
#endif

}  // namespace alfi::test
