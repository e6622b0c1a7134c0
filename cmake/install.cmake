# The installed library: find_package(alfi), then target_link_libraries(app PRIVATE alfi::alfi); or pkg-config alfi.
include(CMakePackageConfigHelpers)

set(alfi_cmake_folder ${CMAKE_INSTALL_LIBDIR}/cmake/alfi)
install(TARGETS alfi EXPORT alfi_targets FILE_SET HEADERS)
install(TARGETS alfi_cli EXPORT alfi_targets)
install(EXPORT alfi_targets FILE alfiTargets.cmake NAMESPACE alfi:: DESTINATION ${alfi_cmake_folder})
configure_package_config_file(cmake/alfiConfig.cmake.in ${PROJECT_BINARY_DIR}/alfiConfig.cmake
                              INSTALL_DESTINATION ${alfi_cmake_folder})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/alfiConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/alfiConfig.cmake ${PROJECT_BINARY_DIR}/alfiConfigVersion.cmake cmake/alfiSimulator.cmake
        DESTINATION ${alfi_cmake_folder})

# There is no shared library, so that whoever links this one links what it needs, too.
set(alfi_pkgconfig_folder ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
file(RELATIVE_PATH alfi_prefix /${alfi_pkgconfig_folder} /)
set(alfi_more_libraries "-lpthread -ldl")
if(ALFI_HAS_CUDA)
  cmake_path(GET CUDA_cudart_static_LIBRARY PARENT_PATH folder)
  string(PREPEND alfi_more_libraries "-L${folder} -Wl,-rpath,${folder} -lcudart_static -lcublas -lrt ")
endif()
configure_file(cmake/alfi.pc.in ${PROJECT_BINARY_DIR}/alfi.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/alfi.pc DESTINATION ${alfi_pkgconfig_folder})
