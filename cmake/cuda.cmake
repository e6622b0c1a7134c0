# The CUDA backend: kernels/launch/kernels.cu and src/backends/cuda/thrust_statistics.cu compiled by nvcc into libalfi.a, and the CUDA
# runtime they are launched with; cuBLAS for encoders too wide for these kernels, a shared library, as its static one is
# 500 MB of every program. Beside the objects are logs of what ptxas says of registers and spills on each architecture;
# that of the kernels, <build>/cuda/kernels.log, is judged by tests/machine_code/cuda_compile_test.sh.
#
# nvcc is called directly: its log is at hand, and no CUDA language is needed to configure. Translating to PTX costs most,
# so it is done three times at most: for the newest architecture, whose PTX is kept for those to come; for the oldest,
# which is assembled for all the others; and for sm_90, whose PTX is kept for those between it and the newest.
set(ALFI_CUDA_ARCHITECTURES "80;90" CACHE STRING
                                          "CUDA architectures to build for; of the newest, and of 90, PTX is kept as well")
# The first toolkit that loads kernels of a file at run time (cudaLibraryLoadData), as modules of simulators need.
set(alfi_oldest_toolkit 12.8)
# The kernels as PTX, for the tests that interpret it (tests/ptx): of a common architecture, and of one that another
# generation of the compiler translates.
set(alfi_ptx_architectures 90 120)

set(ALFI_NVCC)
if(ALFI_CUDA)
  find_program(ALFI_NVCC_PROGRAM nvcc HINTS ENV CUDA_PATH ENV CUDA_HOME PATHS /usr/local/cuda PATH_SUFFIXES bin)
  if(ALFI_NVCC_PROGRAM)
    set(ALFI_NVCC ${ALFI_NVCC_PROGRAM})
  elseif(NOT ALFI_CUDA STREQUAL "AUTO")
    message(FATAL_ERROR "ALFI_CUDA is ${ALFI_CUDA}, but there is no nvcc in PATH, CUDA_PATH or /usr/local/cuda/bin")
  endif()
endif()
if(ALFI_NVCC)
  cmake_path(GET ALFI_NVCC PARENT_PATH cuda_root)
  cmake_path(GET cuda_root PARENT_PATH cuda_root)
  set(CUDAToolkit_ROOT ${cuda_root})
  find_package(CUDAToolkit REQUIRED)
  if(CUDAToolkit_VERSION VERSION_LESS alfi_oldest_toolkit)
    set(too_old "${ALFI_NVCC} is of CUDA ${CUDAToolkit_VERSION}; alfi needs ${alfi_oldest_toolkit} or later")
    if(NOT ALFI_CUDA STREQUAL "AUTO")
      message(FATAL_ERROR "${too_old}")
    endif()
    message(WARNING "${too_old}, and is built for the CPU alone")
    set(ALFI_NVCC)
  endif()
endif()
set(ALFI_HAS_CUDA OFF)
if(NOT ALFI_NVCC)
  target_sources(alfi PRIVATE src/backends/cuda/no_runtime.cpp)
  return()
endif()

set(ALFI_HAS_CUDA ON)
set(alfi_cuda_folder ${PROJECT_BINARY_DIR}/cuda)
file(MAKE_DIRECTORY ${alfi_cuda_folder})

# The architectures, checked, in order.
execute_process(COMMAND ${ALFI_NVCC} --list-gpu-code OUTPUT_VARIABLE known COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "[0-9]+" known "${known}")
if(NOT ALFI_CUDA_ARCHITECTURES MATCHES "^[0-9]+(;[0-9]+)*$")
  message(FATAL_ERROR "ALFI_CUDA_ARCHITECTURES is \"${ALFI_CUDA_ARCHITECTURES}\"; it is a list of numbers between "
                      "semicolons, such as \"80;90\"; ${ALFI_NVCC} knows ${known}")
