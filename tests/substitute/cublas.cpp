// cuBLAS: handles, and the one kind of product that is asked of it, by Eigen.
#include <cublas_v2.h>

#include <Eigen/Dense>
#include <bit>
#include <cstdint>
#include <utility>

#include "kernels/lanes/precision.hpp"
#include "tests/substitute/state.hpp"

namespace alfi::substitute {
namespace {

using Columns = Eigen::MatrixXf;

Products* of(cublasHandle_t handle) { return reinterpret_cast<Products*>(handle); }

cublasStatus_t status_of(cudaError_t error) {
  switch (error) {
    case cudaSuccess:
      return CUBLAS_STATUS_SUCCESS;
    case cudaErrorMemoryAllocation:
      return CUBLAS_STATUS_ALLOC_FAILED;
    case cudaErrorNoKernelImageForDevice:
      return CUBLAS_STATUS_ARCH_MISMATCH;
    case cudaErrorInvalidValue:
      return CUBLAS_STATUS_INVALID_VALUE;
    case cudaErrorStreamCaptureUnsupported:
      return CUBLAS_STATUS_INTERNAL_ERROR;
    default:
      return CUBLAS_STATUS_EXECUTION_FAILED;
  }
}

struct Operand {
  const float* data;
  int step;
  long long stride;
  bool transposed;

  Columns read(int number, int rows, int columns, bool rounded) const {
    if (transposed) std::swap(rows, columns);
    Columns result = Eigen::Map<const Columns, 0, Eigen::OuterStride<>>(data + number * stride, rows, columns,
                                                                        Eigen::OuterStride<>(step));
    if (rounded) result = result.unaryExpr([](float x) { return round_bf16(x); }).eval();
    if (transposed) return result.transpose();
    return result;
  }
  bool fits(int rows, int columns) const { return step >= (transposed ? columns : rows) && step > 0; }
};

struct Multiplication {
  int m, n, k, count;
  Operand a, b;
  float* c;
  int c_step;
  long long c_stride;
  bool added, rounded;

  bool fits() const {
    return m >= 0 && n >= 0 && k >= 0 && count >= 0 && a.fits(m, k) && b.fits(k, n) && c_step >= m &&
           (count < 2 || c_stride >= static_cast<long long>(c_step) * (n - 1) + m);
  }
  void run() const {
    for (int i = 0; i < count; ++i) {
      if (state().settings.fresh) expect_written(i);
      Eigen::Map<Columns, 0, Eigen::OuterStride<>> to(c + i * c_stride, m, n, Eigen::OuterStride<>(c_step));
      const Columns product = a.read(i, m, k, rounded) * b.read(i, k, n, rounded);
      if (added)
        to += product;
      else
        to = product;
    }
  }
  void expect_written(int number) const {
    const auto fresh = [](const Columns& read) {
      return read.unaryExpr([](float x) { return std::bit_cast<std::uint32_t>(x) == 0xFFFFFFFFU ? 1.0F : 0.0F; }).sum();
    };
    if (fresh(a.read(number, m, k, false)) + fresh(b.read(number, k, n, false)) > 0)
      find("cublasGemmStridedBatchedEx", "of numbers that nothing wrote");
    if (added && fresh(Operand{c, c_step, c_stride, false}.read(number, m, n, false)) > 0)
      find("cublasGemmStridedBatchedEx", "added to numbers that nothing wrote");
  }
  /// Returns all that cuBLAS chooses a kernel by.
  std::tuple<int, int, int, int, int, int, int> kind() const {
    return {m, n, k, count, a.transposed, b.transposed, rounded};
  }
};

cudaError_t multiply(Products& products, const Multiplication& product) {
  if (!product.fits()) return cudaErrorInvalidValue;
  if (!products.has_workspace) find("cublasGemmStridedBatchedEx", "in a workspace of cuBLAS's own");
  // The first of a kind loads its kernels.
  if (!state().devices[products.device].products.contains(product.kind())) {
    if (const cudaError_t error = refuse_in_capture("cublasGemmStridedBatchedEx"); error != cudaSuccess) return error;
    state().devices[products.device].products.insert(product.kind());
  }
  return put("cublasGemmStridedBatchedEx", products.stream, [product] { product.run(); });
}

}  // namespace
}  // namespace alfi::substitute

using namespace alfi::substitute;

