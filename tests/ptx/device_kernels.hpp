// The device's kernels as nvcc compiled them to PTX.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/backends/cuda/runtime.hpp"
#include "tests/ptx/ptx.hpp"

namespace alfi::test {

/// Checks that a launch on PTX is to make.
struct PtxChecks {
  bool races = false, fresh = false;
  int without_barrier = 0;  ///< line of a bar.sync that is passed over
};

class PtxKernels {
 public:
  /// Reads the kernels of an architecture, such as "sm_90", once in a program's life.
  static const PtxKernels& of(const std::string& architecture);
  /// Says why there are none; empty where there are.
  static std::string trouble();

  explicit PtxKernels(std::string_view text);

  /// Returns a kernel's name in messages: "encode/2", 2 being the number of its variant.
  static std::string name(DeviceKernel kernel, Variant variant);
  /// Lists the kernels by these names.
  const std::map<std::string, const ptx::Kernel*>& kernels() const { return kernels_; }

  void run(const cuda::Launch& launch, const DeviceWork& work, std::vector<ptx::Range> memory, std::uint64_t seed,
           const PtxChecks& checks) const;

 private:
  ptx::Module module_;
  std::map<std::string, const ptx::Kernel*> kernels_;
};

}  // namespace alfi::test
