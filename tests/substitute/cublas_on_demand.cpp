// cuBLAS under its own name, for tests that mostly do without: the real library is loaded by the first call.
//
// Loading it takes a process 0.09 s and 100 MB, and the tests are about a thousand processes.
#include <cublas_v2.h>
#include <dlfcn.h>

#include <cstddef>
#include <cstdio>
#include <cstdlib>

namespace {

/// Calls the real library's function of this name. Ends the process where there is none.
template <class Result, class... Arguments>
Result real(const char* name, Arguments... arguments) {
  // Among themselves its functions call each other, not those here.
  static void* const library = dlopen(ALFI_CUBLAS, RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
  void* const function = library != nullptr ? dlsym(library, name) : nullptr;
  if (function == nullptr) {
    std::fprintf(stderr, "%s\n", dlerror());
    std::abort();
  }
  return reinterpret_cast<Result (*)(Arguments...)>(function)(arguments...);
}

}  // namespace

extern "C" {

const char* cublasGetStatusName(cublasStatus_t status) { return real<const char*>("cublasGetStatusName", status); }

const char* cublasGetStatusString(cublasStatus_t status) { return real<const char*>("cublasGetStatusString", status); }

cublasStatus_t cublasCreate_v2(cublasHandle_t* handle) { return real<cublasStatus_t>("cublasCreate_v2", handle); }

cublasStatus_t cublasDestroy_v2(cublasHandle_t handle) { return real<cublasStatus_t>("cublasDestroy_v2", handle); }

cublasStatus_t cublasSetStream_v2(cublasHandle_t handle, cudaStream_t stream) {
  return real<cublasStatus_t>("cublasSetStream_v2", handle, stream);
}

cublasStatus_t cublasSetWorkspace_v2(cublasHandle_t handle, void* workspace, std::size_t bytes) {
  return real<cublasStatus_t>("cublasSetWorkspace_v2", handle, workspace, bytes);
}

cublasStatus_t cublasSetPointerMode_v2(cublasHandle_t handle, cublasPointerMode_t mode) {
  return real<cublasStatus_t>("cublasSetPointerMode_v2", handle, mode);
}

cublasStatus_t cublasSetAtomicsMode(cublasHandle_t handle, cublasAtomicsMode_t mode) {
  return real<cublasStatus_t>("cublasSetAtomicsMode", handle, mode);
}

cublasStatus_t cublasGemmStridedBatchedEx(cublasHandle_t handle, cublasOperation_t a_operation,
                                          cublasOperation_t b_operation, int m, int n, int k, const void* alpha,
                                          const void* a, cudaDataType a_type, int a_step, long long a_stride,
                                          const void* b, cudaDataType b_type, int b_step, long long b_stride,
                                          const void* beta, void* c, cudaDataType c_type, int c_step,
                                          long long c_stride, int count, cublasComputeType_t type,
                                          cublasGemmAlgo_t algorithm) {
  return real<cublasStatus_t>("cublasGemmStridedBatchedEx", handle, a_operation, b_operation, m, n, k, alpha, a, a_type,
                              a_step, a_stride, b, b_type, b_step, b_stride, beta, c, c_type, c_step, c_stride, count,
                              type, algorithm);
}

}  // extern "C"
