# deconvviz_compiled_kernels: all kernels, for float and double and each instruction set, compiled once for our own tests
# and examples instead of in each of their files. Users need no such thing: the library is header-only. What links it
# begins with compiled_kernels.hpp, precompiled (tests/CMakeLists.txt, examples/CMakeLists.txt).
set(DECONVVIZ_COMPILED_KERNELS "${PROJECT_SOURCE_DIR}/tests/support/compiled_kernels.hpp")
if(NOT TARGET deconvviz_compiled_kernels)
  set(folder "${PROJECT_SOURCE_DIR}/tests/support")
  add_library(deconvviz_compiled_kernels STATIC "${folder}/kernels_float.cpp" "${folder}/kernels_double.cpp")
  target_link_libraries(deconvviz_compiled_kernels PUBLIC deconvviz::deconvviz PRIVATE deconvviz_warnings)
endif()
