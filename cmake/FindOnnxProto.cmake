# Finds the messages of ONNX files, compiled for C++, and protobuf: OnnxProto_FOUND and the target OnnxProto::OnnxProto.
# On Debian these are libonnx-dev and libprotobuf-dev.
find_path(OnnxProto_INCLUDE_DIR NAMES onnx/onnx_pb.h DOC "The folder that holds onnx/onnx_pb.h")
find_library(OnnxProto_LIBRARY NAMES onnx_proto DOC "The library with the messages of ONNX files")
find_package(Protobuf QUIET MODULE)
mark_as_advanced(OnnxProto_INCLUDE_DIR OnnxProto_LIBRARY)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(OnnxProto REQUIRED_VARS OnnxProto_LIBRARY OnnxProto_INCLUDE_DIR Protobuf_FOUND
  REASON_FAILURE_MESSAGE "Install libonnx-dev and libprotobuf-dev.")

if(OnnxProto_FOUND AND NOT TARGET OnnxProto::OnnxProto)
  add_library(OnnxProto::OnnxProto UNKNOWN IMPORTED)
  set_target_properties(OnnxProto::OnnxProto PROPERTIES
    IMPORTED_LOCATION "${OnnxProto_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${OnnxProto_INCLUDE_DIR}"
    INTERFACE_COMPILE_DEFINITIONS "ONNX_NAMESPACE=onnx;ONNX_ML=1"
    INTERFACE_LINK_LIBRARIES protobuf::libprotobuf)
endif()
