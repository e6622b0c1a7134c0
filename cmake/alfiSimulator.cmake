# alfi_add_simulator(NAME HEADER): compiles a header of a simulator of one's own to NAME.alfi.so in the current binary folder,
# for a configuration's simulator.module. The target NAME is part of all; its property ALFI_MODULE is the file.
function(alfi_add_simulator name header)
  cmake_path(ABSOLUTE_PATH header BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR} NORMALIZE OUTPUT_VARIABLE source)
  set(module ${CMAKE_CURRENT_BINARY_DIR}/${name}.alfi.so)
  add_custom_command(
    OUTPUT ${module}
    COMMAND alfi::alfi_cli simulator build ${source} --out ${module}
    DEPENDS ${source} alfi::alfi_cli
    COMMENT "Compiling the simulator ${header}"
    VERBATIM)
  add_custom_target(${name} ALL DEPENDS ${module})
  set_target_properties(${name} PROPERTIES ALFI_MODULE ${module})
endfunction()
