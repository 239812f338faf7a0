# Finds the stb headers, which come without a CMake package of their own: Stb_FOUND and the target Stb::Stb, for
# sources that write #include <stb/stb_image_write.h>.
find_path(Stb_INCLUDE_DIR NAMES stb/stb_image_write.h DOC "The folder that holds stb/stb_image_write.h")
mark_as_advanced(Stb_INCLUDE_DIR)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Stb REQUIRED_VARS Stb_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "Install libstb-dev, or set Stb_INCLUDE_DIR to the folder that holds stb/stb_image_write.h.")

if(Stb_FOUND AND NOT TARGET Stb::Stb)
  add_library(Stb::Stb INTERFACE IMPORTED)
  set_target_properties(Stb::Stb PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${Stb_INCLUDE_DIR}")
endif()
