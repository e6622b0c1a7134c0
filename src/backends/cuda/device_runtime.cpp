// The CUDA runtime itself, and cuBLAS.
#include <cublas_v2.h>
#include <cuda_runtime_api.h>

#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "kernels/launch/kernels.cuh"
#include "src/backends/cuda/runtime.hpp"
#include "src/backends/cuda/thrust_statistics.cuh"

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
      return Failure::no_binary;
    case cudaErrorJitCompilerNotFound:
    case cudaErrorJitCompilationDisabled:
    case cudaErrorInvalidPtx:
    case cudaErrorUnsupportedPtxVersion:
      return Failure::not_compiled;
    case cudaErrorDevicesUnavailable:
      return Failure::taken;
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

/// Selects a device for this thread, and in the end the one that was selected before.
class Selected {
 public:
  explicit Selected(int device) {
    status_ = status_of(cudaGetDevice(&before_));
    changed_ = status_.ok() && before_ != device;
    if (changed_) status_ = status_of(cudaSetDevice(device));
  }
  Selected(const Selected&) = delete;
  Selected& operator=(const Selected&) = delete;
  ~Selected() {
    if (changed_) (void)status_of(cudaSetDevice(before_));
  }
  const Status& status() const { return status_; }

 private:
  Status status_;
  int before_ = 0;
  bool changed_ = false;
};

/// The lock of a device's captures. What is made or given back meanwhile may wait for the device, which a capture does
/// not survive.
std::recursive_mutex& capture_lock(int device) {
  static std::mutex mutex;
  static std::map<int, std::recursive_mutex> locks;
  const std::lock_guard lock(mutex);
  return locks[device];
}

/// Loads a kernel and allows it all the shared memory of a block: here, and neither while a graph is captured nor
/// beside another thread's launch. A load shows whether the kernel is there at all.
cudaError_t prepare(const void* function, int shared_bytes) {
  cudaFuncAttributes attributes{};
  if (const cudaError_t error = cudaFuncGetAttributes(&attributes, function); error != cudaSuccess) return error;
  return cudaFuncSetAttribute(function, cudaFuncAttributeMaxDynamicSharedMemorySize,
                              shared_bytes - static_cast<int>(attributes.sharedSizeBytes));
}

cudaError_t most_shared_bytes(int device, int& bytes) {
  return cudaDeviceGetAttribute(&bytes, cudaDevAttrMaxSharedMemoryPerBlockOptin, device);
}

/// Kernels with a simulator of one's own, by their numbers; null where there is none.
struct KernelLibrary {
  cudaLibrary_t library = nullptr;
  cudaKernel_t kernels[device_kernel_count] = {};
};

/// Loads all kernels of a library; what it has loaded before an error is in it.
cudaError_t load_library(const char* ptx, int shared_bytes, KernelLibrary& loaded) {
  if (const cudaError_t error = cudaLibraryLoadData(&loaded.library, ptx, nullptr, nullptr, 0, nullptr, nullptr, 0);
      error != cudaSuccess)
    return error;
  for (int number = 0; number < device_kernel_count; ++number) {
    if (!has_simulator(static_cast<DeviceKernel>(number))) continue;
    const std::string name = std::string(module_kernel_prefix) + device_kernel_names[number];
    cudaKernel_t& kernel = loaded.kernels[number];
    if (const cudaError_t error = cudaLibraryGetKernel(&kernel, loaded.library, name.c_str()); error != cudaSuccess)
      return error;
    if (const cudaError_t error = prepare(kernel, shared_bytes); error != cudaSuccess) return error;
  }
  return cudaSuccess;
}

class DeviceRuntime final : public Runtime {
 public:
  explicit DeviceRuntime(int device) : device_(device) {}

  Status properties(DeviceProperties& properties) override {
    cudaDeviceProp read{};
    const Status status = here([&] { return cudaGetDeviceProperties(&read, device_); });
    properties = {.name = read.name,
                  .major = read.major,
                  .minor = read.minor,
                  .multiprocessors = read.multiProcessorCount,
                  .shared_bytes = static_cast<std::int64_t>(read.sharedMemPerBlockOptin),
                  .shared_bytes_per_multiprocessor = static_cast<std::int64_t>(read.sharedMemPerMultiprocessor)};
    return status;
  }
  Status memory(DeviceMemory& memory) override {
    std::size_t free = 0, total = 0;
    const Status status = here([&] { return cudaMemGetInfo(&free, &total); });
    memory = {static_cast<std::int64_t>(free), static_cast<std::int64_t>(total)};
    return status;
  }