const char* cublasGetStatusName(cublasStatus_t status) {
  switch (status) {
    case CUBLAS_STATUS_SUCCESS:
      return "CUBLAS_STATUS_SUCCESS";
    case CUBLAS_STATUS_ALLOC_FAILED:
      return "CUBLAS_STATUS_ALLOC_FAILED";
    case CUBLAS_STATUS_ARCH_MISMATCH:
      return "CUBLAS_STATUS_ARCH_MISMATCH";
    case CUBLAS_STATUS_INVALID_VALUE:
      return "CUBLAS_STATUS_INVALID_VALUE";
    case CUBLAS_STATUS_INTERNAL_ERROR:
      return "CUBLAS_STATUS_INTERNAL_ERROR";
    default:
      return "CUBLAS_STATUS_EXECUTION_FAILED";
  }
}

const char* cublasGetStatusString(cublasStatus_t) { return "a product failed"; }

cublasStatus_t cublasCreate_v2(cublasHandle_t* handle) {
  return status_of(call("cublasCreate", [&] {
    if (const cudaError_t error = refuse_in_capture("cublasCreate"); error != cudaSuccess) return error;
    *handle = reinterpret_cast<cublasHandle_t>(*state().products.insert(new Products{current_device()}).first);
    return cudaSuccess;
  }));
}

cublasStatus_t cublasDestroy_v2(cublasHandle_t handle) {
  return status_of(give_back("cublasDestroy", [&](cudaError_t) {
    Products* const products = of(handle);
    if (state().products.erase(products) == 0) return cudaErrorInvalidValue;
    expect_current("cublasDestroy", products->device);
    const cudaError_t error = wait_for_device("cublasDestroy", products->device);  // cuBLAS documents it so
    delete products;
    return error;
  }));
}

cublasStatus_t cublasSetStream_v2(cublasHandle_t handle, cudaStream_t stream) {
  return status_of(call("cublasSetStream", [&] {
    of(handle)->stream = reinterpret_cast<Stream*>(stream);
    of(handle)->has_workspace = false;  // a stream has a workspace of cuBLAS's own
    return cudaSuccess;
  }));
}

cublasStatus_t cublasSetWorkspace_v2(cublasHandle_t handle, void* workspace, std::size_t bytes) {
  return status_of(call("cublasSetWorkspace", [&] {
    if (reinterpret_cast<std::uintptr_t>(workspace) % 256 != 0) return cudaErrorInvalidValue;
    if (allocation_of(workspace, bytes) == nullptr) return cudaErrorInvalidValue;
    of(handle)->has_workspace = true;
    return cudaSuccess;
  }));
}

cublasStatus_t cublasSetPointerMode_v2(cublasHandle_t, cublasPointerMode_t mode) {
  return status_of(call("cublasSetPointerMode",
                        [&] { return mode == CUBLAS_POINTER_MODE_HOST ? cudaSuccess : cudaErrorNotSupported; }));
}

cublasStatus_t cublasSetAtomicsMode(cublasHandle_t, cublasAtomicsMode_t) {
  return status_of(call("cublasSetAtomicsMode", [] { return cudaSuccess; }));
}

cublasStatus_t cublasGemmStridedBatchedEx(cublasHandle_t handle, cublasOperation_t a_operation,
                                          cublasOperation_t b_operation, int m, int n, int k, const void* alpha,
                                          const void* a, cudaDataType, int a_step, long long a_stride, const void* b,
                                          cudaDataType, int b_step, long long b_stride, const void* beta, void* c,
                                          cudaDataType, int c_step, long long c_stride, int count,
                                          cublasComputeType_t type, cublasGemmAlgo_t) {
  return status_of(call("cublasGemmStridedBatchedEx", [&] {
    const float factor = *static_cast<const float*>(alpha), old = *static_cast<const float*>(beta);
    if (factor != 1 || (old != 0 && old != 1)) return cudaErrorNotSupported;
    return multiply(*of(handle), {m,
                                  n,
                                  k,
                                  count,
                                  {static_cast<const float*>(a), a_step, a_stride, a_operation == CUBLAS_OP_T},
                                  {static_cast<const float*>(b), b_step, b_stride, b_operation == CUBLAS_OP_T},
                                  static_cast<float*>(c),
                                  c_step,
                                  c_stride,
                                  old == 1,
                                  type == CUBLAS_COMPUTE_32F_FAST_16BF});
  }));
}
