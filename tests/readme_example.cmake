# cmake -D SOURCE_DIR=… -P readme_example.cmake: is the first C++ example of README.md, to the character,
# examples/minimal.cpp, which is compiled and run?
cmake_minimum_required(VERSION 3.22)

file(READ "${SOURCE_DIR}/README.md" readme)
file(READ "${SOURCE_DIR}/examples/minimal.cpp" source)

string(FIND "${readme}" "\n```cpp\n" begin)
if(begin EQUAL -1)
  message(FATAL_ERROR "README.md: expected a block that begins with ```cpp, found none")
endif()
math(EXPR begin "${begin} + 8")
string(SUBSTRING "${readme}" ${begin} -1 example)
string(FIND "${example}" "\n```\n" end)
if(end EQUAL -1)
  message(FATAL_ERROR "README.md: the first ```cpp block has no end")
endif()
math(EXPR end "${end} + 1")  # with the newline of its last line
string(SUBSTRING "${example}" 0 ${end} example)

if(NOT example STREQUAL source)
  message(FATAL_ERROR "README.md: expected the first ```cpp block to be examples/minimal.cpp, got\n${example}")
endif()
message(STATUS "the example in README.md is examples/minimal.cpp")
