# The warnings that our own tests, examples and benchmarks are compiled with; users of the library never see them.
add_library(deconvviz_warnings INTERFACE)
if(CMAKE_CXX_COMPILER_ID MATCHES "GNU|Clang")
  target_compile_options(deconvviz_warnings INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror)
endif()
