// The substitute itself: the rules of CUDA's documentation that it keeps.
#include "tests/substitute/substitute.hpp"

#include <cublas_v2.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <thread>
#include <vector>

#include "kernels/launch/kernels.cuh"

namespace alfi::substitute {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Substitute : public testing::Test {
 protected:
  void SetUp() override {
    reset();
    EXPECT_EQ(cudaSetDevice(0), cudaSuccess);
    EXPECT_EQ(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), cudaSuccess);
    EXPECT_EQ(cudaMalloc(&memory_, bytes), cudaSuccess);
    EXPECT_EQ(cudaMallocHost(&pinned_, bytes), cudaSuccess);
  }
  void TearDown() override {
    EXPECT_EQ(cudaSetDevice(0), cudaSuccess);
    cudaFree(memory_);
    cudaFreeHost(pinned_);
    cudaStreamDestroy(stream_);
    EXPECT_EQ(live(), 0);
    reset();
  }

  /// Puts a copy of the memory, cleared, to pinned memory on the stream.
  void put_copy() {
    EXPECT_EQ(cudaMemsetAsync(memory_, 0, bytes, stream_), cudaSuccess);
    EXPECT_EQ(cudaMemcpyAsync(pinned_, memory_, bytes, cudaMemcpyDeviceToHost, stream_), cudaSuccess);
  }
  int first_number() const {
    int number;
    std::memcpy(&number, pinned_, sizeof number);
    return number;
  }
  cudaError_t end() {
    cudaGraph_t graph = nullptr;
    const cudaError_t error = cudaStreamEndCapture(stream_, &graph);
    if (graph != nullptr) {
      EXPECT_EQ(cudaGraphDestroy(graph), cudaSuccess);
    }
    return error;
  }
  static cudaError_t on_another_thread(auto call) {
    cudaError_t error = cudaErrorUnknown;
    std::thread([&] { error = call(); }).join();
    return error;
  }
  static cudaError_t allocate_and_free() {
    void* pointer = nullptr;
    if (const cudaError_t error = cudaMalloc(&pointer, 1); error != cudaSuccess) return error;
    return cudaFree(pointer);
  }

  static constexpr std::size_t bytes = 4096;
  cudaStream_t stream_ = nullptr;
  void *memory_ = nullptr, *pinned_ = nullptr;
};

TEST_F(Substitute, DoesWorkOnlyWhenItIsWaitedFor) {
  put_copy();
  EXPECT_EQ(first_number(), -1);
  EXPECT_EQ(cudaStreamSynchronize(stream_), cudaSuccess);
  EXPECT_EQ(first_number(), 0);
}

TEST_F(Substitute, WaitsForAnEventAndNotForWhatIsBehindIt) {
  cudaEvent_t event = nullptr;
  ASSERT_EQ(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), cudaSuccess);
  put_copy();
  ASSERT_EQ(cudaEventRecord(event, stream_), cudaSuccess);
  EXPECT_EQ(cudaMemsetAsync(memory_, 1, bytes, stream_), cudaSuccess);
  EXPECT_EQ(cudaMemcpyAsync(pinned_, memory_, bytes, cudaMemcpyDeviceToHost, stream_), cudaSuccess);
  EXPECT_EQ(cudaEventSynchronize(event), cudaSuccess);
  EXPECT_EQ(first_number(), 0);
  EXPECT_EQ(cudaStreamSynchronize(stream_), cudaSuccess);
  EXPECT_EQ(first_number(), 0x01010101);
  EXPECT_EQ(cudaEventDestroy(event), cudaSuccess);
}

TEST_F(Substitute, KeepsACaptureInAGraphThatIsDoneAsOftenAsItIsLaunched) {
  ASSERT_EQ(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal), cudaSuccess);
  put_copy();
  cudaGraph_t graph = nullptr;
  cudaGraphExec_t instance = nullptr;
  ASSERT_EQ(cudaStreamEndCapture(stream_, &graph), cudaSuccess);
  ASSERT_EQ(cudaGraphInstantiate(&instance, graph, 0), cudaSuccess);
  EXPECT_EQ(cudaGraphDestroy(graph), cudaSuccess);
  EXPECT_EQ(cudaStreamSynchronize(stream_), cudaSuccess);
  EXPECT_EQ(first_number(), -1);
  for (int i = 0; i < 2; ++i) {
    std::memset(pinned_, 7, bytes);
    EXPECT_EQ(cudaGraphLaunch(instance, stream_), cudaSuccess);
    EXPECT_EQ(cudaStreamSynchronize(stream_), cudaSuccess);
    EXPECT_EQ(first_number(), 0);
  }
  EXPECT_EQ(cudaGraphExecDestroy(instance), cudaSuccess);
}

