#include "simulator/spiking/beside_run.hpp"

#include "core/data_files.hpp"
#include "core/narrow.hpp"
#include "core/object_reader.hpp"
#include "mapper/machine.hpp"
#include "neuro/spiking/network_codec.hpp"
#include "neuro/spiking/netx.hpp"
#include "simulator/spiking/network_figures.hpp"

namespace tephra {
namespace {

/// The hash of the network of a recipe.
Result<Hash128> network_hash(const std::string& file, const spiking::NetxOptions& options) {
    const auto path = find_shipped_file(file);
    if (!path) return tl::unexpected(path.error());
    const auto model = spiking::read_netx(*path, options);
    if (!model) return tl::unexpected(model.error());
    const auto encoded = spiking::encode_network(model->network);
    if (!encoded) return tl::unexpected(encoded.error());
    return spiking::content_hash(*encoded);
}

}  // namespace

Result<std::optional<RowResult>> beside_run(const LedgerRow& row, const Run& run, const Report& report) {
    if (row.recipe != "network-file" || run.round != RoundKind::time_step) return std::optional<RowResult>();
    ObjectReader reader(row.repeat, "ledger row " + row.id + "#/repeat");
    for (const char* key : {"kind", "input", "costs", "noc", "steps", "cores", "layer_cores"}) reader.ignore(key);
    const std::string name = reader.string("machine"), file = reader.string("file");
    spiking::NetxOptions options;
    options.reset_interval = narrow<int>(reader.integer("reset_interval", 0, spiking::longest_reset_interval / 2));
    if (auto done = reader.finish(); !done) return tl::unexpected(done.error());
    const auto machine = find_machine(name);
    if (!machine) return tl::unexpected(machine.error());
    if (machine->hash != run.machine) return std::optional<RowResult>();
    const auto hash = network_hash(file, options);
    if (!hash) return tl::unexpected(hash.error());
    if (*hash != run.model) return std::optional<RowResult>();

    const NetworkRun priced{run, report, narrow<int>(run.tokens.size()), 0};
    RowResult result{row.id, {}, hash_of_inputs(&machine->hash, &report.table_hash), to_string(run.trace)};
    const bool too_short = priced.steps < least_steps_beside;
    for (std::size_t k = 0; k < row.figures.size(); ++k) {
        NetworkFigure asked;
        if (!row.figures[k].at.is_null()) {
            ObjectReader at(row.figures[k].at, "ledger row " + row.id + "#/figures/" + std::to_string(k) + "/at");
            asked = read_network_figure(at, 0);
            if (auto done = at.finish(); !done) return tl::unexpected(done.error());
        }
        if (too_short) asked.needs = "a run of " + std::to_string(least_steps_beside) + " time steps or more";
        result.figures.push_back(predict(row.figures[k], asked, priced));
    }
    return std::optional(std::move(result));
}

}  // namespace tephra
