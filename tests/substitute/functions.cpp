// Kernels: their attributes and their launches, interpreted from the PTX that nvcc made of them.
#include <algorithm>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "kernels/lanes/math.hpp"
#include "kernels/lanes/precision.hpp"
#include "tests/ptx/ptx.hpp"
#include "tests/substitute/state.hpp"

namespace alfi::substitute {
namespace {

namespace ptx = test::ptx;

/// Returns the part of a kernel's name that every compilation gives it: an anonymous namespace has a number of its own
/// each time.
std::string lasting_part(const std::string& name) {
  return name.substr(std::min(name.size(), name.find("device_kernel")));
}

class Kernels {
 public:
  Kernels() : module_(text()) {
    for (const std::string& name : module_.names()) kernels_[lasting_part(name)] = &module_.kernel(name);
  }
  /// Finds a kernel by name; null where there is none of this name.
  const ptx::Kernel* find(const std::string& name) const {
    const auto kernel = kernels_.find(lasting_part(name));
    return kernel == kernels_.end() ? nullptr : kernel->second;
  }

 private:
  static std::string text() {
    const std::ifstream file(ALFI_PTX);
    if (!file) throw std::runtime_error("there is no " ALFI_PTX);
    std::ostringstream all;
    all << file.rdbuf();
    return all.str();
  }

  ptx::Module module_;
  std::map<std::string, const ptx::Kernel*> kernels_;
};

/// Finds the kernel of a function; null where neither nvcc's host code registered one nor a library has it, or there is
/// no PTX of it.
const ptx::Kernel* kernel_of(const void* function) {
  static const Kernels kernels;
  const auto known = state().functions.find(function);
  if (known == state().functions.end()) return nullptr;
  const auto& [name, shared_bytes, library] = known->second;
  return library == nullptr ? kernels.find(name) : &library->module.kernel(name);
}

int most_shared_of(const void* function) {
  const std::map<int, int>& asked = state().functions.at(function).shared_bytes;
  const auto found = asked.find(current_device());
  return std::max(shared_bytes_unasked, found == asked.end() ? 0 : found->second);
}

/// Computes tanh.approx as the simulated device does.
float rough_tanh(float x) { return round_tf32(alfi::tanh(x)); }

void run(const ptx::Kernel& kernel, int blocks, int threads, int shared_bytes, const std::vector<std::byte>& parameters,
         int device) {
  std::vector<ptx::Range> memory;
  for (const auto& [at, allocation] : state().memory)
    if (allocation.device == device) memory.push_back({at, at + allocation.bytes});
  ptx::run(kernel, {.blocks = blocks,
                    .threads = threads,
                    .shared_bytes = shared_bytes,
                    .parameters = parameters.data(),
                    .parameter_bytes = parameters.size(),
                    .memory = std::move(memory),
                    .races = state().settings.races,
                    .fresh = state().settings.fresh,
                    .tanh = rough_tanh});
}

}  // namespace
}  // namespace alfi::substitute

using namespace alfi::substitute;
namespace ptx = alfi::test::ptx;

cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* attributes, const void* function) {
  return call("cudaFuncGetAttributes", [&] {
    if (kernel_of(function) == nullptr) return cudaErrorInvalidDeviceFunction;
    *attributes = {};
    attributes->maxDynamicSharedSizeBytes = most_shared_of(function);
    return cudaSuccess;
  });
}

cudaError_t cudaFuncSetAttribute(const void* function, cudaFuncAttribute attribute, int value) {
  return call("cudaFuncSetAttribute", [&] {
    if (kernel_of(function) == nullptr) return cudaErrorInvalidDeviceFunction;
    if (attribute != cudaFuncAttributeMaxDynamicSharedMemorySize || value < 0 || value > most_shared_bytes)
      return cudaErrorInvalidValue;
    state().functions.at(function).shared_bytes[current_device()] = value;
    return cudaSuccess;
  });
}

cudaError_t cudaLibraryLoadData(cudaLibrary_t* library, const void* code, cudaJitOption*, void**, unsigned,
                                cudaLibraryOption*, void**, unsigned) {
  return call("cudaLibraryLoadData", [&] {
    try {
      auto loaded = std::make_unique<Library>(static_cast<const char*>(code));
      *library = reinterpret_cast<cudaLibrary_t>(loaded.get());
      state().libraries.insert(std::move(loaded));
      return cudaSuccess;
    } catch (const ptx::Error&) {
      return cudaErrorInvalidPtx;
    }
  });
}

cudaError_t cudaLibraryGetKernel(cudaKernel_t* kernel, cudaLibrary_t handle, const char* name) {
  return call("cudaLibraryGetKernel", [&] {
    const auto* const library = reinterpret_cast<const Library*>(handle);
    const std::vector<std::string> names = library->module.names();
    if (std::ranges::find(names, name) == names.end()) return cudaErrorSymbolNotFound;
    const ptx::Kernel* const found = &library->module.kernel(name);
    state().functions[found] = {name, {}, library};
    *kernel = reinterpret_cast<cudaKernel_t>(const_cast<ptx::Kernel*>(found));
    return cudaSuccess;
  });
}

cudaError_t cudaLibraryUnload(cudaLibrary_t handle) {
  return give_back("cudaLibraryUnload", [&](cudaError_t) {
    const auto* const library = reinterpret_cast<const Library*>(handle);
    std::erase_if(state().functions, [&](const auto& function) { return function.second.library == library; });
    return std::erase_if(state().libraries, [&](const auto& loaded) { return loaded.get() == library; }) == 1
               ? cudaSuccess
               : cudaErrorInvalidResourceHandle;
  });
}

cudaError_t cudaLaunchKernel(const void* function, dim3 grid, dim3 block, void** arguments, std::size_t shared_bytes,
                             cudaStream_t stream) {
  return call("cudaLaunchKernel", [&] {
    const ptx::Kernel* const kernel = kernel_of(function);
    if (kernel == nullptr) return cudaErrorInvalidDeviceFunction;
    const int shared = static_cast<int>(shared_bytes);
    if (shared > most_shared_of(function)) {
      find("cudaLaunchKernel", std::to_string(shared) + " bytes of shared memory, of " +
                                   std::to_string(most_shared_of(function)) + " that were asked for");
      return cudaErrorInvalidValue;
    }
    if (grid.x == 0 || grid.y * grid.z != 1 || block.x == 0 || block.x > 1024 || block.y * block.z != 1)
      return cudaErrorInvalidConfiguration;
    const auto* const parameters = static_cast<const std::byte*>(arguments[0]);
    return put("cudaLaunchKernel", reinterpret_cast<Stream*>(stream),
               [=, blocks = static_cast<int>(grid.x), threads = static_cast<int>(block.x), device = current_device(),
                kept = std::vector(parameters, parameters + ptx::parameter_bytes(*kernel))] {
                 run(*kernel, blocks, threads, shared, kept, device);
               });
  });
}
