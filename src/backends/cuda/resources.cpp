#include "src/backends/cuda/resources.hpp"

#include "alfi/error.hpp"

namespace alfi::cuda {
namespace {

/// Returns what a user can do about a failure.
const char* advice(Failure failure) {
  switch (failure) {
    case Failure::out_of_memory:
      return "; a smaller training.meta_batch, or other processes off the card, leave more";
    case Failure::no_binary:
      return "; build with ALFI_CUDA_ARCHITECTURES set to this device's";
    case Failure::not_compiled:
      return "; this build has only PTX for this device, which its driver must compile: build with "
             "ALFI_CUDA_ARCHITECTURES set to this device's, or see that the driver is as new as the toolkit, has its "
             "compiler and may use it (CUDA_DISABLE_PTX_JIT)";
    case Failure::taken:
      return "; another process has the device to itself (nvidia-smi shows the compute mode)";
    case Failure::device_lost:
    case Failure::kernel:
      return "; the run can be resumed from its last checkpoint";
    default:
      return "";
  }
}

}  // namespace

std::string words_of(const Status& status) { return status.text + advice(status.failure); }

void require(const Status& status, const std::string& doing) {
  if (!status.ok()) throw RunError("CUDA: " + doing + " failed: " + words_of(status));
}

Stream make_stream(Runtime& runtime) {
  StreamHandle handle = nullptr;
  require(runtime.create_stream(handle), "making a stream");
  return {runtime, handle};
}

Event make_event(Runtime& runtime) {
  EventHandle handle = nullptr;
  require(runtime.create_event(handle), "making an event");
  return {runtime, handle};
}

Products make_products(Runtime& runtime, const Stream& stream, void* workspace, std::size_t bytes) {
  ProductsHandle handle = nullptr;
  require(runtime.create_products(stream.get(), workspace, bytes, handle), "making a place for products");
  return {runtime, handle};
}

}  // namespace alfi::cuda
