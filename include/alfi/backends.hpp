// Backends: what there is to run on.
#pragma once

#include <string>
#include <vector>

#include "alfi/configuration.hpp"

namespace alfi {

struct CudaDevices {
  std::vector<std::string> names;  ///< by their numbers
  /// The widest encoder of each, with the default code, whose products are fused with what is around them; those of
  /// wider ones run through cuBLAS. 0 where a device does not say.
  std::vector<int> fused_widths;
  std::string trouble;  ///< why there are none; empty where there are
};

CudaDevices cuda_devices();

/// Says why engine.backend = auto runs on the CPU. Empty where it runs on a CUDA device, or where the configuration
/// asks for one of the two itself.
std::string why_not_cuda(const Configuration::Engine& engine);

}  // namespace alfi
