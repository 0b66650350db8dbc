#include "backends/fpga/designs.hpp"

#include <algorithm>

#include "core/data_files.hpp"
#include "core/files.hpp"
#include "core/object_reader.hpp"
#include "core/text.hpp"
#include "simulator/report_rows.hpp"

namespace tephra::fpga {
namespace {

constexpr double most_weights = 1e13, most_lanes = 1e9, most_mhz = 1e6;

/// What a recipe says of a design. Entries that are not there stay zero.
struct Recipe {
    std::string device, memory, model;
    int streams = 1;
    Packing packing = Packing::two_bits;  ///< for this core
    Price weights, bits, lanes, clock_mhz, utilisation;
};

Result<Recipe> parse_recipe(const LedgerRow& row) {
    ObjectReader reader(row.repeat, row.id + " repeat");
    for (const char* key : {"kind", "synthetic"}) reader.ignore(key);
    Recipe recipe;
    recipe.device = reader.string("device");
    recipe.memory = reader.string("memory");
    recipe.model = reader.string("model");
    recipe.streams = static_cast<int>(reader.integer("streams", 1, max_streams));
    recipe.packing = static_cast<Packing>(reader.choice("packing", packing_names()));
    struct Entry {
        const char* key;
        Price* target;
        double least, most;
    };
    const Entry entries[] = {{"weights", &recipe.weights, 1, most_weights},
                             {"bits_per_weight", &recipe.bits, 1, 32},
                             {"lanes", &recipe.lanes, 1, most_lanes},
                             {"clock_mhz", &recipe.clock_mhz, 1e-3, most_mhz},
                             {"utilisation", &recipe.utilisation, 1e-3, 1}};
    const bool counts_lanes = reader.has("lanes");
    const bool unknown_shape = shape_named(recipe.model) == nullptr;
    for (const Entry& each : entries) {
        if (each.target == &recipe.weights && !unknown_shape) continue;
        if (!counts_lanes && each.target != &recipe.weights && each.target != &recipe.bits) continue;
        auto entry = read_entry(reader, each.key, each.least, each.most);
        if (!entry) return tl::unexpected(entry.error());
        *each.target = std::move(*entry);
    }
    if (auto done = reader.finish(); !done) return tl::unexpected(done.error());
    return recipe;
}

/// This core on the design's device, or why there is none.
Result<void> add_core(const Recipe& recipe, const FpgaDevice& device, Design& design) {
    const ModelShape* shape = shape_named(recipe.model);
    if (shape == nullptr) {
        design.why_no_core = "another kind of model";
        return {};
    }
    const auto family = find_family(device.family);
    if (!family) return tl::unexpected(family.error());
    FpgaTask task;
    task.config = config_of(*shape);
    task.packing = recipe.packing;
    task.streams = recipe.streams;
    task.memory = recipe.memory;
    const auto best = best_lanes(task, device, *family);
    if (!best) {
        if (best.error().code != ErrorCode::does_not_fit) return tl::unexpected(best.error());
        design.why_no_core = "does not fit: " + best.error().message;
        return {};
    }
    auto core = estimate(*best, device, *family);
    if (!core) return tl::unexpected(core.error());
    design.core = std::move(*core);
    return {};
}

const LedgerFigure* figure_of(const LedgerRow& row, const std::string& unit) {
    const auto found = std::ranges::find(row.figures, unit, &LedgerFigure::unit);
    return found == row.figures.end() ? nullptr : &*found;
}

}  // namespace

std::optional<double> Design::predicted() const {
    if (!lanes_rate) return {};
    return std::min(*lanes_rate, memory_rate);
}

std::optional<double> Design::error_percent() const {
    const auto value = predicted();
    if (!value) return {};
    return 100 * (*value / rate - 1);
}

Result<Design> design_of(const LedgerRow& row) {
    const auto recipe = parse_recipe(row);
    if (!recipe) return tl::unexpected(recipe.error());
    const auto device = find_fpga(recipe->device);
    if (!device) return tl::unexpected(device.error());
    const auto memory = find_memory(*device, recipe->memory);
    if (!memory) return tl::unexpected(memory.error());
    Design design;
    design.row = row;
    design.model = recipe->model;
    design.streams = recipe->streams;
    const LedgerFigure* rate = figure_of(row, "tokens/s");
    if (rate == nullptr) return bad_input("a design needs its tokens/s", row.id, "add a figure with the unit tokens/s");
    design.rate = rate->value;
    if (const LedgerFigure* watts = figure_of(row, "W"); watts != nullptr) design.watts = watts->value;
    const ModelShape* shape = shape_named(recipe->model);
    const double weights = shape == nullptr ? recipe->weights.value : static_cast<double>(shape->projection_weights());
    const double bytes = weights * recipe->bits.value / 8;
    design.memory_rate = recipe->streams * memory->mb_per_s.value * 1e6 * memory->efficiency.value / bytes;
    if (recipe->lanes.value > 0)
        design.lanes_rate = recipe->lanes.value * recipe->clock_mhz.value * 1e6 * recipe->utilisation.value / weights;
    if (auto core = add_core(*recipe, *device, design); !core) return tl::unexpected(core.error());
    return design;
}

Result<RowResult> repeat_design(const LedgerRow& row) {
    const auto design = design_of(row);
    if (!design) return tl::unexpected(design.error());
    RowResult result{row.id, {}, "", ""};
    for (const LedgerFigure& figure : row.figures) {
        Predicted predicted;
        if (figure.unit != "tokens/s")
            predicted.why_not = "powers of FPGA designs are inputs here, not predictions";
        else if (const auto value = design->predicted())
            predicted.value = value;
        else
            predicted.why_not =
                "its lanes are not published; its memory would allow " + figure_text(design->memory_rate) + " tokens/s";
        result.figures.push_back(std::move(predicted));
    }
    return result;
}

Result<std::vector<Design>> shipped_designs() {
    const auto path = find_shipped_file("validation/fpga/designs.json");
    if (!path) return tl::unexpected(path.error());
    const auto text = read_file(*path);
    if (!text) return tl::unexpected(text.error());
    const auto rows = parse_ledger(*text, *path);
    if (!rows) return tl::unexpected(rows.error());
    std::vector<Design> designs;
    for (const LedgerRow& row : *rows) {
        auto design = design_of(row);
        if (!design) return tl::unexpected(design.error());
        designs.push_back(std::move(*design));
    }
    return designs;
}

std::string designs_markdown(const std::vector<Design>& designs) {
    std::string text =
        "| design | model, streams | published tok/s | W | its memory allows | its lanes x clock x use | this core "
        "there "
        "| lanes | bound by |\n|---|---|---|---|---|---|---|---|---|\n";
    for (const Design& each : designs) {
        text += "| " + each.row.device + " | " + each.model + ", " + std::to_string(each.streams) + " | " +
                figure_text(each.rate) + " | " + figure_text(each.watts) + " | " + figure_text(each.memory_rate) +
                " (" + fixed_text(100 * each.rate / each.memory_rate, 0) + " % used) | ";
        text += each.lanes_rate ? figure_text(*each.lanes_rate) + " (" + (*each.error_percent() > 0 ? "+" : "") +
                                      fixed_text(*each.error_percent(), 0) + " %)"
                                : "not published";
        text += " | ";
        text += each.core ? figure_text(each.core->tokens_per_s) + " | " + std::to_string(each.core->shape.lanes) +
                                " | " + bound_name(each.core->bound)
                          : "- | - | " + each.why_no_core;
        text += " |\n";
    }
    return text;
}

}  // namespace tephra::fpga
