// tephra fpga: what the FPGA core would take of a device, how fast it would run a model there, and what bounds it.
#include <cmath>
#include <iostream>
#include <memory>

#include "backends/fpga/designs.hpp"
#include "backends/fpga/estimate.hpp"
#include "core/text.hpp"
#include "simulator/report_rows.hpp"
#include "simulator/validate.hpp"
#include "tools/command.hpp"
#include "tools/options.hpp"
#include "tools/outputs.hpp"
#include "tools/table.hpp"

namespace tephra::tools {
namespace {

struct Options {
    std::string model, device, packing = "two-bits", memory, format = "text", markdown;
    int lanes = 0, streams = 1;  // 0: the fastest that fits
    double clock_mhz = 0;        // 0: the device's
    bool published = false;
};

/// A published shape by name, or the sizes of a deployment file.
fpga::FpgaTask task_of(const Options& options) {
    fpga::FpgaTask task;
    if (const ModelShape* shape = shape_named(options.model); shape != nullptr) {
        task.config = fpga::config_of(*shape);
    } else {
        const auto model = require(load_model(options.model));
        task.config = model->graph.config;
        task.embedding = model->graph.embeddings.type;
    }
    task.packing = options.packing == "five-trits" ? fpga::Packing::five_trits : fpga::Packing::two_bits;
    task.streams = options.streams;
    task.memory = options.memory;
    if (options.clock_mhz > 0) task.clock_mhz = options.clock_mhz;
    return task;
}

std::string kind_text(const Price& price) {
    return std::string(evidence_name(price.kind)) + ": " + price.source;
}

std::string range_text(const Price& price) {
    const std::string value = figure_text(price.value);
    return price.low == price.high ? value
                                   : value + " (" + figure_text(price.low) + " to " + figure_text(price.high) + ")";
}

void print_text(const fpga::FpgaEstimate& e, const fpga::FpgaDevice& device, const fpga::FamilyTable& family) {
    const auto whole = [](double value) { return grouped(std::llround(value)); };
    Table resources({"of " + device.device, "core", "device", "used %", "device's figure"});
    const auto add = [&](const char* what, double needed, const Price& there) {
        resources.add(
            {what, whole(needed), whole(there.value), fixed_text(100 * needed / there.value, 1), kind_text(there)});
    };
    add("LUTs, synthesis", e.needs.luts, device.luts);
    add("LUTs, placed and routed", e.placed_luts, device.luts);
    add("registers", e.needs.registers, device.registers);
    add("DSP blocks", e.needs.dsps, device.dsps);
    add("block RAMs of 18 kbit", e.needs.block_rams, device.block_rams);
    add("bytes of the model's image", e.image_bytes, e.memory.bytes);
    Table speed({"result", "value", "unit", "kind and source"});
    const std::string counted = "derived: closed form; equal to the simulated core's where that is simulated";
    speed.add({"lanes x streams", std::to_string(e.shape.lanes) + " x " + std::to_string(e.shape.streams), "", ""});
    speed.add({"clock", number_text(e.clock_mhz.value), "MHz", kind_text(e.clock_mhz)});
    speed.add({"cycles a token, ideal memory", whole(static_cast<double>(e.cycles.total())), "cycles", counted});
    speed.add({"cycles a token, " + e.memory.name, whole(e.token_cycles), "cycles", kind_text(e.memory.efficiency)});
    speed.add(
        {"read a token", figure_text(e.token_bytes / 1e6 / e.shape.streams), "MB", "derived: words of the image"});
    speed.add({"peak of " + e.memory.name, figure_text(e.memory.mb_per_s.value), "MB/s", kind_text(e.memory.mb_per_s)});
    speed.add({"least time: memory", figure_text(e.memory_ms), "ms", ""});
    speed.add({"least time: lanes", figure_text(e.lanes_ms), "ms", ""});
    speed.add({"time: latency between products", figure_text(e.latency_ms), "ms", ""});
    speed.add({"bound by", fpga::bound_name(e.bound), "", ""});
    speed.add({"rate, all streams", figure_text(e.tokens_per_s), "tok/s", "derived"});
    speed.add({"power, " + scope_name(device.scope), range_text(device.watts), "W", kind_text(device.watts)});
    speed.add(
        {"energy, " + scope_name(device.scope), range_text(e.mj_per_token), "mJ/token", "derived: power over rate"});
    std::cout << resources.render("text") << "LUT: " << family.unit << "; synthesis: " << family.tool
              << "\nplace and route: x " << number_text(family.placed.value) << ", " << kind_text(family.placed)
              << "\n\n"
              << speed.render("text") << "Nothing here was run on hardware.\n";
}

void print_published(const Options& options) {
    Outputs outputs;
    auto markdown = outputs.open("--markdown", options.markdown);
    const auto designs = require(fpga::shipped_designs());
    if (markdown) finish(markdown, fpga::designs_markdown(designs));
    Table table({"design", "model", "streams", "published tok/s", "W", "memory allows tok/s", "its lanes allow tok/s",
                 "error %", "tephra core, same device", "lanes", "bound by"});
    for (const fpga::Design& each : designs) {
        const bool core = each.core.has_value();
        table.add({each.row.id, each.model, each.streams, figure_text(each.rate), figure_text(each.watts),
                   figure_text(each.memory_rate), each.lanes_rate ? Json(figure_text(*each.lanes_rate)) : Json(),
                   each.lanes_rate ? Json(fixed_text(*each.error_percent(), 1)) : Json(),
                   core ? Json(figure_text(each.core->tokens_per_s)) : Json(),
                   core ? Json(each.core->shape.lanes) : Json(),
                   core ? fpga::bound_name(each.core->bound) : each.why_no_core});
    }
    std::cout << table.render(options.format);
}

void run_fpga(const Options& options) {
    const auto device = require(fpga::find_fpga(options.device));
    const auto family = require(fpga::find_family(device.family));
    auto task = task_of(options);
    if (options.lanes > 0)
        task.lanes = options.lanes;
    else
        task = require(fpga::best_lanes(task, device, family));
    const auto result = require(fpga::estimate(task, device, family));
    if (options.format == "json")
        std::cout << fpga::estimate_json(result, device, family).dump() << "\n";
    else
        print_text(result, device, family);
}

}  // namespace

void add_fpga_command(CLI::App& app) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand("fpga", "Estimate the FPGA core on a device: what it takes, how fast it is");
    CLI::Option* model =
        add_word(*command, "model", options->model, "deployment file (.tph), or a published shape such as mmfree-370m");
    CLI::Option* device = add_word(*command, "--device", options->device, "a name in machines/fpgas or a file");
    add_integer(*command, "--lanes", options->lanes, 1, fpga::max_lanes,
                "columns of a row a cycle; default: the fastest core that fits");
    add_integer(*command, "--streams", options->streams, 1, fpga::max_streams, "sequences that share each weight read");
    add_choice(*command, "--packing", options->packing, fpga::packing_names(), "of weights in memory");
    add_word(*command, "--memory", options->memory, "memory of the device that holds the model; default: its first");
    add_number(*command, "--clock", options->clock_mhz, 0.001, 1e6, "MHz of the core, instead of the device's");
    add_switch(*command, "--published", options->published, "published designs beside predictions, instead of a model");
    add_choice(*command, "--format", options->format, {"text", "json"}, "text or json");
    add_output(*command, "--markdown", options->markdown,
               "with --published: also write the table of backends/fpga/README.md");
    command->callback([options, command, model, device] {
        if (options->published) {
            refuse_ignored(*command, {"model", "--device", "--lanes", "--streams", "--packing", "--memory", "--clock"},
                           "with --published");
            print_published(*options);
            return;
        }
        refuse_ignored(*command, {"--markdown"}, "without --published");
        if (model->count() == 0 || device->count() == 0)
            throw CLI::RequiredError(model->count() == 0 ? "model" : "--device");
        run_fpga(*options);
    });
}

}  // namespace tephra::tools
