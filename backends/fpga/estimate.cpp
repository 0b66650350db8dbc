#include "backends/fpga/estimate.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/narrow.hpp"
#include "core/text.hpp"

namespace tephra::fpga {
namespace {

constexpr double worth_a_wider_core = 1.01;  // a core of twice the lanes must be faster by this

std::string count_text(double count) {
    return grouped(static_cast<std::int64_t>(std::ceil(count)));
}

/// Why the core does not fit the device; nothing when it does.
Result<void> check_device(const FpgaEstimate& e, const FpgaDevice& device, const FamilyTable& family) {
    struct Need {
        const char* what;
        double needed, there;
        std::string note;
    };
    const double usable = device.luts.value * device.usable.value;
    const Need needs[] = {
        {"LUTs after place and route", e.placed_luts, usable,
         " (" + fixed_text(100 * device.usable.value, 0) + " % of " + count_text(device.luts.value) + ", " +
             family.unit + ")"},
        {"registers", e.needs.registers, device.registers.value, ""},
        {"DSP blocks", e.needs.dsps, device.dsps.value, ""},
        {"block RAMs of 18 kbit", e.needs.block_rams, device.block_rams.value, ""},
        {"bytes of memory", e.image_bytes, e.memory.bytes.value, " (" + e.memory.name + ")"},
    };
    for (const Need& need : needs)
        if (need.needed > need.there)
            return fail(ErrorCode::does_not_fit,
                        "the core of " + std::to_string(e.shape.lanes) + " lanes and " +
                            std::to_string(e.shape.streams) +
                            (e.shape.streams == 1 ? " stream needs " : " streams needs ") + count_text(need.needed) +
                            " " + need.what + ", there are " + count_text(std::floor(need.there)) + need.note,
                        device.device,
                        "take fewer lanes or streams (--lanes, --streams), tighter weights (--packing), another memory "
                        "or a smaller model");
    return {};
}

/// All but what binds and whether it fits.
Result<FpgaEstimate> reckon(const FpgaTask& task, const FpgaDevice& device, const FamilyTable& family) {
    auto shape = shape_for(task.config, task.lanes, task.packing, task.streams);
    if (!shape) return tl::unexpected(shape.error());
    auto memory = find_memory(device, task.memory);
    if (!memory) return tl::unexpected(memory.error());
    FpgaEstimate e;
    e.shape = *shape;
    e.memory = std::move(*memory);
    e.needs = resources_of(family, *shape);
    e.placed_luts = e.needs.luts * family.placed.value;
    e.clock_mhz = device.clock_mhz;
    if (task.clock_mhz)
        e.clock_mhz = {*task.clock_mhz, *task.clock_mhz, *task.clock_mhz, Evidence::assumed, "stated by --clock"};
    e.cycles = count_cycles(task.config, task.embedding, *shape, HeadMode::greedy);
    const double word_bytes = shape->word_bits() / 8.0;
    const double words_per_us = e.memory.mb_per_s.value * e.memory.efficiency.value / word_bytes;
    e.token_cycles = static_cast<double>(memory_cycles(e.cycles, e.clock_mhz.value / words_per_us));
    e.image_bytes = word_bytes * static_cast<double>(image_words(task.config, task.embedding, *shape));
    e.token_bytes = word_bytes * static_cast<double>(e.cycles.words);
    const double cycle_ms = 1e-3 / e.clock_mhz.value;
    e.memory_ms = 1e-3 * static_cast<double>(e.cycles.words) / words_per_us;
    e.lanes_ms = cycle_ms * static_cast<double>(e.cycles.rows);
    e.latency_ms = cycle_ms * static_cast<double>(e.cycles.total() - e.cycles.rows);
    e.tokens_per_s = task.streams * 1e3 / (cycle_ms * e.token_cycles);
    const double factor = 1e3 / e.tokens_per_s;  // W to mJ/token
    e.mj_per_token = {device.watts.low * factor, device.watts.value * factor, device.watts.high * factor,
                      Evidence::derived, "power of the device over the rate"};
    return e;
}

Json price_json(const Price& price) {
    Json::Object json = {{"value", price.value}};
    if (price.low != price.high) {
        json.emplace_back("low", price.low);
        json.emplace_back("high", price.high);
    }
    json.emplace_back("kind", std::string(evidence_name(price.kind)));
    json.emplace_back("source", price.source);
    return json;
}

Json integer_json(std::uint64_t count) {
    return narrow<std::int64_t>(count);
}

}  // namespace

const std::string& bound_name(Bound bound) {
    static const std::array<std::string, 5> names = {"memory bandwidth", "lanes", "LUTs", "one row a cycle", "latency"};
    return names[static_cast<std::size_t>(bound)];
}

Result<FpgaEstimate> estimate(const FpgaTask& task, const FpgaDevice& device, const FamilyTable& family) {
    auto e = reckon(task, device, family);
    if (!e) return e;
    if (auto fits = check_device(*e, device, family); !fits) return tl::unexpected(fits.error());
    if (e->latency_ms > std::max(e->memory_ms, e->lanes_ms)) {
        e->bound = Bound::latency;
    } else if (e->memory_ms > e->lanes_ms) {
        e->bound = Bound::memory;
    } else {
        FpgaTask wider = task;
        wider.lanes = 2 * task.lanes;
        const auto twice = reckon(wider, device, family);
        if (!twice) return tl::unexpected(twice.error());
        if (twice->tokens_per_s < worth_a_wider_core * e->tokens_per_s)
            e->bound = Bound::rows;
        else if (wider.lanes <= max_lanes && check_device(*twice, device, family))
            e->bound = Bound::lanes;
        else
            e->bound = Bound::luts;
    }
    return e;
}

Result<FpgaTask> best_lanes(FpgaTask task, const FpgaDevice& device, const FamilyTable& family) {
    task.lanes = task.packing == Packing::five_trits ? base_trit_lanes : base_lanes;
    auto least = estimate(task, device, family);
    if (!least) return tl::unexpected(least.error());
    FpgaTask best = task;
    double rate = least->tokens_per_s;
    for (task.lanes *= 2; task.lanes <= max_lanes; task.lanes *= 2) {
        const auto wider = estimate(task, device, family);
        if (!wider || wider->tokens_per_s < worth_a_wider_core * rate) continue;
        best = task;
        rate = wider->tokens_per_s;
    }
    return best;
}

ModelConfig config_of(const ModelShape& shape) {
    ModelConfig config;
    config.vocab_size = shape.vocab;
    config.hidden_size = shape.hidden;
    config.num_layers = shape.layers;
    config.intermediate_size = shape.intermediate;
    return config;
}

Baseline baseline_of(const FpgaEstimate& e, const FpgaDevice& device, const std::string& model) {
    Baseline row;
    row.device = device.device;
    row.device_class = "fpga";
    row.software = "tephra core, " + std::to_string(e.shape.lanes) + " lanes of " +
                   packing_names()[static_cast<std::size_t>(e.shape.packing)] + " weights, " + e.memory.name;
    row.model = model;
    row.mode = RunMode::generate;
    row.batch = e.shape.streams;
    row.tokens_per_s = e.tokens_per_s;
    row.mj_per_token = e.mj_per_token.value;
    row.watts = device.watts.value;
    row.scope = device.scope;
    row.kind = Evidence::derived;
    row.source = grouped(static_cast<std::int64_t>(e.token_cycles)) + " cycles (counted as co-simulated) at " +
                 number_text(e.clock_mhz.value) + " MHz (" + std::string(evidence_name(e.clock_mhz.kind)) +
                 "), bound by " + bound_name(e.bound) + "; " + number_text(device.watts.low) + " to " +
                 number_text(device.watts.high) + " W (" + std::string(evidence_name(device.watts.kind)) +
                 "); never run on hardware";
    return row;
}

Json estimate_json(const FpgaEstimate& e, const FpgaDevice& device, const FamilyTable& family) {
    const auto used = [](double needed, const Price& there) {
        return Json::Object{{"needed", needed},
                            {"needed_kind", std::string(evidence_name(Evidence::derived))},
                            {"device", price_json(there)}};
    };
    Json::Object memory = {{"name", e.memory.name},
                           {"bytes", price_json(e.memory.bytes)},
                           {"mb_per_s", price_json(e.memory.mb_per_s)},
                           {"efficiency", price_json(e.memory.efficiency)},
                           {"image_bytes", e.image_bytes},
                           {"bytes_per_token", e.token_bytes / e.shape.streams}};
    const CycleCount& c = e.cycles;
    return Json::Object{
        {"device", device.device},
        {"part", device.part},
        {"lanes", e.shape.lanes},
        {"packing", packing_names()[static_cast<std::size_t>(e.shape.packing)]},
        {"streams", e.shape.streams},
        {"address_bits",
         Json::Object{{"x", e.shape.x_bits}, {"p", e.shape.p_bits}, {"h", e.shape.h_bits}, {"q", e.shape.q_bits}}},
        {"resources", Json::Object{{"tool", family.tool},
                                   {"lut", family.unit},
                                   {"luts", used(e.needs.luts, device.luts)},
                                   {"luts_placed", e.placed_luts},
                                   {"placed", price_json(family.placed)},
                                   {"usable", price_json(device.usable)},
                                   {"registers", used(e.needs.registers, device.registers)},
                                   {"dsps", used(e.needs.dsps, device.dsps)},
                                   {"block_rams", used(e.needs.block_rams, device.block_rams)}}},
        {"clock_mhz", price_json(e.clock_mhz)},
        {"cycles", Json::Object{{"ideal_memory", integer_json(c.total())},
                                {"rows", integer_json(c.rows)},
                                {"quantize", integer_json(c.quantize)},
                                {"scales", integer_json(c.scales)},
                                {"drain", integer_json(c.drain)},
                                {"control", integer_json(c.control)},
                                {"embedding", integer_json(c.embedding)},
                                {"with_memory", e.token_cycles}}},
        {"memory", std::move(memory)},
        {"ms_per_token", Json::Object{{"memory", e.memory_ms}, {"lanes", e.lanes_ms}, {"latency", e.latency_ms}}},
        {"bound", bound_name(e.bound)},
        {"tokens_per_s", e.tokens_per_s},
        {"watts", price_json(device.watts)},
        {"mj_per_token", price_json(e.mj_per_token)},
        {"power_includes", scope_name(device.scope)}};
}

}  // namespace tephra::fpga
