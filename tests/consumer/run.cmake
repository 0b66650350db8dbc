# cmake -D BUILD=dir -D WORK=dir -D COMPILER=c++ -D FLAGS=... -D MODEL=file -P run.cmake
# Installs the build to a fresh prefix, then configures, builds and runs the consumer against that prefix alone.
file(REMOVE_RECURSE ${WORK})
function(step)
    execute_process(COMMAND ${ARGN} COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY)
endfunction()
step(${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/prefix)
step(${CMAKE_COMMAND} -G Ninja -S ${CMAKE_CURRENT_LIST_DIR} -B ${WORK}/build -D CMAKE_PREFIX_PATH=${WORK}/prefix
     -D CMAKE_CXX_COMPILER=${COMPILER} -D CMAKE_CXX_FLAGS=${FLAGS} -D CMAKE_FIND_USE_PACKAGE_REGISTRY=OFF)
step(${CMAKE_COMMAND} --build ${WORK}/build)
step(${WORK}/build/consumer ${MODEL} kapoho-point)

# The installed program finds the data that was installed beside it, wherever the prefix lies.
file(RENAME ${WORK}/prefix/share/tephra/machines/kapoho-point.json ${WORK}/prefix/share/tephra/machines/only-here.json)
step(${WORK}/prefix/bin/tephra map ${MODEL} --machine only-here)
