# What the docs say is checked too: the README's example is the one that is compiled, and every citation resolves.
foreach(name IN ITEMS readme_example references)
  add_test(NAME ${name} COMMAND "${CMAKE_COMMAND}" -D "SOURCE_DIR=${PROJECT_SOURCE_DIR}"
           -P "${CMAKE_CURRENT_LIST_DIR}/${name}.cmake")
endforeach()
