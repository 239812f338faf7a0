# deconvviz_headers: one generated source per header, which includes that header first and then once more. It compiles
# if the header includes what it needs and guards itself. Not built by default in presets that only run tests.
file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE "${PROJECT_SOURCE_DIR}/include"
     "${PROJECT_SOURCE_DIR}/include/deconvviz/*.hpp")
if(DECONVVIZ_TEST_HEADERS STREQUAL "PUBLIC")
  list(FILTER headers EXCLUDE REGEX "/detail/")
endif()
if(NOT TARGET deconvviz::onnx)
  list(FILTER headers EXCLUDE REGEX "/onnx")
endif()
find_package(nlohmann_json QUIET)
if(NOT nlohmann_json_FOUND)
  list(FILTER headers EXCLUDE REGEX "/safetensors")
endif()
set(sources "")
foreach(header IN LISTS headers)
  string(REGEX REPLACE "[/.]" "_" name "${header}")
  set(source "${CMAKE_CURRENT_BINARY_DIR}/headers/${name}.cpp")
  file(CONFIGURE OUTPUT "${source}" CONTENT "#include \"@header@\"\n#include \"@header@\"\n" @ONLY)
  list(APPEND sources "${source}")
endforeach()

add_library(deconvviz_headers OBJECT ${sources})
target_link_libraries(deconvviz_headers PRIVATE deconvviz::deconvviz deconvviz_warnings
                      $<TARGET_NAME_IF_EXISTS:deconvviz::onnx>
                      $<TARGET_NAME_IF_EXISTS:nlohmann_json::nlohmann_json>)
target_compile_options(deconvviz_headers PRIVATE -O0)
