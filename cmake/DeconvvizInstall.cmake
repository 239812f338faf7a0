# `cmake --install`: the headers, and a package that find_package(deconvviz) finds.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_dir "${CMAKE_INSTALL_DATADIR}/cmake/deconvviz")

install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/deconvviz" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
        FILES_MATCHING PATTERN "*.hpp" PATTERN "*.inl")
install(TARGETS deconvviz EXPORT deconvvizTargets INCLUDES DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(EXPORT deconvvizTargets NAMESPACE deconvviz:: DESTINATION "${package_dir}")

configure_package_config_file("${CMAKE_CURRENT_LIST_DIR}/deconvvizConfig.cmake.in"
  "${PROJECT_BINARY_DIR}/deconvvizConfig.cmake" INSTALL_DESTINATION "${package_dir}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/deconvvizConfigVersion.cmake"
  COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES "${PROJECT_BINARY_DIR}/deconvvizConfig.cmake" "${PROJECT_BINARY_DIR}/deconvvizConfigVersion.cmake"
  "${CMAKE_CURRENT_LIST_DIR}/FindStb.cmake" "${CMAKE_CURRENT_LIST_DIR}/FindOnnxProto.cmake"
  DESTINATION "${package_dir}")
