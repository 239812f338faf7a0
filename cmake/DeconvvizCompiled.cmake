# deconvviz_compiled: kernels (for each instruction set), layers and models, for float and double, compiled once for our
# own tests and examples instead of in each of their files. Users need no such thing: the library is header-only. What
# links it begins with compiled.hpp, precompiled (tests/CMakeLists.txt, examples/CMakeLists.txt).
set(DECONVVIZ_COMPILED_HEADER "${PROJECT_SOURCE_DIR}/tests/support/compiled.hpp")
if(NOT TARGET deconvviz_compiled)
  set(folder "${PROJECT_SOURCE_DIR}/tests/support")
  add_library(deconvviz_compiled STATIC "${folder}/kernels_float.cpp" "${folder}/kernels_double.cpp"
              "${folder}/models_float.cpp" "${folder}/models_double.cpp")
  target_link_libraries(deconvviz_compiled PUBLIC deconvviz::deconvviz PRIVATE deconvviz_warnings)
endif()
