# Installs the program, the libraries with headers, and an exported CMake package (find_package(tephra)).
include(CMakePackageConfigHelpers)
install(TARGETS tephra RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT program)
install(TARGETS tephra_core tephra_neuro tephra_mapper tephra_simulator EXPORT tephra-targets
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
foreach(folder core neuro mapper simulator)
    install(DIRECTORY ${folder}/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/tephra/${folder}
            FILES_MATCHING PATTERN "*.hpp" PATTERN "*-inl.hpp" EXCLUDE)
endforeach()
install(DIRECTORY machines DESTINATION ${CMAKE_INSTALL_DATADIR}/tephra COMPONENT data)
install(DIRECTORY models/pilotnet-lif DESTINATION ${CMAKE_INSTALL_DATADIR}/tephra/models COMPONENT data)
install(DIRECTORY benchmarks/baselines DESTINATION ${CMAKE_INSTALL_DATADIR}/tephra/benchmarks COMPONENT data)
install(DIRECTORY validation DESTINATION ${CMAKE_INSTALL_DATADIR}/tephra COMPONENT data PATTERN README.md EXCLUDE)
install(EXPORT tephra-targets NAMESPACE tephra:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/tephra)
configure_package_config_file(cmake/tephra-config.cmake.in ${PROJECT_BINARY_DIR}/tephra-config.cmake
    INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/tephra)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/tephra-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/tephra-config.cmake ${PROJECT_BINARY_DIR}/tephra-config-version.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/tephra)
