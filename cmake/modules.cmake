# Simulators compiled by themselves. A module carries the stamp of the headers that it was compiled with, and is loaded only
# where it is the library's own.
file(GLOB_RECURSE alfi_kit RELATIVE ${PROJECT_SOURCE_DIR} CONFIGURE_DEPENDS kernels/*.hpp kernels/launch/module_*.cpp
     kernels/launch/module_*.cu)
list(APPEND alfi_kit include/alfi/choices.hpp include/alfi/prior.hpp)
list(SORT alfi_kit)
set(stamp "${PROJECT_VERSION} ${CMAKE_SYSTEM_PROCESSOR}")
foreach(file IN LISTS alfi_kit)
  file(SHA256 ${PROJECT_SOURCE_DIR}/${file} hash)
  string(APPEND stamp "${file} ${hash}\n")
endforeach()
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${alfi_kit})
string(SHA256 stamp "${stamp}")
set(alfi_generated ${PROJECT_BINARY_DIR}/generated)
file(CONFIGURE OUTPUT ${alfi_generated}/alfi/stamp.hpp CONTENT "#define ALFI_STAMP \"@stamp@\"\n" @ONLY)

target_include_directories(alfi PRIVATE ${alfi_generated})
target_link_libraries(alfi PRIVATE ${CMAKE_DL_LIBS})
set_source_files_properties(
  src/simulators/compilation.cpp
  PROPERTIES COMPILE_DEFINITIONS
             "ALFI_KIT=\"${PROJECT_SOURCE_DIR}\";ALFI_GENERATED=\"${alfi_generated}\";ALFI_CXX=\"${CMAKE_CXX_COMPILER}\";ALFI_NVCC=\"${ALFI_NVCC}\"")

set(alfi_kit_folder ${CMAKE_INSTALL_DATADIR}/alfi)
install(DIRECTORY kernels DESTINATION ${alfi_kit_folder} FILES_MATCHING PATTERN "*.hpp" PATTERN "module_*.c*")
install(FILES include/alfi/choices.hpp include/alfi/prior.hpp ${alfi_generated}/alfi/stamp.hpp DESTINATION ${alfi_kit_folder}/include/alfi)
