// The CUDA runtime itself, and cuBLAS.
#include <cublas_v2.h>
#include <cuda_runtime_api.h>

#include <iterator>
#include <memory>
#include <string>

#include "kernels/kernels.cuh"
#include "src/cuda/runtime.hpp"
#include "src/cuda/thrust_statistics.cuh"

namespace alfi::cuda {
namespace {

Failure failure_of(cudaError_t error) {
  switch (error) {
    case cudaSuccess:
      return Failure::none;
    case cudaErrorNoDevice:
    case cudaErrorInsufficientDriver:  // also where there is no driver at all
    case cudaErrorStubLibrary:
      return Failure::no_device;
    case cudaErrorInvalidDevice:
      return Failure::bad_device;
    case cudaErrorMemoryAllocation:
      return Failure::out_of_memory;
    case cudaErrorNoKernelImageForDevice:
    case cudaErrorInvalidDeviceFunction:
    case cudaErrorUnsupportedPtxVersion:
      return Failure::no_binary;
    case cudaErrorDevicesUnavailable:
    case cudaErrorSystemNotReady:
    case cudaErrorECCUncorrectable:
    case cudaErrorHardwareStackError:
      return Failure::device_lost;
    case cudaErrorIllegalAddress:
    case cudaErrorLaunchFailure:
    case cudaErrorLaunchTimeout:
    case cudaErrorIllegalInstruction:
    case cudaErrorMisalignedAddress:
    case cudaErrorAssert:
      return Failure::kernel;
    default:
      return Failure::other;
  }
}

Status status_of(cudaError_t error) {
  if (error == cudaSuccess) return {};
  (void)cudaGetLastError();  // what can be forgotten is: the next call is judged by itself
  return {failure_of(error), std::string(cudaGetErrorName(error)) + ", " + cudaGetErrorString(error)};
}

Status status_of(cublasStatus_t status) {
  Failure failure = Failure::other;
  switch (status) {
    case CUBLAS_STATUS_SUCCESS:
      return {};
    case CUBLAS_STATUS_ALLOC_FAILED:
      failure = Failure::out_of_memory;
      break;
    case CUBLAS_STATUS_ARCH_MISMATCH:
      failure = Failure::no_binary;
      break;
    case CUBLAS_STATUS_EXECUTION_FAILED:
      failure = Failure::kernel;
      break;
    default:
      break;
  }
  (void)cudaGetLastError();
  return {failure, std::string(cublasGetStatusName(status)) + ", " + cublasGetStatusString(status)};
}

class DeviceRuntime final : public Runtime {
 public:
  explicit DeviceRuntime(int device) : device_(device) {}

  Status properties(DeviceProperties& properties) override {
    cudaDeviceProp read{};
    const Status status = here([&] { return cudaGetDeviceProperties(&read, device_); });
    properties = {read.name,
                  read.major,
                  read.minor,
                  read.multiProcessorCount,
                  static_cast<std::int64_t>(read.sharedMemPerBlockOptin),
                  static_cast<std::int64_t>(read.sharedMemPerMultiprocessor)};
    return status;
  }
  Status memory(DeviceMemory& memory) override {
    std::size_t free = 0, total = 0;
    const Status status = here([&] { return cudaMemGetInfo(&free, &total); });
    memory = {static_cast<std::int64_t>(free), static_cast<std::int64_t>(total)};
    return status;
  }

  Status allocate(std::size_t bytes, void*& pointer) override {
    return here([&] { return cudaMalloc(&pointer, bytes); });
  }
  void release(void* pointer) noexcept override {
    (void)cudaSetDevice(device_);
    (void)cudaFree(pointer);
  }
  Status allocate_pinned(std::size_t bytes, void*& pointer) override {
    return here([&] { return cudaMallocHost(&pointer, bytes); });
  }
  void release_pinned(void* pointer) noexcept override { (void)cudaFreeHost(pointer); }

  Status create_stream(StreamHandle& stream) override {
    cudaStream_t created = nullptr;
    const Status status = here([&] { return cudaStreamCreateWithFlags(&created, cudaStreamNonBlocking); });
    stream = created;
    return status;
  }
  void destroy_stream(StreamHandle stream) noexcept override { (void)cudaStreamDestroy(of(stream)); }
  Status synchronize(StreamHandle stream) override {
    return here([&] { return cudaStreamSynchronize(of(stream)); });
  }

  Status create_event(EventHandle& event) override {
    cudaEvent_t created = nullptr;
    const Status status =
        here([&] { return cudaEventCreateWithFlags(&created, cudaEventDisableTiming | cudaEventBlockingSync); });
    event = created;
    return status;
  }
  void destroy_event(EventHandle event) noexcept override { (void)cudaEventDestroy(static_cast<cudaEvent_t>(event)); }
  Status record(EventHandle event, StreamHandle stream) override {
    return here([&] { return cudaEventRecord(static_cast<cudaEvent_t>(event), of(stream)); });
  }
  Status synchronize_event(EventHandle event) override {
    return here([&] { return cudaEventSynchronize(static_cast<cudaEvent_t>(event)); });
  }

  Status copy_to_device(void* to, const void* from, std::size_t bytes, StreamHandle stream) override {
    return here([&] { return cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, of(stream)); });
  }
  Status copy_to_host(void* to, const void* from, std::size_t bytes, StreamHandle stream) override {
    return here([&] { return cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, of(stream)); });
  }
  Status clear(void* pointer, std::size_t bytes, StreamHandle stream) override {
    return here([&] { return cudaMemsetAsync(pointer, 0, bytes, of(stream)); });
  }
  Status launch(const Launch& launch, const DeviceWork& work, StreamHandle stream) override {
    const void* const function = cuda_function(launch.kernel, launch.variant);
    if (launch.shared_bytes > 48 * 1024) {  // more must be asked for
      const Status status = here([&] {
        return cudaFuncSetAttribute(function, cudaFuncAttributeMaxDynamicSharedMemorySize, launch.shared_bytes);
      });
      if (!status.ok()) return status;
    }
    void* arguments[] = {const_cast<DeviceWork*>(&work)};
    return here([&] {
      return cudaLaunchKernel(function, dim3(static_cast<unsigned>(launch.blocks)), dim3(device_threads), arguments,
                              static_cast<std::size_t>(launch.shared_bytes), of(stream));
    });
  }

