# The kernels compiled for CUDA: <build>/cuda/kernels.fatbin, and beside it what ptxas says of registers and spills on
# each architecture (ptxas.log), which tests/cuda_compile_test.sh judges.
#
# The compiler is called directly, so that its log is at hand and no CUDA is needed to configure. It translates to PTX of
# the oldest architecture once, which costs most, and assembles that for each. Device code alone: the host's half of the
# same source is not needed before something is launched.
set(ALFI_CUDA_ARCHITECTURES 80 90 100)

set(ALFI_NVCC)
if(NOT ALFI_CUDA STREQUAL "OFF")
  find_program(ALFI_NVCC_PROGRAM nvcc HINTS ENV CUDA_PATH ENV CUDA_HOME PATHS /usr/local/cuda PATH_SUFFIXES bin)
  if(ALFI_NVCC_PROGRAM)
    set(ALFI_NVCC ${ALFI_NVCC_PROGRAM})
  elseif(NOT ALFI_CUDA STREQUAL "AUTO")
    message(FATAL_ERROR "ALFI_CUDA is ${ALFI_CUDA}, but there is no nvcc in PATH, CUDA_PATH or /usr/local/cuda/bin")
  endif()
endif()
if(NOT ALFI_NVCC)
  return()
endif()

set(alfi_cuda_folder ${PROJECT_BINARY_DIR}/cuda)
file(MAKE_DIRECTORY ${alfi_cuda_folder})
list(GET ALFI_CUDA_ARCHITECTURES 0 oldest)
list(TRANSFORM ALFI_CUDA_ARCHITECTURES PREPEND sm_ OUTPUT_VARIABLE machines)
list(JOIN machines "," machines)
# Suppressed: GCC's unrolling pragmas, and a conversion to itself that a template's instance has.
add_custom_command(
  OUTPUT ${alfi_cuda_folder}/kernels.fatbin ${alfi_cuda_folder}/ptxas.log
  COMMAND bash ${PROJECT_SOURCE_DIR}/cmake/nvcc.sh ${alfi_cuda_folder}/ptxas.log ${ALFI_NVCC} -std=c++20 --fmad=false -O3
          --expt-relaxed-constexpr -Xptxas -v -gencode arch=compute_${oldest},code=[${machines}]
          -I${PROJECT_SOURCE_DIR} -I${PROJECT_SOURCE_DIR}/include -ccbin ${CMAKE_CXX_COMPILER} -diag-suppress 554,1675
          -MD -MF ${alfi_cuda_folder}/kernels.d -fatbin ${PROJECT_SOURCE_DIR}/kernels/kernels.cu
          -o ${alfi_cuda_folder}/kernels.fatbin
  DEPENDS ${PROJECT_SOURCE_DIR}/kernels/kernels.cu ${PROJECT_SOURCE_DIR}/cmake/nvcc.sh
  DEPFILE ${alfi_cuda_folder}/kernels.d
  COMMENT "Compiling the kernels for CUDA, ${machines}"
  VERBATIM)
if(ALFI_BUILD_TESTS)
  set(alfi_cuda_all ALL)
endif()
add_custom_target(alfi_cuda_kernels ${alfi_cuda_all} DEPENDS ${alfi_cuda_folder}/kernels.fatbin)
