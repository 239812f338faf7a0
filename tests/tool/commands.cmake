# cmake -D TOOL=… -D SOURCE_DIR=… -D WORK_DIR=… -P commands.cmake: every command of the tool on a small model: what it
# leaves with, what it says, what it writes. The numbers behind it are tested in tests/onnx.
cmake_minimum_required(VERSION 3.22)

set(model "${SOURCE_DIR}/tests/reference/onnx/plain.onnx")
set(image "${SOURCE_DIR}/tests/reference/onnx/plain.npy")
file(REMOVE_RECURSE "${WORK_DIR}")
file(MAKE_DIRECTORY "${WORK_DIR}")

# expect(STATUS PATTERN ARGUMENT …): the tool leaves with STATUS, and what it says, on both streams, matches PATTERN.
function(expect status pattern)
  execute_process(COMMAND "${TOOL}" ${ARGN} WORKING_DIRECTORY "${WORK_DIR}" RESULT_VARIABLE result
                  OUTPUT_VARIABLE output ERROR_VARIABLE errors)
  if(NOT result EQUAL status OR NOT "${output}${errors}" MATCHES "${pattern}")
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "deconvviz ${command}: expected ${status} and '${pattern}', got ${result} and\n${output}${errors}")
  endif()
endfunction()

# written(FILE …): each is there and not empty; nothing else is, of a file under way.
function(written)
  foreach(file IN LISTS ARGN)
    if(NOT EXISTS "${WORK_DIR}/${file}")
      message(FATAL_ERROR "expected the file ${file}")
    endif()
    file(SIZE "${WORK_DIR}/${file}" size)
    if(size EQUAL 0)
      message(FATAL_ERROR "${file} is empty")
    endif()
  endforeach()
endfunction()

expect(0 "Usage" --help)
foreach(command IN ITEMS info predict maps filters project occlude top)
  expect(0 "Example:\n  deconvviz ${command} " ${command} --help)
endforeach()

expect(0 "input \\(3,16,18\\).*/0/Conv +Conv2D +\\(8,16,18\\) +368 " info "${model}")
expect(0 "[0-9.]+ %  +[0-5]" predict "${model}" "${image}" --top 2 --npy scores.npy)
expect(0 "" maps "${model}" "${image}" --layer /1/Relu --out maps.png --npy maps.npy)
expect(0 "" filters "${model}" --out filters.png)
expect(0 "strongest unit of map 3" project "${model}" "${image}" --layer 7 --map 3 --out unit.png --npy unit.npy)
expect(0 "" project "${model}" "${image}" --layer /1/Relu --rule guided --overlap overwrite --seed-value one --npy all.npy)
expect(0 "" project "${model}" "${image}" --layer 7 --map 3 --unit 1,2 --npy at.npy)
expect(0 "with nothing hidden" occlude "${model}" "${image}" --patch 6 --stride 4 --out heat.png --npy heat.npy)
expect(0 "with nothing hidden" occlude "${model}" "${image}" --patch 6 --stride 4 --layer 7 --class 2 --out study.png)
expect(0 "" top "${model}" "${image}" --layer 7 --maps 0,2-4 --count 2 --out top.png --json top.json)
written(scores.npy maps.png maps.npy filters.png unit.png unit.npy all.npy at.npy heat.png heat.npy study.png top.png top.json)

# 1: an error, that says what was expected; 2: a wrong command line. Nothing is written then.
expect(1 "error: .*nothing.onnx: cannot be opened" info nothing.onnx)
expect(1 "expected an ONNX model" info "${CMAKE_CURRENT_LIST_FILE}")
expect(1 "there is no layer 'relu9'; the layers are 0 /0/Conv" maps "${model}" "${image}" --layer relu9 --out no.png)
expect(1 "has no map 12" project "${model}" "${image}" --layer 7 --map 12 --out no.png)
expect(1 "expected Y,X, got '3'" project "${model}" "${image}" --layer 7 --map 1 --unit 3 --out no.png)
expect(1 "expected a PNG or JPEG picture" predict "${model}" "${model}")
expect(1 "there is no class 6" occlude "${model}" "${image}" --class 6 --out no.png)
expect(1 "there is no folder" maps "${model}" "${image}" --layer 1 --out nowhere/no.png)
expect(1 "there is no folder" project missing.onnx "${image}" --layer 1 --npy nowhere/no.npy)  # before all work
expect(1 "expected Y,X, got '2-3,1'" project "${model}" "${image}" --layer 7 --map 1 --unit 2-3,1 --out no.png)
expect(2 "expected --out or --npy" maps "${model}" "${image}" --layer 1)
expect(2 "expected --out or --json" top "${model}" "${image}" --layer 1)
expect(2 "--map" project "${model}" "${image}" --layer 1 --unit 1,1 --out no.png)
expect(2 "--rule: expected deconvnet.guided.gradient, got 'other'" project "${model}" "${image}" --layer 1 --rule other
       --out no.png)
expect(2 "there is no command 'nonsense'; the commands are info, predict" nonsense)
expect(0 "[0-9.]+ %" predict --mean 0.5 --std 0.5,0.5,0.25 "${model}" "${image}")  # a list ends at its last comma
expect(2 "" )
if(EXISTS "${WORK_DIR}/no.png")
  message(FATAL_ERROR "a command that failed wrote a file")
endif()