  Status sort(double* values, std::int64_t count, Scratch& scratch, StreamHandle stream) override {
    return here([&] { return sort_on_device(values, count, scratch, of(stream)); });
  }
  Status moments(const MomentsOfPieces& pieces, Moments* to, StreamHandle stream) override {
    return here([&] { return moments_on_device(pieces, to, of(stream)); });
  }
  Status create_products(StreamHandle stream, void* workspace, std::size_t bytes, ProductsHandle& products) override {
    cublasHandle_t created = nullptr;
    Status status = here([&] { return cublasCreate(&created); });
    // The stream first: it takes the handle back to a workspace of cuBLAS's own.
    if (status.ok()) status = here([&] { return cublasSetStream(created, of(stream)); });
    if (status.ok()) status = here([&] { return cublasSetWorkspace(created, workspace, bytes); });
    if (status.ok()) status = here([&] { return cublasSetPointerMode(created, CUBLAS_POINTER_MODE_HOST); });
    // The same bits each time.
    if (status.ok()) status = here([&] { return cublasSetAtomicsMode(created, CUBLAS_ATOMICS_NOT_ALLOWED); });
    if (!status.ok() && created != nullptr) (void)cublasDestroy(created);
    products = created;
    return status;
  }
  void destroy_products(ProductsHandle products) noexcept override {
    (void)cudaSetDevice(device_);
    (void)cublasDestroy(static_cast<cublasHandle_t>(products));
  }
  Status multiply(ProductsHandle products, const Product& p) override {
    const float one = 1, old = p.added ? 1 : 0;
    const auto operation = [](const Matrix& matrix) { return matrix.transposed ? CUBLAS_OP_T : CUBLAS_OP_N; };
    return here([&] {
      return cublasGemmStridedBatchedEx(
          static_cast<cublasHandle_t>(products), operation(p.a), operation(p.b), p.m, p.n, p.k, &one, p.a.data,
          CUDA_R_32F, p.a.step, p.a.stride, p.b.data, CUDA_R_32F, p.b.step, p.b.stride, &old, p.c, CUDA_R_32F, p.c_step,
          p.c_stride, p.count, p.precision == Precision::bf16 ? CUBLAS_COMPUTE_32F_FAST_16BF : CUBLAS_COMPUTE_32F,
          CUBLAS_GEMM_DEFAULT);
    });
  }

  Status begin_capture(StreamHandle stream) override {
    return here([&] { return cudaStreamBeginCapture(of(stream), cudaStreamCaptureModeThreadLocal); });
  }
  Status end_capture(StreamHandle stream, GraphHandle& graph) override {
    cudaGraph_t captured = nullptr;
    Status status = here([&] { return cudaStreamEndCapture(of(stream), &captured); });
    if (!status.ok()) return status;
    cudaGraphExec_t made = nullptr;
    status = here([&] { return cudaGraphInstantiate(&made, captured, 0); });
    (void)cudaGraphDestroy(captured);
    graph = made;
    return status;
  }
  Status launch_graph(GraphHandle graph, StreamHandle stream) override {
    return here([&] { return cudaGraphLaunch(static_cast<cudaGraphExec_t>(graph), of(stream)); });
  }
  void destroy_graph(GraphHandle graph) noexcept override {
    (void)cudaGraphExecDestroy(static_cast<cudaGraphExec_t>(graph));
  }

 private:
  static cudaStream_t of(StreamHandle stream) { return static_cast<cudaStream_t>(stream); }

  /// A call with this runtime's device selected: a process may use several.
  template <class Call>
  Status here(Call call) {
    if (const Status status = status_of(cudaSetDevice(device_)); !status.ok()) return status;
    return status_of(call());
  }

  int device_;
};

}  // namespace

Status count_devices(int& count) {
  count = 0;
  Status status = status_of(cudaGetDeviceCount(&count));
  if (status.failure == Failure::no_device) {
    // The runtime has one error for no driver and for one that is too old.
    int driver = 0;
    (void)cudaDriverGetVersion(&driver);
    const auto version = [](int number) {
      return std::to_string(number / 1000) + "." + std::to_string(number % 1000 / 10);
    };
    if (driver == 0) status.text = "there is no CUDA driver";
    if (driver > 0 && driver / 1000 < CUDART_VERSION / 1000)
      status.text = "the driver knows CUDA " + version(driver) + ", this build needs " + version(CUDART_VERSION);
  }
  return status;
}

Status open_device(int number, std::unique_ptr<Runtime>& runtime) {
  if (const Status status = status_of(cudaSetDevice(number)); !status.ok()) return status;
  // What is asked about is loaded: here, and not while a graph is captured, and it shows whether it is there at all.
  for (std::size_t kernel = 0; kernel < std::size(device_kernel_names); ++kernel)
    for (const Variant& variant : variants) {
      cudaFuncAttributes attributes{};
      const void* const function = cuda_function(static_cast<DeviceKernel>(kernel), variant);
      if (const Status status = status_of(cudaFuncGetAttributes(&attributes, function)); !status.ok()) return status;
    }
  runtime = std::make_unique<DeviceRuntime>(number);
  return {};
}

}  // namespace alfi::cuda