  Status allocate(std::size_t bytes, void*& pointer) override {
    return apart([&] { return cudaMalloc(&pointer, bytes); });
  }
  void release(void* pointer) noexcept override {
    give_back([&] { return cudaFree(pointer); });
  }
  Status allocate_pinned(std::size_t bytes, void*& pointer) override {
    return apart([&] { return cudaMallocHost(&pointer, bytes); });
  }
  void release_pinned(void* pointer) noexcept override {
    give_back([&] { return cudaFreeHost(pointer); });
  }

  Status create_stream(StreamHandle& stream) override {
    cudaStream_t created = nullptr;
    const Status status = apart([&] { return cudaStreamCreateWithFlags(&created, cudaStreamNonBlocking); });
    stream = created;
    return status;
  }
  void destroy_stream(StreamHandle stream) noexcept override {
    give_back([&] { return cudaStreamDestroy(of(stream)); });
  }
  Status synchronize(StreamHandle stream) override {
    return here([&] { return cudaStreamSynchronize(of(stream)); });
  }

  Status create_event(EventHandle& event) override {
    cudaEvent_t created = nullptr;
    const Status status =
        apart([&] { return cudaEventCreateWithFlags(&created, cudaEventDisableTiming | cudaEventBlockingSync); });
    event = created;
    return status;
  }
  void destroy_event(EventHandle event) noexcept override {
    give_back([&] { return cudaEventDestroy(static_cast<cudaEvent_t>(event)); });
  }
  Status record(EventHandle event, StreamHandle stream) override {
    return here([&] { return cudaEventRecord(static_cast<cudaEvent_t>(event), of(stream)); });
  }
  Status synchronize_event(EventHandle event) override {
    return here([&] { return cudaEventSynchronize(static_cast<cudaEvent_t>(event)); });
  }

  Status load(const char* ptx, LibraryHandle& library) override {
    auto loaded = std::make_unique<KernelLibrary>();
    int shared_bytes = 0;
    Status status = here([&] { return most_shared_bytes(device_, shared_bytes); });
    if (status.ok()) status = apart([&] { return load_library(ptx, shared_bytes, *loaded); });
    if (status.ok())
      library = loaded.release();
    else if (loaded->library != nullptr)
      give_back([&] { return cudaLibraryUnload(loaded->library); });
    return status;
  }
  void unload(LibraryHandle library) noexcept override {
    const std::unique_ptr<KernelLibrary> loaded(static_cast<KernelLibrary*>(library));
    give_back([&] { return cudaLibraryUnload(loaded->library); });
  }

