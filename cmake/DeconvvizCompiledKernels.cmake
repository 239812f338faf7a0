# deconvviz_compiled_kernels: all kernels, for float and double and each instruction set, compiled once for our own tests
# and examples instead of in each of their files. Users need no such thing: the library is header-only.
if(NOT TARGET deconvviz_compiled_kernels)
  set(folder "${PROJECT_SOURCE_DIR}/tests/support")
  add_library(deconvviz_compiled_kernels STATIC "${folder}/kernels_float.cpp" "${folder}/kernels_double.cpp")
  target_compile_options(deconvviz_compiled_kernels INTERFACE "SHELL:-include \"${folder}/compiled_kernels.hpp\"")
  target_link_libraries(deconvviz_compiled_kernels PUBLIC deconvviz::deconvviz PRIVATE deconvviz_warnings)
endif()
