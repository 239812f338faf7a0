# cmake -D TARGET=… -D CORPUS=… -D FOLDER=… -P run.cmake: has a fuzz target read its corpus, and mutate it for three
# seconds. What is found stays in FOLDER.
cmake_minimum_required(VERSION 3.22)

file(REMOVE_RECURSE "${FOLDER}")
file(MAKE_DIRECTORY "${FOLDER}/new" "${FOLDER}/tmp")
set(ENV{TMPDIR} "${FOLDER}/tmp")
# libFuzzer writes what is new into the first folder alone: the corpus stays as it is.
execute_process(COMMAND "${TARGET}" -max_total_time=2 -seed=1 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1
                        "-artifact_prefix=${FOLDER}/" "${FOLDER}/new" "${CORPUS}"
                ERROR_VARIABLE log RESULT_VARIABLE result)
message("${log}")
if(NOT result EQUAL 0)
  message(FATAL_ERROR "${TARGET}: a finding; the input that makes it is in ${FOLDER}")
endif()
