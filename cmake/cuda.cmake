# The kernels compiled for CUDA, once per architecture: <build>/cuda/kernels_sm_NN.cubin, and beside it what ptxas says
# about registers and spills (kernels_sm_NN.log). tests/cuda_compile_test.sh judges the latter.
#
# The compiler is called directly: one log an architecture, and no CUDA is needed to configure. Device code alone: the
# host's half of the same source would cost half as much time again.
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
set(alfi_cuda_objects)
foreach(architecture IN LISTS ALFI_CUDA_ARCHITECTURES)
  set(stem ${alfi_cuda_folder}/kernels_sm_${architecture})
  add_custom_command(
    OUTPUT ${stem}.cubin ${stem}.log
    COMMAND bash ${PROJECT_SOURCE_DIR}/cmake/nvcc.sh ${stem}.log ${ALFI_NVCC} -std=c++20 --fmad=false -O3
            --expt-relaxed-constexpr -Xptxas -v -arch=sm_${architecture} -I${PROJECT_SOURCE_DIR}
            -I${PROJECT_SOURCE_DIR}/include -ccbin ${CMAKE_CXX_COMPILER} -diag-suppress 554,1675 -MD -MF ${stem}.d -cubin
            ${PROJECT_SOURCE_DIR}/kernels/kernels.cu -o ${stem}.cubin
    DEPENDS ${PROJECT_SOURCE_DIR}/kernels/kernels.cu ${PROJECT_SOURCE_DIR}/cmake/nvcc.sh
    DEPFILE ${stem}.d
    COMMENT "Compiling the kernels for CUDA, sm_${architecture}"
    VERBATIM)
  list(APPEND alfi_cuda_objects ${stem}.cubin)
endforeach()
if(ALFI_BUILD_TESTS)
  set(alfi_cuda_all ALL)
endif()
add_custom_target(alfi_cuda_kernels ${alfi_cuda_all} DEPENDS ${alfi_cuda_objects})
