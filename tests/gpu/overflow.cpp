// Sums as large as they get: rows of equal weights meet activations of 127 or -127 in every column, so that a narrow or
// wrapping accumulator anywhere shows. The products are looked at directly, every sum in plain sight; the persistent
// kernel through models made so that all of a vector's activations are extreme, which the oracle's taps confirm.
#include <algorithm>
#include <cmath>

#include "backends/cuda/batch/batch.hpp"
#include "backends/cuda/device.hpp"
#include "backends/cuda/layout.hpp"
#include "backends/cuda/limits.hpp"
#include "tests/gpu/check.hpp"
#include "tests/neuro/lm/uniform_model.hpp"

namespace tephra::gpu {
namespace {

using namespace tephra::cuda;
using test::make_uniform;
using test::Uniform;

enum class Pattern : std::uint8_t { plus, minus, alternating };

std::vector<std::int8_t> make_row(Pattern pattern, std::uint64_t seed, int cols) {
    std::vector<std::int8_t> row(static_cast<std::size_t>(cols), pattern == Pattern::minus ? -1 : 1);
    for (std::size_t c = 0; pattern == Pattern::alternating && c < row.size(); ++c)
        row[c] = random_words(seed, 80, c, 0)[0] % 2 == 0 ? 1 : -1;
    return row;
}

/// Matrices of one stage on the device, all rows alike.
struct Stage {
    StageShape shape;
    Buffer<std::uint8_t> tiles;
    [[nodiscard]] StageView view() const {
        return {tiles.data(), shape.matrices, shape.rows, shape.chunks(), shape.padded_packs()};
    }
};

Stage make_stage(const StageShape& shape, std::span<const std::int8_t> row) {
    const auto bytes = static_cast<std::size_t>(ternary_row_bytes(shape.cols));
    std::vector<std::uint8_t> codes(bytes * static_cast<std::size_t>(shape.rows));
    for (std::size_t r = 0; r < static_cast<std::size_t>(shape.rows); ++r)
        pack_ternary_row(row, std::span(codes).subspan(r * bytes, bytes));
    const std::vector<TernaryMatrix> matrices(static_cast<std::size_t>(shape.matrices),
                                              TernaryMatrix{shape.rows, shape.cols, codes, 1.0});
    std::vector<std::uint8_t> packed(shape.bytes());
    pack_stage(shape, matrices, packed);
    Stage stage{shape, {}};
    demand(stage.tiles.upload(packed));
    return stage;
}

constexpr int saturated_token = 1;  ///< its scale sends all states past their range

/// Activations of +-127: even tokens follow the weights' signs, odd tokens oppose them. Scales are one, which leaves
/// sums as they are, but for saturated_token.
struct Activations {
    Buffer<std::int8_t> q;
    Buffer<std::int32_t> sums;
    Buffer<Scale> dequantize;
    ActivationView view{};
};

Activations make_activations(const StageShape& shape, std::span<const std::int8_t> row, int tokens) {
    const int padded = padded_tokens(tokens);
    const auto outputs = static_cast<std::size_t>(shape.matrices == 3 ? 3 : 1);
    const auto stride = static_cast<std::size_t>(padded) * static_cast<std::size_t>(round_up(shape.cols, tile_columns));
    std::vector<std::int8_t> q(stride);
    std::vector<std::int32_t> sums(static_cast<std::size_t>(padded));
    for (int n = 0; n < tokens; ++n)
        for (int c = 0; c < shape.cols; ++c) {
            const int value = (n % 2 == 0 ? 127 : -127) * row[static_cast<std::size_t>(c)];
            q[activation_offset(padded, n, c)] = static_cast<std::int8_t>(value);
            sums[static_cast<std::size_t>(n)] += value;
        }
    std::vector<std::int8_t> all_q;
    std::vector<std::int32_t> all_sums;
    for (std::size_t k = 0; k < outputs; ++k) {
        all_q.insert(all_q.end(), q.begin(), q.end());
        all_sums.insert(all_sums.end(), sums.begin(), sums.end());
    }
    Activations out;
    demand(out.q.upload(all_q));
    demand(out.sums.upload(all_sums));
    std::vector<Scale> scales(all_sums.size(), Scale{32768, -15});
    for (std::size_t k = saturated_token; k < scales.size(); k += sums.size()) scales[k] = {32768, 1};
    demand(out.dequantize.upload(scales));
    out.view = {out.q.data(), stride, out.sums.data(), out.dequantize.data(), padded};
    return out;
}

std::string product_difference(const Stage& stage, const Activations& activations, int tokens, bool hopper) {
    const StageShape& shape = stage.shape;
    const int width = shape.matrices == 2 ? 2 * shape.rows : shape.rows;
    const auto plane = static_cast<std::size_t>(tokens) * static_cast<std::size_t>(width);
    const std::size_t planes = shape.matrices == 3 ? 3 : 1;
    Buffer<std::int32_t> out;
    demand(out.upload(States(plane * planes, poison)));
    ProductArguments arguments{};
    arguments.weights = stage.view();
    arguments.activations = activations.view;
    arguments.tokens = tokens;
    arguments.out = out.data();
    arguments.stride = width;
    arguments.matrix_stride = plane;
    (hopper ? launch_product_wgmma : launch_product_mma)(Finish::states, arguments, nullptr);
    demand(checked(cudaGetLastError(), "product"));
    States got(out.size(), poison);
    demand(checked(cudaMemcpy(got.data(), out.data(), out.bytes(), cudaMemcpyDeviceToHost), "product"));
    States want(out.size());
    for (std::size_t k = 0; k < want.size(); ++k) {
        const std::size_t n = k % plane / static_cast<std::size_t>(width);
        want[k] = n == saturated_token ? state_min : (n % 2 == 0 ? 127 : -127) * shape.cols;
    }
    return difference(got, want);
}

/// Rows as wide as the widest of the published shapes, and as the widest that the norms of a batch take.
void check_products(Check& check, bool hopper) {
    for (const int cols : {6912, 16384})
        for (const int matrices : {1, 2, 3})
            for (const Pattern pattern : {Pattern::plus, Pattern::minus, Pattern::alternating}) {
                const StageShape shape{matrices, 72, cols};
                const std::vector<std::int8_t> row = make_row(pattern, check.seed, cols);
                const Stage stage = make_stage(shape, row);
                std::string detail;
                for (const int tokens : {2, 50, 200, 600}) {
                    if (!detail.empty()) break;
                    const Activations q = make_activations(shape, row, tokens);
                    detail = product_difference(stage, q, tokens, hopper);
                    if (!detail.empty()) detail = std::to_string(tokens) + " tokens: " + detail;
                }
                const char* const names[] = {"+1", "-1", "+-1"};
                check.report(std::to_string(matrices) + " x " + std::to_string(cols) + " columns of " +
                                 names[static_cast<int>(pattern)] + ", " +
                                 (hopper ? warpgroup_products : warp_products),
                             detail);
            }
}

/// Says where an activation of the oracle's is not extreme: then the model does not test what it should.
std::string not_extreme(const Check& check, const Tokens& ids) {
    std::string fault;
    int vectors = 0;
    const auto golden = make_golden_engine(check.model, {1, 1}).value();
    golden->set_tap([&](int, int, std::string_view name, std::span<const std::int32_t> values) {
        if (!name.starts_with("q_")) return;
        ++vectors;
        if (!std::ranges::all_of(values, [](std::int32_t q) { return std::abs(q) == 127; })) fault = name;
    });
    tell(check, *golden, ids);
    return vectors == 0 ? "no activations shown"
                        : (fault.empty() ? fault : "the oracle's " + fault + " is not extreme");
}

void check_uniform(Check& check, const Uniform& shape) {
    check.model = make_uniform(shape, 1056);  // enough rows of the head for every multiprocessor
    check.name = "overflow " + std::to_string(shape.hidden) + "x" + std::to_string(shape.intermediate) + ", weights " +
                 (shape.plus ? "+1" : "-1") + (shape.negative ? ", negative gains" : "") +
                 (shape.saturates ? ", saturating" : "");
    // A negative vector that saturates ends in silu = 0: only the positive rows stay extreme.
    const Tokens ids = shape.saturates ? Tokens{0, 2, 2} : Tokens{0, 1, 2, 3};
    const Tokens others(ids.rbegin(), ids.rend());
    if (const std::string fault = not_extreme(check, ids); !fault.empty()) return check.report("set up", fault);
    const std::vector<Story> stories = {tell(check, *check.oracle(1), ids), tell(check, *check.oracle(1), others)};
    const auto [persistent, warpgroup, warp] = make_engines(check, 200, 3);
    if (!persistent->persistent() && shape.intermediate <= 8192)
        std::cout << "          " << check.name << ": the persistent kernel does not take this shape" << std::endl;
    if (persistent->persistent())
        compare_stories(check, "decode, persistent kernel", tell(check, *persistent, ids), stories[0]);
    for (const int batch : {3, 50, 200}) check_batch(check, *warpgroup, warpgroup_products, batch, stories);
    check_batch(check, *warp, warp_products, 3, stories);
    check_long_prefill(check, *warpgroup, 600);
}

}  // namespace

int check_overflow(std::uint64_t seed, int threads) {
    Check check;
    check.name = "overflow";
    check.seed = seed;
    check.threads = threads;
    check.golden = true;
    const auto device = open_device();
    if (!device) demand(tl::unexpected(device.error()));
    check_products(check, false);
    if (runs_hopper_kernels(device->capability)) check_products(check, true);
    for (const bool plus : {true, false})
        for (const bool negative : {true, false}) check_uniform(check, {1056, 6912, plus, negative, false});
    for (const bool saturates : {false, true}) {
        check_uniform(check, {2560, 6912, true, false, saturates});
        check_uniform(check, {1056, 8192, true, false, saturates});  // the widest of the persistent kernel
        check_uniform(check, {1056, 16384, true, false, saturates});
    }
    return check.failures;
}

}  // namespace tephra::gpu
