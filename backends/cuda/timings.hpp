#pragma once
// What was measured on one card and decides between ways that all give the same bits. Nothing here is needed for right
// results; another card may want other numbers.
namespace tephra::cuda {

/// NVIDIA H100 80GB HBM3, 2026-11-26, benchmarks/results/h100-2026-11-26.txt and h100-2026-11-26-b1bb4de.txt; an H200
/// has the same multiprocessors (benchmarks/results/h200-2026-11-23.txt).
struct H100Timings {
    static constexpr int multiprocessors = 132;

    // decode: cycles from a block's own stores until those of the others arrive.
    static constexpr int cycles_to_elements = 300;  ///< of the vector
    /// Sums of squares come later: with up to `few_blocks` blocks, and with more.
    static constexpr int few_blocks = 64, cycles_to_sums_few = 1400, cycles_to_sums_many = 1800;
    /// Polls of a ring's free slots that follow each other faster slow the multiplying warps down.
    static constexpr int cycles_between_polls = 64;
    /// Weights of one batch of requests of a block. Two batches, 24 KB, are under way at once: more would make what
    /// blocks exchange queue behind them.
    static constexpr int bytes_of_requests = 12 * 1024;

    // step: how long a stage takes, as a sum of clocks. Fitted to how much longer a step took when one stage had other
    // tiles: 377 pairs of tiles, three published shapes, batches of 64 and 256. Checked on 47 other choices at 256
    // streams of 1.3B and 2.7B: none was faster. Error of a predicted difference d: 0.3 (20 us + d) root mean square.
    static constexpr int product_clocks_16 = 20, product_clocks_32 = 23, product_clocks_64 = 32;
    static constexpr int operand_bytes_a_clock = 32;
    static constexpr int clocks_a_chunk = 1000;  ///< of a warpgroup on its own: unpacking, waiting and its products
    static constexpr int clocks_an_item = 1300,
                         clocks_a_sum = 25;  ///< of 64 rows: until activations come, and to finish
    /// Streams up to which one kernel takes a step. From there on large products pay, which start one by one.
    static constexpr int most_streams_of_a_step = 256;
};

}  // namespace tephra::cuda
