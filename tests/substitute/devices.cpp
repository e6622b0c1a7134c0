// Devices: how many there are, which is current, what they are.
#include <algorithm>
#include <iterator>

#include "tests/substitute/state.hpp"

namespace alfi::substitute {
namespace {

constexpr struct {
  cudaError_t error;
  const char *name, *words;
} errors[] = {
    {cudaSuccess, "cudaSuccess", "no error"},
    {cudaErrorInvalidValue, "cudaErrorInvalidValue", "invalid argument"},
    {cudaErrorMemoryAllocation, "cudaErrorMemoryAllocation", "out of memory"},
    {cudaErrorInvalidConfiguration, "cudaErrorInvalidConfiguration", "invalid configuration argument"},
    {cudaErrorInsufficientDriver, "cudaErrorInsufficientDriver",
     "CUDA driver version is insufficient for CUDA runtime version"},
    {cudaErrorDevicesUnavailable, "cudaErrorDevicesUnavailable", "CUDA-capable device(s) is/are busy or unavailable"},
    {cudaErrorInvalidDeviceFunction, "cudaErrorInvalidDeviceFunction", "invalid device function"},
    {cudaErrorNoDevice, "cudaErrorNoDevice", "no CUDA-capable device is detected"},
    {cudaErrorInvalidDevice, "cudaErrorInvalidDevice", "invalid device ordinal"},
    {cudaErrorNoKernelImageForDevice, "cudaErrorNoKernelImageForDevice",
     "no kernel image is available for execution on the device"},
    {cudaErrorInvalidPtx, "cudaErrorInvalidPtx", "a PTX JIT compilation failed"},
    {cudaErrorJitCompilerNotFound, "cudaErrorJitCompilerNotFound", "PTX JIT compiler library not found"},
    {cudaErrorUnsupportedPtxVersion, "cudaErrorUnsupportedPtxVersion",
     "the provided PTX was compiled with an unsupported toolchain."},
    {cudaErrorJitCompilationDisabled, "cudaErrorJitCompilationDisabled", "PTX JIT compilation was disabled"},
    {cudaErrorInvalidResourceHandle, "cudaErrorInvalidResourceHandle", "invalid resource handle"},
    {cudaErrorIllegalAddress, "cudaErrorIllegalAddress", "an illegal memory access was encountered"},
    {cudaErrorLaunchFailure, "cudaErrorLaunchFailure", "unspecified launch failure"},
    {cudaErrorStreamCaptureUnsupported, "cudaErrorStreamCaptureUnsupported",
     "operation not permitted when stream is capturing"},
    {cudaErrorStreamCaptureInvalidated, "cudaErrorStreamCaptureInvalidated",
     "operation failed due to a previous error during capture"},
    {cudaErrorStreamCaptureWrongThread, "cudaErrorStreamCaptureWrongThread",
     "attempt to terminate a thread-local capture sequence from another thread"},
    {cudaErrorUnknown, "cudaErrorUnknown", "unknown error"},
};

const auto& entry_of(cudaError_t error) {
  const auto* const entry =
      std::find_if(std::begin(errors), std::end(errors), [&](const auto& known) { return known.error == error; });
  return entry == std::end(errors) ? errors[std::size(errors) - 1] : *entry;
}

}  // namespace
}  // namespace alfi::substitute

using namespace alfi::substitute;

const char* cudaGetErrorName(cudaError_t error) { return entry_of(error).name; }

const char* cudaGetErrorString(cudaError_t error) { return entry_of(error).words; }

cudaError_t cudaDriverGetVersion(int* version) {
  *version = state().settings.driver;
  return cudaSuccess;
}

cudaError_t cudaGetDeviceCount(int* count) {
  return call(
      "cudaGetDeviceCount",
      [&] {
        if (state().settings.driver / 1000 < CUDART_VERSION / 1000) return cudaErrorInsufficientDriver;
        *count = state().settings.devices;
        return *count > 0 ? cudaSuccess : cudaErrorNoDevice;
      },
      false);
}

cudaError_t cudaGetDevice(int* device) {
  return call(
      "cudaGetDevice",
      [&] {
        *device = current_device();
        return cudaSuccess;
      },
      false);
}

cudaError_t cudaSetDevice(int device) {
  return call(
      "cudaSetDevice",
      [&] {
        if (device < 0 || device >= state().settings.devices) return cudaErrorInvalidDevice;
        current_device() = device;
        state().devices[device].context = true;
        return cudaSuccess;
      },
      false);
}

cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device) {
  return call(
      "cudaDeviceGetAttribute",
      [&] {
        if (device < 0 || device >= state().settings.devices) return cudaErrorInvalidDevice;
        if (attribute != cudaDevAttrMaxSharedMemoryPerBlockOptin) return cudaErrorNotSupported;
        *value = most_shared_bytes;
        return cudaSuccess;
      },
      false);
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  return call(
      "cudaGetDeviceProperties",
      [&] {
        if (device < 0 || device >= state().settings.devices) return cudaErrorInvalidDevice;
        *properties = {};
        std::ranges::copy("PTX on a CPU", properties->name);
        properties->major = 9;
        properties->minor = 0;
        properties->multiProcessorCount = state().settings.multiprocessors;
        properties->sharedMemPerBlock = shared_bytes_unasked;
        properties->sharedMemPerBlockOptin = most_shared_bytes;
        properties->sharedMemPerMultiprocessor = most_shared_bytes + 1024;
        properties->totalGlobalMem = state().settings.memory;
        return cudaSuccess;
      },
      false);
}
