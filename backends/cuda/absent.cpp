// Stands in for the engine in a build without CUDA.
#include "backends/cuda/engine.hpp"

namespace tephra {

bool cuda_engine_built() {
    return false;
}

Result<std::unique_ptr<CudaEngine>> make_cuda_engine(std::shared_ptr<const Deployment>, const CudaEngineOptions&) {
    return fail(ErrorCode::device, "this program was built without CUDA", "cuda",
                "engines here: native, golden; install the CUDA toolkit and build again for cuda");
}

}  // namespace tephra