// Compares with the table of cudaThreadExchangeStreamCaptureMode.
TEST_F(Substitute, ForbidsUnsafeCallsAsTheModeOfACaptureSays) {
  struct Case {
    cudaStreamCaptureMode mode;
    bool here, elsewhere;
  };
  for (const auto& [mode, here, elsewhere] : {Case{cudaStreamCaptureModeGlobal, true, true},
                                              {cudaStreamCaptureModeThreadLocal, true, false},
                                              {cudaStreamCaptureModeRelaxed, false, false}}) {
    const auto expected = [](bool forbidden) { return forbidden ? cudaErrorStreamCaptureUnsupported : cudaSuccess; };
    const auto ended = [](bool forbidden) { return forbidden ? cudaErrorStreamCaptureInvalidated : cudaSuccess; };
    ASSERT_EQ(cudaStreamBeginCapture(stream_, mode), cudaSuccess);
    EXPECT_EQ(allocate_and_free(), expected(here));
    EXPECT_EQ(end(), ended(here));
    ASSERT_EQ(cudaStreamBeginCapture(stream_, mode), cudaSuccess);
    EXPECT_EQ(on_another_thread(allocate_and_free), expected(elsewhere));
    EXPECT_EQ(end(), ended(elsewhere));
  }
}

TEST_F(Substitute, EndsACaptureOnlyOnItsThread) {
  for (const auto& [mode, error] : {std::pair{cudaStreamCaptureModeThreadLocal, cudaErrorStreamCaptureWrongThread},
                                    {cudaStreamCaptureModeRelaxed, cudaSuccess}}) {
    ASSERT_EQ(cudaStreamBeginCapture(stream_, mode), cudaSuccess);
    EXPECT_EQ(on_another_thread([&] { return end(); }), error);
    if (error != cudaSuccess) {
      EXPECT_EQ(end(), cudaSuccess);
    }
  }
}

TEST_F(Substitute, InvalidatesACaptureThatIsWaitedFor) {
  ASSERT_EQ(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal), cudaSuccess);
  EXPECT_EQ(cudaStreamSynchronize(stream_), cudaErrorStreamCaptureUnsupported);
  EXPECT_EQ(cudaMemsetAsync(memory_, 0, bytes, stream_), cudaErrorStreamCaptureInvalidated);
  EXPECT_EQ(end(), cudaErrorStreamCaptureInvalidated);
  EXPECT_EQ(cudaStreamSynchronize(stream_), cudaSuccess);
}

TEST_F(Substitute, InvalidatesACaptureWhereverAHandleOfItsDeviceIsGivenBack) {
  cublasHandle_t handle = nullptr;
  ASSERT_EQ(cublasCreate(&handle), CUBLAS_STATUS_SUCCESS);
  ASSERT_EQ(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeRelaxed), cudaSuccess);
  std::thread([&] { EXPECT_NE(cublasDestroy(handle), CUBLAS_STATUS_SUCCESS); }).join();
  EXPECT_EQ(end(), cudaErrorStreamCaptureInvalidated);
}

TEST_F(Substitute, LoadsTheFirstProductOfAKindWhichACaptureForbids) {
  cublasHandle_t handle = nullptr;
  ASSERT_EQ(cublasCreate(&handle), CUBLAS_STATUS_SUCCESS);
  ASSERT_EQ(cublasSetStream(handle, stream_), CUBLAS_STATUS_SUCCESS);
  const float one = 1, zero = 0;
  auto* const x = static_cast<float*>(memory_);
  const auto multiply = [&] {
    return cublasGemmStridedBatchedEx(handle, CUBLAS_OP_N, CUBLAS_OP_N, 2, 2, 2, &one, x, CUDA_R_32F, 2, 0, x + 4,
                                      CUDA_R_32F, 2, 0, &zero, x + 8, CUDA_R_32F, 2, 0, 1, CUBLAS_COMPUTE_32F,
                                      CUBLAS_GEMM_DEFAULT);
  };
  ASSERT_EQ(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal), cudaSuccess);
  EXPECT_NE(multiply(), CUBLAS_STATUS_SUCCESS);
  EXPECT_EQ(end(), cudaErrorStreamCaptureInvalidated);
  const float numbers[] = {1, 2, 3, 4, 5, 6, 7, 8};
  EXPECT_EQ(cudaMemcpyAsync(x, numbers, sizeof numbers, cudaMemcpyHostToDevice, stream_), cudaSuccess);
  EXPECT_EQ(multiply(), CUBLAS_STATUS_SUCCESS);
  EXPECT_EQ(cudaStreamSynchronize(stream_), cudaSuccess);
  EXPECT_EQ(std::vector(x + 8, x + 12), (std::vector<float>{23, 34, 31, 46}));
  ASSERT_EQ(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal), cudaSuccess);
  EXPECT_EQ(multiply(), CUBLAS_STATUS_SUCCESS);
  EXPECT_EQ(end(), cudaSuccess);
  EXPECT_EQ(cublasDestroy(handle), CUBLAS_STATUS_SUCCESS);
  EXPECT_THAT(findings(), testing::Contains(HasSubstr("workspace of cuBLAS's own")));
}

