#include "tests/architecture/test_rules.hpp"

#include <algorithm>

namespace tephra::test {
namespace {

namespace fs = std::filesystem;

/// Sources below `root` that have no test file of their own, sorted.
std::vector<std::string> sources_without_test(const fs::path& root) {
    std::vector<std::string> sources;
    for (const char* folder : {"core", "neuro", "mapper", "simulator", "backends", "tools"}) {
        if (!fs::exists(root / folder)) continue;
        for (const fs::directory_entry& entry : fs::recursive_directory_iterator(root / folder)) {
            const fs::path source = entry.path().lexically_relative(root);
            if (source.extension() != ".cpp" && source.extension() != ".cu") continue;
            const std::string test = source.stem().string() + "_test.cpp";
            if (!fs::exists(root / "tests" / source.parent_path() / test)) sources.push_back(source.generic_string());
        }
    }
    std::ranges::sort(sources);
    return sources;
}

bool covers(const CoveredBy& entry, const std::string& source) {
    return entry.source.ends_with('/') ? source.starts_with(entry.source) : source == entry.source;
}

}  // namespace

const std::vector<CoveredBy>& covered_sources() {
    static const std::vector<CoveredBy> covered = {
        {"backends/cuda/", "tests/gpu/parity.cpp"},  // needs a GPU; plans and layouts have tests in tests/backends
        {"backends/fpga/absent.cpp", "tests/backends/fpga/engine_test.cpp"},
        {"backends/fpga/board_engine.cpp", "tests/rtl/port_test.cpp"},
        {"backends/fpga/core_shape.cpp", "tests/backends/fpga/image_test.cpp"},
        {"backends/fpga/link.cpp", "tests/rtl/board_test.cpp"},
        {"backends/fpga/rows_beside.cpp", "tests/tools/report_test.cpp"},
        {"backends/fpga/serial_port.cpp", "tests/rtl/port_test.cpp"},
        {"backends/fpga/tap_collector.cpp", "tests/backends/fpga/engine_test.cpp"},
        {"backends/measure.cpp", "scripts/gpu-check.sh"},  // needs a GPU
        {"backends/nvml.cpp", "scripts/gpu-check.sh"},
        {"backends/repeat_row.cpp", "tests/tools/validate_test.cpp"},
        {"core/partial_files.cpp", "tests/core/files_test.cpp"},
        {"mapper/machine_reader.cpp", "tests/mapper/machine_test.cpp"},
        {"mapper/picture_layout.cpp", "tests/mapper/svg_test.cpp"},
        {"mapper/picture_legend.cpp", "tests/mapper/svg_test.cpp"},
        {"mapper/weight_storage.cpp", "tests/mapper/machine_test.cpp"},
        {"neuro/lm/float_type.cpp", "tests/neuro/lm/layer_graph_test.cpp"},
        {"neuro/lm/kernels_matmul.cpp", "tests/neuro/lm/kernels_test.cpp"},
        {"neuro/lm/kernels_permute.cpp", "tests/neuro/lm/kernels_test.cpp"},
        {"neuro/lm/kernels_table.cpp", "tests/neuro/lm/kernels_test.cpp"},
        {"neuro/lm/model_source.cpp", "tests/neuro/lm/checkpoint/import_test.cpp"},
        {"neuro/lm/native/forward.cpp", "tests/neuro/lm/native/engine_test.cpp"},
        {"neuro/lm/native/pass.cpp", "tests/neuro/lm/native/engine_test.cpp"},
        {"neuro/lm/gated_recurrence.cpp", "tests/neuro/lm/program_test.cpp"},
        {"neuro/lm/gated_unit.cpp", "tests/neuro/lm/program_test.cpp"},
        {"neuro/lm/norm_record.cpp", "tests/neuro/lm/program_test.cpp"},
        {"neuro/lm/normalizer.cpp", "tests/neuro/lm/program_test.cpp"},
        {"neuro/lm/quantizer.cpp", "tests/neuro/lm/program_test.cpp"},
        {"neuro/lm/readout.cpp", "tests/neuro/lm/program_test.cpp"},
        {"neuro/lm/residual.cpp", "tests/neuro/lm/program_test.cpp"},
        {"neuro/lm/token_embedding.cpp", "tests/neuro/lm/program_test.cpp"},
        {"neuro/record.cpp", "tests/neuro/lm/program_test.cpp"},
        {"neuro/synapse_format.cpp", "tests/neuro/identity_test.cpp"},
        {"neuro/simd.cpp", "tests/neuro/lm/kernels_test.cpp"},
        {"neuro/spiking/cuba.cpp", "tests/neuro/spiking/lif_test.cpp"},
        {"neuro/spiking/difference.cpp", "tests/simulator/spiking_test.cpp"},
        {"neuro/spiking/lower.cpp", "tests/simulator/spiking_test.cpp"},
        {"neuro/spiking/netx_neurons.cpp", "tests/neuro/spiking/netx_test.cpp"},
        {"neuro/spiking/netx_synapses.cpp", "tests/neuro/spiking/netx_test.cpp"},
        {"neuro/spiking/network_input.cpp", "tests/tools/run_test.cpp"},
        {"neuro/spiking/network_origin.cpp", "tests/tools/network_files_test.cpp"},
        {"neuro/spiking/nir_neurons.cpp", "tests/neuro/spiking/nir_import_test.cpp"},
        {"neuro/spiking/nir_synapses.cpp", "tests/neuro/spiking/nir_import_test.cpp"},
        {"neuro/spiking/probes.cpp", "tests/tools/run_test.cpp"},
        {"neuro/spiking/relay.cpp", "tests/neuro/spiking/engine_test.cpp"},
        {"simulator/core_accounts.cpp", "tests/simulator/core_engine_test.cpp"},
        {"simulator/core_ahead.cpp", "tests/simulator/trace_test.cpp"},
        {"simulator/core_receiving.cpp", "tests/simulator/core_engine_test.cpp"},
        {"simulator/fault_counts.cpp", "tests/simulator/link_errors_test.cpp"},
        {"simulator/network_leaving.cpp", "tests/simulator/link_errors_test.cpp"},
        {"simulator/network_sinks.cpp", "tests/simulator/trace_test.cpp"},
        {"simulator/state/", "tests/simulator/state/checkpointing_test.cpp"},
        {"simulator/chip.cpp", "tests/simulator/simulate_test.cpp"},
        {"simulator/lm/simulate_tokens.cpp", "tests/simulator/simulate_test.cpp"},
        {"simulator/lm/spares_work.cpp", "tests/tools/map_spares_test.cpp"},
        {"simulator/spiking/network_feed.cpp", "tests/tools/simulate_network_test.cpp"},
        {"simulator/lm/text_change.cpp", "tests/tools/fault_tables_test.cpp"},
        {"simulator/spiking/message_change.cpp", "tests/tools/fault_tables_test.cpp"},
        {"simulator/frame_feed.cpp", "tests/simulator/spiking_test.cpp"},
        {"simulator/lm/model_shape.cpp", "tests/simulator/lm/compare_test.cpp"},
        {"simulator/page/", "tests/simulator/page_test.cpp"},
        {"simulator/spiking/probe_recorder.cpp", "tests/tools/simulate_network_test.cpp"},
        {"simulator/whole_report.cpp", "tests/tools/report_test.cpp"},
        {"tools/info_network.cpp", "tests/tools/network_files_test.cpp"},
        {"tools/program_source.cpp", "tests/tools/network_files_test.cpp"},
        {"tools/compare.cpp", "tests/tools/report_test.cpp"},
        {"tools/eval.cpp", "tests/tools/process_test.cpp"},
        {"tools/import.cpp", "tests/tools/model_files_test.cpp"},
        {"tools/info.cpp", "tests/tools/model_files_test.cpp"},
        {"tools/lower.cpp", "tests/tools/map_test.cpp"},
        {"tools/main.cpp", "tests/tools/process_test.cpp"},
        {"tools/measure.cpp", "tests/tools/options_test.cpp"},
        {"tools/machine_run.cpp", "tests/tools/simulate_network_test.cpp"},
        {"tools/mpi/", "tests/tools/ranks_test.cpp"},
        {"tools/network_options.cpp", "tests/tools/run_test.cpp"},
        {"tools/simulate.cpp", "tests/tools/prompts_test.cpp"},
        {"tools/synth.cpp", "tests/tools/model_files_test.cpp"},
        {"tools/table.cpp", "tests/tools/report_test.cpp"},
    };
    return covered;
}

std::vector<std::string> test_rule_breaches(const fs::path& root, const std::vector<CoveredBy>& covered) {
    const std::vector<std::string> sources = sources_without_test(root);
    std::vector<std::string> breaches;
    for (const std::string& source : sources)
        if (std::ranges::none_of(covered, [&](const CoveredBy& entry) { return covers(entry, source); }))
            breaches.push_back(source + ": has no tests/.../<file>_test.cpp and is not in the list of covered sources");
    for (const CoveredBy& entry : covered) {
        if (!fs::exists(root / entry.test)) breaches.push_back(entry.source + ": " + entry.test + " does not exist");
        if (std::ranges::none_of(sources, [&](const std::string& source) { return covers(entry, source); }))
            breaches.push_back(entry.source + ": is listed, but has a test of its own or is gone");
    }
    std::ranges::sort(breaches);
    return breaches;
}

}  // namespace tephra::test