endif()
foreach(architecture IN LISTS ALFI_CUDA_ARCHITECTURES)
  if(NOT architecture IN_LIST known)
    message(FATAL_ERROR "ALFI_CUDA_ARCHITECTURES names ${architecture}; ${ALFI_NVCC} knows ${known}")
  endif()
endforeach()
set(alfi_architectures ${ALFI_CUDA_ARCHITECTURES})
list(REMOVE_DUPLICATES alfi_architectures)
list(SORT alfi_architectures COMPARE NATURAL)
list(JOIN alfi_architectures ", " architectures_text)
list(POP_BACK alfi_architectures newest)
set(generate -gencode arch=compute_${newest},code=[sm_${newest},compute_${newest}])
if(90 IN_LIST alfi_architectures)
  list(APPEND generate -gencode arch=compute_90,code=compute_90)
endif()
if(alfi_architectures)
  list(GET alfi_architectures 0 oldest)
  list(TRANSFORM alfi_architectures PREPEND sm_ OUTPUT_VARIABLE machines)
  list(JOIN machines "," machines)
  list(PREPEND generate -gencode arch=compute_${oldest},code=[${machines}])
endif()

# Suppressed: GCC's unrolling pragmas, and a conversion to itself that a template's instance has.
set(alfi_nvcc_flags -std=c++20 --fmad=false -O3 --expt-relaxed-constexpr -I${PROJECT_SOURCE_DIR}
                    -I${PROJECT_SOURCE_DIR}/include -ccbin ${CMAKE_CXX_COMPILER} -diag-suppress 554,1675
                    -Xcompiler=-fPIC,-fvisibility=hidden)
function(alfi_add_cuda_source source)
  cmake_path(GET source STEM stem)
  set(result ${alfi_cuda_folder}/${stem})
  add_custom_command(
    OUTPUT ${result}.o ${result}.log
    COMMAND bash ${PROJECT_SOURCE_DIR}/cmake/nvcc.sh ${result}.log ${ALFI_NVCC} ${alfi_nvcc_flags} -Xptxas -v
            ${generate} -MD -MF ${result}.d -c ${PROJECT_SOURCE_DIR}/${source} -o ${result}.o
    DEPENDS ${PROJECT_SOURCE_DIR}/${source} ${PROJECT_SOURCE_DIR}/cmake/nvcc.sh
    DEPFILE ${result}.d
    COMMENT "Compiling ${source} for CUDA architectures ${architectures_text}"
    VERBATIM)
  set_source_files_properties(${result}.o PROPERTIES EXTERNAL_OBJECT ON GENERATED ON)
  target_sources(alfi PRIVATE ${result}.o)
endfunction()
alfi_add_cuda_source(kernels/launch/kernels.cu)
alfi_add_cuda_source(src/backends/cuda/thrust_statistics.cu)
target_sources(alfi PRIVATE src/backends/cuda/device_runtime.cpp)
target_link_libraries(alfi PRIVATE CUDA::cudart_static CUDA::cublas)

set(alfi_ptx_files)
if(ALFI_BUILD_TESTS)
  foreach(architecture IN LISTS alfi_ptx_architectures)
    set(result ${alfi_cuda_folder}/kernels_sm_${architecture})
    add_custom_command(
      OUTPUT ${result}.ptx
      COMMAND bash ${PROJECT_SOURCE_DIR}/cmake/nvcc.sh ${result}.log ${ALFI_NVCC} ${alfi_nvcc_flags} -ptx
              -arch=sm_${architecture} -MD -MF ${result}.d ${PROJECT_SOURCE_DIR}/kernels/launch/kernels.cu -o ${result}.ptx
      DEPENDS ${PROJECT_SOURCE_DIR}/kernels/launch/kernels.cu ${PROJECT_SOURCE_DIR}/cmake/nvcc.sh
      DEPFILE ${result}.d
      COMMENT "Translating kernels/launch/kernels.cu to PTX of sm_${architecture}"
      VERBATIM)
    list(APPEND alfi_ptx_files ${result}.ptx)
  endforeach()
endif()
add_custom_target(alfi_kernels_ptx DEPENDS ${alfi_ptx_files})
