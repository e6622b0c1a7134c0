# The CUDA backend: kernels/kernels.cu compiled by nvcc into libalfi.a, and the CUDA runtime it is launched with. Beside
# the object, <build>/cuda/ptxas.log is what ptxas says of registers and spills on each architecture, which
# tests/cuda_compile_test.sh judges.
#
# nvcc is called directly: its log is at hand, and no CUDA language is needed to configure. It translates to PTX of the
# oldest architecture once, which costs most, and assembles that for each.
set(ALFI_CUDA_ARCHITECTURES "80;90" CACHE STRING "CUDA architectures to build for; of the newest PTX is kept as well")

set(ALFI_NVCC)
if(NOT ALFI_CUDA STREQUAL "OFF")
  find_program(ALFI_NVCC_PROGRAM nvcc HINTS ENV CUDA_PATH ENV CUDA_HOME PATHS /usr/local/cuda PATH_SUFFIXES bin)
  if(ALFI_NVCC_PROGRAM)
    set(ALFI_NVCC ${ALFI_NVCC_PROGRAM})
  elseif(NOT ALFI_CUDA STREQUAL "AUTO")
    message(FATAL_ERROR "ALFI_CUDA is ${ALFI_CUDA}, but there is no nvcc in PATH, CUDA_PATH or /usr/local/cuda/bin")
  endif()
endif()
set(ALFI_HAS_CUDA OFF)
if(NOT ALFI_NVCC)
  target_sources(alfi PRIVATE src/cuda/no_runtime.cpp)
  return()
endif()

set(ALFI_HAS_CUDA ON)
cmake_path(GET ALFI_NVCC PARENT_PATH cuda_root)
cmake_path(GET cuda_root PARENT_PATH cuda_root)
set(CUDAToolkit_ROOT ${cuda_root})
find_package(CUDAToolkit REQUIRED)

set(alfi_cuda_folder ${PROJECT_BINARY_DIR}/cuda)
set(alfi_cuda_kernels ${alfi_cuda_folder}/kernels.o)
file(MAKE_DIRECTORY ${alfi_cuda_folder})
list(GET ALFI_CUDA_ARCHITECTURES 0 oldest)
list(GET ALFI_CUDA_ARCHITECTURES -1 newest)
list(TRANSFORM ALFI_CUDA_ARCHITECTURES PREPEND sm_ OUTPUT_VARIABLE machines)
list(JOIN machines "," machines)
# Suppressed: GCC's unrolling pragmas, and a conversion to itself that a template's instance has.
add_custom_command(
  OUTPUT ${alfi_cuda_kernels} ${alfi_cuda_folder}/ptxas.log
  COMMAND bash ${PROJECT_SOURCE_DIR}/cmake/nvcc.sh ${alfi_cuda_folder}/ptxas.log ${ALFI_NVCC} -std=c++20 --fmad=false -O3
          --expt-relaxed-constexpr -Xptxas -v -gencode arch=compute_${oldest},code=[${machines},compute_${oldest}]
          -I${PROJECT_SOURCE_DIR} -I${PROJECT_SOURCE_DIR}/include -ccbin ${CMAKE_CXX_COMPILER} -diag-suppress 554,1675
          -MD -MF ${alfi_cuda_folder}/kernels.d -c ${PROJECT_SOURCE_DIR}/kernels/kernels.cu -o ${alfi_cuda_kernels}
  DEPENDS ${PROJECT_SOURCE_DIR}/kernels/kernels.cu ${PROJECT_SOURCE_DIR}/cmake/nvcc.sh
  DEPFILE ${alfi_cuda_folder}/kernels.d
  COMMENT "Compiling the kernels for CUDA, ${machines}"
  VERBATIM)
set_source_files_properties(${alfi_cuda_kernels} PROPERTIES EXTERNAL_OBJECT ON GENERATED ON)
target_sources(alfi PRIVATE src/cuda/device_runtime.cpp ${alfi_cuda_kernels})
target_link_libraries(alfi PRIVATE CUDA::cudart_static)
