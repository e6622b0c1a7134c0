// In a build without CUDA there are no devices.
#include "src/backends/cuda/runtime.hpp"

namespace alfi::cuda {
namespace {

Status not_built() { return {Failure::no_device, "this build of alfi has no CUDA"}; }

}  // namespace

Status count_devices(int& count) {
  count = 0;
  return not_built();
}

Status open_device(int, std::unique_ptr<Runtime>&) { return not_built(); }

}  // namespace alfi::cuda
