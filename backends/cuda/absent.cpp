// Stands in for the engine in a build without CUDA.
#include "backends/cuda/engine.hpp"

namespace tephra {

bool cuda_engine_built() {
    return false;
}

namespace {

tl::unexpected<Error> absent() {
    return fail(ErrorCode::device, "this program was built without CUDA", "cuda",
                "engines here: native, golden; install the CUDA toolkit and build again for cuda");
}

}  // namespace

Result<std::string> cuda_bus_id() {
    return absent();
}

// The engine that this stands in for keeps its model.
// NOLINTNEXTLINE(performance-unnecessary-value-param)
Result<std::unique_ptr<CudaEngine>> make_cuda_engine(std::shared_ptr<const Deployment>, const CudaEngineOptions&) {
    return absent();
}

}  // namespace tephra