TEST_F(Substitute, LaunchesWithNoMoreSharedMemoryThanWasAskedForOnTheDevice) {
  const void* const function = cuda_function(DeviceKernel::spin, {});
  DeviceWork work{};
  work.spin = {0, static_cast<float*>(memory_)};
  void* arguments[] = {&work};
  const auto launch = [&](std::size_t shared, cudaStream_t stream) {
    return cudaLaunchKernel(function, dim3(1), dim3(device_threads), arguments, shared, stream);
  };
  EXPECT_EQ(launch(48 * 1024, stream_), cudaSuccess);
  EXPECT_EQ(launch(48 * 1024 + 1, stream_), cudaErrorInvalidValue);
  EXPECT_EQ(cudaFuncSetAttribute(function, cudaFuncAttributeMaxDynamicSharedMemorySize, 60'000), cudaSuccess);
  EXPECT_EQ(launch(60'000, stream_), cudaSuccess);
  EXPECT_EQ(cudaFuncSetAttribute(function, cudaFuncAttributeMaxDynamicSharedMemorySize, 1 << 20),
            cudaErrorInvalidValue);
  EXPECT_EQ(cudaStreamSynchronize(stream_), cudaSuccess);
  cudaStream_t other = nullptr;
  EXPECT_EQ(cudaSetDevice(1), cudaSuccess);
  EXPECT_EQ(cudaStreamCreateWithFlags(&other, cudaStreamNonBlocking), cudaSuccess);
  EXPECT_EQ(launch(60'000, other), cudaErrorInvalidValue);
  EXPECT_EQ(cudaStreamDestroy(other), cudaSuccess);
}

TEST_F(Substitute, RefusesWorkForAnotherDeviceThanTheCurrentOne) {
  EXPECT_EQ(cudaSetDevice(1), cudaSuccess);
  EXPECT_EQ(cudaMemsetAsync(memory_, 0, bytes, stream_), cudaErrorInvalidValue);
  EXPECT_EQ(on_another_thread([&] { return cudaMemsetAsync(memory_, 0, bytes, stream_); }), cudaSuccess)
      << "each thread has a current device of its own";
  EXPECT_THAT(contexts(), ElementsAre(0, 1));
  EXPECT_EQ(cudaSetDevice(2), cudaErrorInvalidDevice);
  EXPECT_EQ(cudaStreamSynchronize(stream_), cudaSuccess);
  EXPECT_EQ(cudaFree(memory_), cudaSuccess);
  memory_ = nullptr;
  EXPECT_THAT(findings(), ElementsAre(HasSubstr("another device")));
}

TEST_F(Substitute, FindsWordsThatNothingWroteInACopyToTheHost) {
  EXPECT_EQ(cudaMemsetAsync(memory_, 0, 56, stream_), cudaSuccess);
  EXPECT_EQ(cudaMemcpy2DAsync(pinned_, 8, memory_, 16, 8, 4, cudaMemcpyDeviceToHost, stream_), cudaSuccess);
  EXPECT_EQ(cudaStreamSynchronize(stream_), cudaSuccess);
  EXPECT_THAT(findings(), IsEmpty());
  EXPECT_EQ(cudaMemcpyAsync(pinned_, memory_, 64, cudaMemcpyDeviceToHost, stream_), cudaSuccess);
  EXPECT_EQ(cudaStreamSynchronize(stream_), cudaSuccess);
  EXPECT_THAT(findings(), ElementsAre(HasSubstr("2 words")));
}

TEST_F(Substitute, FailsTheCallItIsTold) {
  Settings settings;
  settings.fault = {1, "cudaMalloc", cudaErrorMemoryAllocation};
  change(settings);
  EXPECT_EQ(allocate_and_free(), cudaSuccess);
  EXPECT_EQ(allocate_and_free(), cudaErrorMemoryAllocation);
  EXPECT_EQ(cudaGetLastError(), cudaErrorMemoryAllocation);
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
  EXPECT_EQ(allocate_and_free(), cudaSuccess);
}

TEST_F(Substitute, GoesOnFailingAfterAnErrorOfAKernelButOnThatDeviceAlone) {
  DeviceWork work{};
  work.spin = {1, nullptr};
  void* arguments[] = {&work};
  EXPECT_EQ(cudaLaunchKernel(cuda_function(DeviceKernel::spin, {}), dim3(1), dim3(32), arguments, 0, stream_),
            cudaSuccess);
  EXPECT_EQ(cudaStreamSynchronize(stream_), cudaErrorIllegalAddress);
  EXPECT_EQ(cudaGetLastError(), cudaErrorIllegalAddress);
  EXPECT_EQ(allocate_and_free(), cudaErrorIllegalAddress);
  EXPECT_EQ(cudaSetDevice(1), cudaSuccess);
  EXPECT_EQ(allocate_and_free(), cudaSuccess);
}

}  // namespace
}  // namespace alfi::substitute
