// Ternary matrix times one vector of activations, of the sizes of the published models, beside the bandwidth of a copy
// in the same run. The matrices rotate through more memory than the second-level cache holds. Answers are checked.
// Usage: tephra_gpu_gemv
#include "benchmarks/gpu/gemv.hpp"

#include <algorithm>
#include <cstdio>
#include <functional>
#include <iostream>

#include "backends/cuda/batch/batch.hpp"
#include "backends/cuda/device.hpp"
#include "backends/cuda/limits.hpp"
#include "benchmarks/gpu/demand.hpp"
#include "core/philox.hpp"

namespace tephra::gpu {
namespace {

using namespace tephra::cuda;

constexpr std::size_t rotated_bytes = std::size_t{1} << 28;
constexpr int passes = 10;  ///< over all matrices between two events
constexpr int windows = 9;

struct Rates {
    double low, median, high;
};

/// Milliseconds that `work` takes on the stream, from several windows after one to warm up, as rates of `amount`.
Rates measure(double amount, cudaStream_t stream, const std::function<void()>& work) {
    cudaEvent_t begin = nullptr, end = nullptr;
    demand(cudaEventCreate(&begin), "make an event");
    demand(cudaEventCreate(&end), "make an event");
    std::vector<double> rates;
    for (int window = 0; window <= windows; ++window) {
        demand(cudaEventRecord(begin, stream), "start the clock");
        work();
        demand(cudaEventRecord(end, stream), "stop the clock");
        demand(cudaEventSynchronize(end), "run");
        float ms = 0;
        demand(cudaEventElapsedTime(&ms, begin, end), "read the clock");
        if (window > 0) rates.push_back(amount / (1e-3 * static_cast<double>(ms)));
    }
    static_cast<void>(cudaEventDestroy(begin));
    static_cast<void>(cudaEventDestroy(end));
    std::ranges::sort(rates);
    return {rates.front(), rates[rates.size() / 2], rates.back()};
}

/// Bytes read and written a second.
Rates measure_copy(cudaStream_t stream) {
    Buffer<std::uint8_t> from, to;
    demand(from.allocate(rotated_bytes));
    demand(to.allocate(rotated_bytes));
    return measure(2.0 * passes * static_cast<double>(rotated_bytes), stream, [&] {
        for (int pass = 0; pass < passes; ++pass)
            demand(cudaMemcpyAsync(to.data(), from.data(), rotated_bytes, cudaMemcpyDeviceToDevice, stream), "copy");
    });
}

/// Copies of one random matrix, one vector, and the right answer.
struct Problem {
    StageShape shape;
    int matrices = 0;
    Buffer<std::uint8_t> tiles;
    Buffer<std::int8_t> plain, arranged;  ///< activations by column, and as batches have them
    Buffer<std::int32_t> sums, out;
    Buffer<Scale> scales;
    std::int32_t sum = 0;
    std::vector<std::int32_t> answer;
};

constexpr Scale one{32768, -15};

Problem make_problem(int rows, int cols) {
    Problem p;
    p.shape = {1, rows, cols};
    p.matrices = round_up(static_cast<int>(rotated_bytes / p.shape.bytes()) + 1, 4);
    const int padded = padded_tokens(1);
    std::vector<std::int8_t> q(static_cast<std::size_t>(cols)), row(q.size()), arranged(q.size() * padded);
    for (int c = 0; c < cols; ++c) {
        const auto value = static_cast<int>(random_words(1, 0, static_cast<std::uint64_t>(c), 0)[0] % 255) - 127;
        q[static_cast<std::size_t>(c)] = arranged[activation_offset(padded, 0, c)] = static_cast<std::int8_t>(value);
        p.sum += q[static_cast<std::size_t>(c)];
    }
    const auto stride = static_cast<std::size_t>(ternary_row_bytes(cols));
    std::vector<std::uint8_t> codes(stride * static_cast<std::size_t>(rows)), packed(p.shape.bytes());
    for (int r = 0; r < rows; ++r) {
        std::int32_t dot = 0;
        for (std::size_t c = 0; c < row.size(); ++c) {
            if (c % 4 == 0) {
                const auto words = random_words(1, 1, c, static_cast<std::uint32_t>(r));
                for (std::size_t k = 0; k < 4; ++k)
                    row[c + k] = static_cast<std::int8_t>(static_cast<int>(words[k] % 3) - 1);
            }
            dot += row[c] * q[c];
        }
        p.answer.push_back(dot);
        pack_ternary_row(row, std::span(codes).subspan(static_cast<std::size_t>(r) * stride, stride));
    }
    const TernaryMatrix matrix{rows, cols, codes, 1.0};
    pack_stage(p.shape, {&matrix, 1}, packed);
    demand(p.tiles.allocate(packed.size() * static_cast<std::size_t>(p.matrices)));
    for (int m = 0; m < p.matrices; ++m)
        demand(
            send(p.tiles.data() + static_cast<std::size_t>(m) * packed.size(), packed.data(), packed.size(), "upload"));
    demand(p.plain.upload(q));
    demand(p.arranged.upload(arranged));
    demand(p.sums.upload(std::vector<std::int32_t>(static_cast<std::size_t>(padded), p.sum)));
    demand(p.scales.upload(std::vector<Scale>(static_cast<std::size_t>(padded), one)));
    return p;
}

/// Runs `work`, which goes through all matrices `passes` times, and prints a line. False: the answer is wrong.
bool bench(Problem& p, const char* path, const Rates& copy, cudaStream_t stream, const std::function<void()>& work) {
    const auto rows = static_cast<std::size_t>(p.shape.rows);
    demand(p.out.upload(std::vector<std::int32_t>(rows * static_cast<std::size_t>(p.matrices), 0x5A5A5A5A)));
    const double products = static_cast<double>(p.matrices) * passes;
    const double bytes = static_cast<double>(p.shape.rows) * p.shape.cols / 4;
    const Rates rates = measure(products, stream, work);
    std::vector<std::int32_t> got(p.out.size());
    demand(cudaMemcpy(got.data(), p.out.data(), p.out.bytes(), cudaMemcpyDeviceToHost), "fetch");
    bool right = true;
    for (std::size_t k = 0; k < got.size(); ++k) right = right && got[k] == p.answer[k % rows];
    const double share = 100 * bytes / copy.median;
    std::printf("gemv %5dx%-5d %-34s %8.2f us  %7.0f GB/s  %5.1f %% of copy (%.1f .. %.1f)%s\n", p.shape.rows,
                p.shape.cols, path, 1e6 / rates.median, 1e-9 * bytes * rates.median, share * rates.median,
                share * rates.low, share * rates.high, right ? "" : "  WRONG");
    std::fflush(stdout);
    return right;
}

/// As the persistent kernel does it, and with four times as many weights on the way: the kernel keeps fewer, since what
/// blocks hand to each other would queue behind them.
bool bench_streamed(Problem& p, const Rates& copy, cudaStream_t stream, int multiprocessors) {
    StreamedProducts products = stream_products(p.shape, p.tiles.data(), p.matrices, multiprocessors);
    products.decode.steps = passes;
    products.q = p.plain.data();
    products.scale = one;
    const auto run = [&] {
        products.out = p.out.data();
        demand(launch_streamed_products(products, stream), "start");
    };
    const bool right = bench(p, "persistent kernel's product", copy, stream, run);
    products.batch_bytes *= 4;
    return bench(p, "four times as much on the way", copy, stream, run) && right;
}

/// The products that batches use, one launch a matrix in a graph, as the engine runs them.
bool bench_launched(Problem& p, const Rates& copy, cudaStream_t stream, bool hopper) {
    cudaGraph_t graph = nullptr;
    cudaGraphExec_t executable = nullptr;
    const auto record = [&] {
        demand(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), "record");
        for (int m = 0; m < p.matrices; ++m) {
            ProductArguments a{};
            a.weights = {p.tiles.data() + static_cast<std::size_t>(m) * p.shape.bytes(), 1, p.shape.rows,
                         p.shape.chunks(), p.shape.padded_packs()};
            a.activations = {p.arranged.data(), p.arranged.size(), p.sums.data(), p.scales.data(), padded_tokens(1)};
            a.tokens = 1;
            a.out = p.out.data() + static_cast<std::size_t>(m) * static_cast<std::size_t>(p.shape.rows);
            a.stride = p.shape.rows;
            (hopper ? launch_product_wgmma : launch_product_mma)(Finish::states, a, stream);
        }
        demand(cudaStreamEndCapture(stream, &graph), "record");
        demand(cudaGraphInstantiate(&executable, graph, 0), "record");
        demand(cudaGetLastError(), "record");
    };
    const bool right = bench(p, hopper ? "warpgroup product, 1 token, launched" : "warp product, 1 token, launched",
                             copy, stream, [&] {
                                 if (executable == nullptr) record();
                                 for (int pass = 0; pass < passes; ++pass)
                                     demand(cudaGraphLaunch(executable, stream), "start");
                             });
    static_cast<void>(cudaGraphExecDestroy(executable));
    static_cast<void>(cudaGraphDestroy(graph));
    return right;
}

}  // namespace
}  // namespace tephra::gpu

int main() {
    using namespace tephra;
    const auto device = cuda::open_device();
    if (!device) gpu::demand(tl::unexpected(device.error()));
    cudaStream_t stream = nullptr;
    gpu::demand(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "create a stream");
    const gpu::Rates copy = gpu::measure_copy(stream);
    std::printf("copy on %s: %.0f GB/s read and written (%.0f .. %.0f)\n", device->name.c_str(), 1e-9 * copy.median,
                1e-9 * copy.low, 1e-9 * copy.high);
    std::fflush(stdout);
    constexpr int shapes[][2] = {{2560, 2560}, {13824, 2560}, {2560, 6912}, {1024, 1024}, {5632, 1024}, {1024, 2816}};
    bool right = true;
    for (const auto& [rows, cols] : shapes) {
        gpu::Problem problem = gpu::make_problem(rows, cols);
        if (cuda::runs_hopper_kernels(device->capability)) {
            right = gpu::bench_streamed(problem, copy, stream, device->multiprocessors) && right;
            right = gpu::bench_launched(problem, copy, stream, true) && right;
        }
        right = gpu::bench_launched(problem, copy, stream, false) && right;
    }
    static_cast<void>(cudaStreamDestroy(stream));
    return right ? 0 : 1;
}
