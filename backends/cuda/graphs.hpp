#pragma once
// Graphs of kernels, recorded once and launched again.
#include <cuda_runtime_api.h>

#include <map>

namespace tephra::cuda {

class GraphCache {
public:
    GraphCache() = default;
    GraphCache(const GraphCache&) = delete;
    GraphCache& operator=(const GraphCache&) = delete;
    ~GraphCache() { clear(); }
    void clear() {
        for (auto& [key, graph] : graphs_) static_cast<void>(cudaGraphExecDestroy(graph));
        graphs_.clear();
    }
    /// Launches the graph of `key`, recording it first by `enqueue(stream)` where it is new.
    template <typename Enqueue>
    cudaError_t launch(int key, cudaStream_t stream, const Enqueue& enqueue) {
        const auto found = graphs_.find(key);
        if (found != graphs_.end()) return cudaGraphLaunch(found->second, stream);
        cudaGraph_t graph = nullptr;
        cudaGraphExec_t executable = nullptr;
        cudaError_t status = cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal);
        if (status != cudaSuccess) return status;
        enqueue(stream);
        status = cudaStreamEndCapture(stream, &graph);
        if (status != cudaSuccess) return status;
        status = cudaGraphInstantiate(&executable, graph, 0);
        static_cast<void>(cudaGraphDestroy(graph));
        if (status != cudaSuccess) return status;
        graphs_[key] = executable;
        return cudaGraphLaunch(executable, stream);
    }

private:
    std::map<int, cudaGraphExec_t> graphs_;
};

}  // namespace tephra::cuda
