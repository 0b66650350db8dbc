#include "backends/cuda/tap_copy.hpp"

#include <algorithm>

namespace tephra::cuda {
namespace {

/// Copies when everything enqueued before is done.
template <typename T>
std::vector<T> copied(const T* from, std::size_t count, Stream stream) {
    std::vector<T> values(count);
    const bool ok =
        cudaMemcpyAsync(values.data(), from, count * sizeof(T), cudaMemcpyDeviceToHost, stream) == cudaSuccess &&
        cudaStreamSynchronize(stream) == cudaSuccess;
    return ok ? values : std::vector<T>();
}

}  // namespace

BatchTap copying_tap(const Tap& tap, int first_stream, int tokens, Stream stream) {
    BatchTap out;
    out.states = [=](int block, std::string_view name, const std::int32_t* states, int columns, int stride) {
        const auto width = static_cast<std::size_t>(columns), step = static_cast<std::size_t>(stride);
        const auto values = copied(states, static_cast<std::size_t>(tokens - 1) * step + width, stream);
        for (int n = 0; n < tokens && !values.empty(); ++n)
            tap(first_stream + n, block, name, std::span(values).subspan(static_cast<std::size_t>(n) * step, width));
    };
    out.activations = [=](int block, std::string_view name, const std::int8_t* q, int columns) {
        const int padded = padded_tokens(tokens);
        const auto bytes = static_cast<std::size_t>(padded) * static_cast<std::size_t>(round_up(columns, tile_columns));
        const auto values = copied(q, bytes, stream);
        for (int n = 0; n < tokens && !values.empty(); ++n) {
            std::vector<std::int32_t> row(static_cast<std::size_t>(columns));
            std::ranges::generate(row, [&, k = 0]() mutable { return values[activation_offset(padded, n, k++)]; });
            tap(first_stream + n, block, name, row);
        }
    };
    return out;
}

}  // namespace tephra::cuda
