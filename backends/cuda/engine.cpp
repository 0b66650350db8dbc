#include "backends/cuda/engine.hpp"

#include <algorithm>

#include "backends/cuda/engine_impl.hpp"
#include "backends/cuda/probe.hpp"
#include "backends/cuda/tap_copy.hpp"
#include "neuro/team.hpp"

namespace tephra {
namespace cuda {
namespace {

constexpr int prefill_chunk = 2048;  ///< tokens that go through the blocks together
constexpr int prompt_graph = 3;      ///< key of the graph of a whole chunk
constexpr int logit_chunk = 256;     ///< tokens whose logits are on the device together

}  // namespace

Result<void> CudaEngineImpl::initialise() {
    const auto code = compiled_code();
    if (!code) return tl::unexpected(code.error());
    if (auto ok = check_code(*code, info_.capability); !ok) return ok;
    if (auto ok = checked(stream_.status(), "create a stream"); !ok) return ok;
    auto uploaded = upload_model(*deployment_, options_.threads);
    if (!uploaded) return tl::unexpected(uploaded.error());
    model_ = std::move(*uploaded);
    if (auto ok = h_.allocate(static_cast<std::size_t>(options_.streams) * state_size()); !ok) return ok;
    if (auto ok = reserve(options_.streams, options_.streams); !ok) return ok;
    return options_.persistent ? decoder_.prepare(info_) : Result<void>();
}

CudaMemory CudaEngineImpl::memory() const {
    CudaMemory memory;
    memory.weights = model_.weights.bytes();
    memory.embeddings = model_.embeddings.bytes();
    memory.parameters = model_.gains.bytes() + model_.lower.bytes() + model_.device_blocks.bytes();
    memory.state = h_.bytes();
    memory.working = runner_.bytes() + decoder_.bytes() + prompt_state_.bytes();
    return memory;
}

Result<void> CudaEngineImpl::reserve(int tokens, int logit_rows) {
    if (tokens > runner_.capacity() || logit_rows > runner_.logit_rows()) graphs_.clear();
    return runner_.reserve(tokens, logit_rows);
}

Result<void> CudaEngineImpl::send_ids(std::span<const std::int32_t> ids, std::int32_t* to) {
    return checked(cudaMemcpyAsync(to, ids.data(), ids.size_bytes(), cudaMemcpyHostToDevice, stream_.get()),
                   "send tokens");
}

Result<void> CudaEngineImpl::fetch(std::span<std::int32_t> logits, const std::int32_t* from) {
    if (logits.empty()) return {};
    return checked(cudaMemcpyAsync(logits.data(), from, logits.size_bytes(), cudaMemcpyDeviceToHost, stream_.get()),
                   "fetch logits");
}

Result<void> CudaEngineImpl::finish(const char* what) {
    if (auto ok = checked(cudaGetLastError(), what); !ok) return ok;
    return checked(cudaStreamSynchronize(stream_.get()), what);
}

Result<void> CudaEngineImpl::decode(std::span<const std::int32_t> ids, std::span<std::int32_t> logits) {
    if (auto ok = check_decode(config(), streams(), ids, logits.size()); !ok) return ok;
    if (ids.empty()) return {};
    if (tap_) return decode_tapped(0, ids, logits);
    if (ids.size() == 1 && decoder_.ready()) return decode_persistent(ids[0], logits);
    return decode_batch(ids, logits);
}

Result<void> CudaEngineImpl::decode_persistent(std::int32_t id, std::span<std::int32_t> logits) {
    if (auto ok = decoder_.decode(id, h_.data(), !logits.empty(), stream_.get()); !ok) return ok;
    if (auto ok = fetch(logits, decoder_.logits()); !ok) return ok;
    return finish("decode");
}

Result<void> CudaEngineImpl::decode_batch(std::span<const std::int32_t> ids, std::span<std::int32_t> logits) {
    const int tokens = static_cast<int>(ids.size());
    if (auto ok = send_ids(ids, runner_.ids()); !ok) return ok;
    const bool head = !logits.empty();
    const cudaError_t status = graphs_.launch(4 * tokens + (head ? 1 : 0), stream_.get(), [&](cudaStream_t stream) {
        runner_.run_blocks(tokens, batch(), {}, stream);
        if (head) runner_.run_head(0, tokens, {}, stream);
    });
    if (auto ok = checked(status, "decode"); !ok) return ok;
    if (auto ok = fetch(logits, runner_.logits()); !ok) return ok;
    return finish("decode");
}

Result<void> CudaEngineImpl::decode_tapped(int stream, std::span<const std::int32_t> ids,
                                           std::span<std::int32_t> logits) {
    const int tokens = static_cast<int>(ids.size());
    if (auto ok = send_ids(ids, runner_.ids()); !ok) return ok;
    const BatchTap tap = copying_tap(tap_, stream, tokens, stream_.get());
    runner_.run_blocks(tokens, {false, state_of(stream), state_size()}, tap, stream_.get());
    if (!logits.empty()) runner_.run_head(0, tokens, tap, stream_.get());
    if (auto ok = fetch(logits, runner_.logits()); !ok) return ok;
    return finish("decode");
}

Result<void> CudaEngineImpl::prefill(int stream, std::span<const std::int32_t> ids, Logits which,
                                     std::span<std::int32_t> logits) {
    if (auto ok = check_prefill(config(), streams(), stream, ids, which, logits.size()); !ok) return ok;
    const bool all = which == Logits::all;
    if (!tap_) return prefill_chunked(stream, ids, which, logits);
    for (std::size_t t = 0; t < ids.size(); ++t) {  // taps show every token's state, so tokens go one by one
        const bool wanted = !logits.empty() && (all || t + 1 == ids.size());
        auto ok = decode_tapped(
            stream, ids.subspan(t, 1),
            wanted ? logits.subspan(all ? t * vocabulary() : 0, vocabulary()) : std::span<std::int32_t>());
        if (!ok) return ok;
    }
    return {};
}

/// Enqueues the blocks for the tokens of a prompt. Whole chunks replay a graph, which leaves shorter gaps between
/// kernels; it works on a state of its own, since graphs keep their addresses.
Result<void> CudaEngineImpl::run_prompt(int stream, int tokens) {
    if (tokens < prefill_chunk) {
        runner_.run_blocks(tokens, {true, state_of(stream), state_size()}, {}, stream_.get());
        return {};
    }
    if (prompt_state_.size() == 0)
        if (auto ok = prompt_state_.allocate(state_size()); !ok) return ok;
    const auto copy = [&](std::int32_t* to, const std::int32_t* from) {
        return checked(cudaMemcpyAsync(to, from, state_size() * sizeof(*to), cudaMemcpyDeviceToDevice, stream_.get()),
                       "copy a state");
    };
    if (auto ok = copy(prompt_state_.data(), state_of(stream)); !ok) return ok;
    const cudaError_t status = graphs_.launch(prompt_graph, stream_.get(), [&](cudaStream_t recording) {
        runner_.run_blocks(tokens, {true, prompt_state_.data(), state_size()}, {}, recording);
    });
    if (auto ok = checked(status, "run a prompt"); !ok) return ok;
    return copy(state_of(stream), prompt_state_.data());
}

Result<void> CudaEngineImpl::prefill_chunked(int stream, std::span<const std::int32_t> ids, Logits which,
                                             std::span<std::int32_t> logits) {
    const bool all = which == Logits::all && !logits.empty();
    const bool last = which == Logits::last && !logits.empty();
    const int longest = static_cast<int>(std::min<std::size_t>(ids.size(), prefill_chunk));
    if (auto ok = reserve(longest, all ? std::min(longest, logit_chunk) : 1); !ok) return ok;
    for (std::size_t begin = 0; begin < ids.size(); begin += prefill_chunk) {
        const auto part = ids.subspan(begin, std::min<std::size_t>(prefill_chunk, ids.size() - begin));
        const int tokens = static_cast<int>(part.size());
        if (auto ok = send_ids(part, runner_.ids()); !ok) return ok;
        if (auto ok = run_prompt(stream, tokens); !ok) return ok;
        for (int first = 0; all && first < tokens; first += logit_chunk) {
            const int count = std::min(logit_chunk, tokens - first);
            runner_.run_head(first, count, {}, stream_.get());
            const auto to = logits.subspan((begin + static_cast<std::size_t>(first)) * vocabulary(),
                                           static_cast<std::size_t>(count) * vocabulary());
            if (auto ok = fetch(to, runner_.logits()); !ok) return ok;
        }
        if (last && begin + part.size() == ids.size()) {
            runner_.run_head(tokens - 1, 1, {}, stream_.get());
            if (auto ok = fetch(logits, runner_.logits()); !ok) return ok;
        }
        if (auto ok = finish("prefill"); !ok) return ok;
    }
    return {};
}

Result<void> CudaEngineImpl::read_state(int stream, std::span<std::int32_t> h) const {
    if (auto ok = check_state(config(), streams(), stream, h.size()); !ok) return ok;
    return checked(cudaMemcpy(h.data(), state_of(stream), h.size_bytes(), cudaMemcpyDeviceToHost), "read state");
}

Result<void> CudaEngineImpl::write_state(int stream, std::span<const std::int32_t> h) {
    if (auto ok = check_new_state(config(), streams(), stream, h); !ok) return ok;
    return send(state_of(stream), h.data(), h.size_bytes(), "write state");
}

Result<std::vector<std::int32_t>> CudaEngineImpl::generate(std::span<const std::int32_t> first, int steps) {
    if (auto ok = check_decode(config(), streams(), first, 0); !ok) return tl::unexpected(ok.error());
    if (first.empty() || steps <= 0) return std::vector<std::int32_t>();
    return first.size() == 1 && decoder_.ready() ? generate_persistent(first[0], steps) : generate_batch(first, steps);
}

Result<std::vector<std::int32_t>> CudaEngineImpl::generate_persistent(std::int32_t first, int steps) {
    std::vector<std::int32_t> chosen(static_cast<std::size_t>(steps));
    for (int done = 0; done < steps;) {
        const int now = std::min(steps - done, DecodeRunner::most_steps);
        auto ok = decoder_.generate(first, h_.data(), now, stream_.get());
        if (ok)
            ok = fetch(std::span(chosen).subspan(static_cast<std::size_t>(done), static_cast<std::size_t>(now)),
                       decoder_.chosen());
        if (ok) ok = finish("generate");
        if (!ok) return tl::unexpected(ok.error());
        done += now;
        first = chosen[static_cast<std::size_t>(done - 1)];
    }
    return chosen;
}

Result<std::vector<std::int32_t>> CudaEngineImpl::generate_batch(std::span<const std::int32_t> first, int steps) {
    const int tokens = static_cast<int>(first.size());
    std::vector<std::int32_t> chosen(static_cast<std::size_t>(steps) * first.size());
    Result<void> ok;
    if (history_.size() < chosen.size()) ok = history_.allocate(chosen.size());
    if (ok) ok = send_ids(first, runner_.ids());
    for (int step = 0; ok && step < steps; ++step) {
        const cudaError_t status = graphs_.launch(4 * tokens + 2, stream_.get(), [&](cudaStream_t stream) {
            runner_.run_generation(tokens, batch(), stream);
        });
        ok = checked(status, "generate");
        if (ok)
            ok = checked(cudaMemcpyAsync(history_.data() + static_cast<std::size_t>(step) * first.size(), runner_.ids(),
                                         first.size_bytes(), cudaMemcpyDeviceToDevice, stream_.get()),
                         "keep tokens");
    }
    if (ok) ok = fetch(chosen, history_.data());
    if (ok) ok = finish("generate");
    if (!ok) return tl::unexpected(ok.error());
    return chosen;
}

}  // namespace cuda

bool cuda_engine_built() {
    return true;
}

Result<std::string> cuda_bus_id() {
    return cuda::device_bus_id();
}

Result<std::unique_ptr<CudaEngine>> make_cuda_engine(std::shared_ptr<const Deployment> model,
                                                     const CudaEngineOptions& options) {
    if (auto ok = cuda::check_streams(options.streams); !ok) return tl::unexpected(ok.error());
    if (auto ok = check_threads(options.threads); !ok) return tl::unexpected(ok.error());
    if (auto ok = cuda::check_model(*model); !ok) return tl::unexpected(ok.error());
    auto info = cuda::open_device();
    if (!info) return tl::unexpected(info.error());
    auto engine = std::make_unique<cuda::CudaEngineImpl>(std::move(model), options, std::move(*info));
    if (auto ok = engine->initialise(); !ok) return tl::unexpected(ok.error());
    return engine;
}

}  // namespace tephra
