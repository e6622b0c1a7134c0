# alfi_add_simulator(NAME HEADER [STATIC]): compiles a header of a simulator of one's own.
#
# To NAME.alfi.so in the current binary folder, for a configuration's simulator.module; the target NAME is part of all, and
# its property ALFI_MODULE is the file. With STATIC NAME is a library: what links it has the simulator by its name, for
# simulator.name.
function(alfi_add_simulator name header)
  cmake_parse_arguments(PARSE_ARGV 2 argument "STATIC" "" "")
  cmake_path(ABSOLUTE_PATH header BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR} NORMALIZE OUTPUT_VARIABLE source)
  set(file ${CMAKE_CURRENT_BINARY_DIR}/${name}.alfi.so)
  set(as)
  if(argument_STATIC)
    set(file ${CMAKE_CURRENT_BINARY_DIR}/${name}.alfi.o)
    set(as --static)
  endif()
  add_custom_command(
    OUTPUT ${file}
    COMMAND alfi::alfi_cli simulator build ${source} ${as} --out ${file}
    DEPENDS ${source} alfi::alfi_cli
    COMMENT "Compiling the simulator ${header}"
    VERBATIM)
  if(argument_STATIC)
    set_source_files_properties(${file} PROPERTIES EXTERNAL_OBJECT TRUE GENERATED TRUE)
    add_custom_target(${name}_object DEPENDS ${file})
    add_library(${name} INTERFACE)
    add_dependencies(${name} ${name}_object)
    target_sources(${name} INTERFACE ${file})
    target_link_libraries(${name} INTERFACE alfi::alfi)
  else()
    add_custom_target(${name} ALL DEPENDS ${file})
    set_target_properties(${name} PROPERTIES ALFI_MODULE ${file})
  endif()
endfunction()