  Status copy_to_device(void* to, const void* from, std::size_t bytes, StreamHandle stream) override {
    return here([&] { return cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, of(stream)); });
  }
  Status copy_to_host(void* to, const void* from, std::size_t bytes, StreamHandle stream) override {
    return here([&] { return cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, of(stream)); });
  }
  Status copy_rows_to_host(void* to, const void* from, std::size_t pitch, std::size_t bytes, std::size_t rows,
                           StreamHandle stream) override {
    return here(
        [&] { return cudaMemcpy2DAsync(to, bytes, from, pitch, bytes, rows, cudaMemcpyDeviceToHost, of(stream)); });
  }
  Status copy_rows_to_device(void* to, std::size_t to_pitch, const void* from, std::size_t from_pitch,
                             std::size_t bytes, std::size_t rows, StreamHandle stream) override {
    return here([&] {
      return cudaMemcpy2DAsync(to, to_pitch, from, from_pitch, bytes, rows, cudaMemcpyHostToDevice, of(stream));
    });
  }
  Status call(const std::function<void()>& body, StreamHandle stream) override {
    return here([&] {
      return cudaLaunchHostFunc(
          of(stream), [](void* of_host) { (*static_cast<const std::function<void()>*>(of_host))(); },
          const_cast<std::function<void()>*>(&body));
    });
  }
  Status clear(void* pointer, std::size_t bytes, StreamHandle stream) override {
    return here([&] { return cudaMemsetAsync(pointer, 0, bytes, of(stream)); });
  }
  Status launch(const Launch& launch, const DeviceWork& work, StreamHandle stream) override {
    const auto* const library = static_cast<const KernelLibrary*>(launch.library);
    const void* const function = library == nullptr ? cuda_function(launch.kernel, launch.variant)
                                                    : library->kernels[static_cast<std::size_t>(launch.kernel)];
    void* arguments[] = {const_cast<DeviceWork*>(&work)};
    return here([&] {
      return cudaLaunchKernel(function, dim3(static_cast<unsigned>(launch.blocks)),
                              dim3(static_cast<unsigned>(block_threads(launch.kernel, launch.variant))), arguments,
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
    Status status = apart([&] { return cublasCreate(&created); });
    // The stream first: it takes the handle back to a workspace of cuBLAS's own.
    if (status.ok()) status = here([&] { return cublasSetStream(created, of(stream)); });
    if (status.ok()) status = here([&] { return cublasSetWorkspace(created, workspace, bytes); });
    if (status.ok()) status = here([&] { return cublasSetPointerMode(created, CUBLAS_POINTER_MODE_HOST); });
    // Atomics would add in another order each time.
    if (status.ok()) status = here([&] { return cublasSetAtomicsMode(created, CUBLAS_ATOMICS_NOT_ALLOWED); });
    if (!status.ok() && created != nullptr) destroy_products(created);
    products = created;
    return status;
  }
  void destroy_products(ProductsHandle products) noexcept override {
    give_back([&] { return cublasDestroy(static_cast<cublasHandle_t>(products)); });
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

  Status capture(StreamHandle stream, const std::function<void()>& put, GraphHandle& graph) override {
    const std::lock_guard lock(capture_lock(device_));
    const Selected selected(device_);  // before it begins: nothing but its own failure keeps a capture from ending
    if (!selected.status().ok()) return selected.status();
    Status status = status_of(cudaStreamBeginCapture(of(stream), cudaStreamCaptureModeThreadLocal));
    if (!status.ok()) return status;
    cudaGraph_t captured = nullptr;
    try {
      put();
    } catch (...) {
      if (cudaStreamEndCapture(of(stream), &captured) == cudaSuccess) (void)cudaGraphDestroy(captured);
      (void)cudaGetLastError();
      throw;
    }
    status = status_of(cudaStreamEndCapture(of(stream), &captured));
    if (!status.ok()) return status;
    cudaGraphExec_t made = nullptr;
    status = status_of(cudaGraphInstantiate(&made, captured, 0));
    (void)cudaGraphDestroy(captured);
    graph = made;
    return status;
  }
  Status launch_graph(GraphHandle graph, StreamHandle stream) override {
    return here([&] { return cudaGraphLaunch(static_cast<cudaGraphExec_t>(graph), of(stream)); });
  }
  void destroy_graph(GraphHandle graph) noexcept override {
    give_back([&] { return cudaGraphExecDestroy(static_cast<cudaGraphExec_t>(graph)); });
  }

 private:
  static cudaStream_t of(StreamHandle stream) { return static_cast<cudaStream_t>(stream); }

  /// Calls with this runtime's device selected: a process may use several.
  template <class Call>
  Status here(Call call) {
    const Selected selected(device_);
    return selected.status().ok() ? status_of(call()) : selected.status();
  }
  /// Calls when no other thread captures on this device.
  template <class Call>
  Status apart(Call call) {
    const std::lock_guard lock(capture_lock(device_));
    return here(call);
  }

  /// Calls what gives something back, whatever has failed before.
  template <class Call>
  void give_back(Call call) noexcept {
    const std::lock_guard lock(capture_lock(device_));
    const Selected selected(device_);
    (void)status_of(call());
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
  const std::lock_guard lock(capture_lock(number));
  const Selected selected(number);
  if (!selected.status().ok()) return selected.status();
  // Even where it is selected already: it may not be there for this process.
  if (const Status status = status_of(cudaSetDevice(number)); !status.ok()) return status;
  int shared_bytes = 0;
  if (const Status status = status_of(most_shared_bytes(number, shared_bytes)); !status.ok()) return status;
  for (std::size_t kernel = 0; kernel < std::size(device_kernel_names); ++kernel)
    for (const Variant& variant : variants)
      if (const Status status =
              status_of(prepare(cuda_function(static_cast<DeviceKernel>(kernel), variant), shared_bytes));
          !status.ok())
        return status;
  runtime = std::make_unique<DeviceRuntime>(number);
  return {};
}

}  // namespace alfi::cuda
