// Mapping of the published shapes on one core: seconds (median, fastest, slowest), and what placement by traffic gains.
// Asked: 2.7B on hala-point within 10 s. Every mapping is checked.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

#include "mapper/mapping.hpp"
#include "mapper/traffic.hpp"
#include "neuro/lm/lower.hpp"
#include "neuro/lm/synth.hpp"

using namespace tephra;

namespace {

struct Case {
    const char* preset;
    const char* machine;
    WeightStorage format;
    bool head_on_host;
};

double percent(std::int64_t after, std::int64_t before) {
    return before == 0 ? 0 : 100.0 * static_cast<double>(after - before) / static_cast<double>(before);
}

void print_change(const char* what, std::int64_t before, std::int64_t after) {
    std::printf("    %-26s %14lld -> %14lld  %+.1f %%\n", what, static_cast<long long>(before),
                static_cast<long long>(after), percent(after, before));
}

/// False when the mapping breaks a limit.
bool measure(const Case& c) {
    const Program program = lower(make_blank_model(*synth_preset(c.preset)));
    const Machine machine = *find_machine(c.machine);
    const Topology topology = *Topology::create(machine);
    MapOptions options;
    options.format = c.format;
    options.head_on_host = c.head_on_host;
    std::vector<double> seconds;
    Result<Mapping> mapping = fail(ErrorCode::internal, "not mapped");
    for (int repeat = 0; repeat < 5; ++repeat) {
        const auto start = std::chrono::steady_clock::now();
        mapping = map_program(program, machine, options);
        seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }
    std::sort(seconds.begin(), seconds.end());
    std::printf("%s on %s, %s synapses, head on %s: %.3f s (%.3f to %.3f)\n", c.preset, c.machine,
                c.format == WeightStorage::int8 ? "8-bit" : "2-bit", c.head_on_host ? "the host" : "chips", seconds[2],
                seconds.front(), seconds.back());
    options.improve = false;
    const auto plain = map_program(program, machine, options);
    if (!mapping || !plain || !check_mapping(program, machine, *mapping).empty()) {
        std::printf("    FAILED: %s\n", mapping ? "a limit is broken" : to_string(mapping.error()).c_str());
        return false;
    }
    const auto before = summarize_traffic(program, machine, topology, *plain);
    const auto after = summarize_traffic(program, machine, topology, *mapping);
    print_change("flits x hops", before.flit_hops, after.flit_hops);
    print_change("  of it within chips", before.flit_hops - before.chip_flits, after.flit_hops - after.chip_flits);
    print_change("busiest mesh link, flits", before.busiest_mesh_flits, after.busiest_mesh_flits);
    print_change("busiest link, flits", before.busiest_flits, after.busiest_flits);
    CoreUse most;
    for (const CoreUse& use : core_use(program, machine, *mapping)) {
        most.axons_in = std::max(most.axons_in, use.axons_in);
        most.axons_out = std::max(most.axons_out, use.axons_out);
    }
    std::printf("    most axons of a core: %lld in, %lld out\n", static_cast<long long>(most.axons_in),
                static_cast<long long>(most.axons_out));
    return true;
}

}  // namespace

int main() {
    constexpr auto ternary2 = WeightStorage::ternary2;
    constexpr auto int8 = WeightStorage::int8;
    bool good = true;
    for (const Case& c :
         {Case{"mmfree-370m", "alia-point", int8, false}, Case{"mmfree-370m", "alia-point", int8, true},
          Case{"mmfree-1.3b", "hala-point", int8, false}, Case{"mmfree-1.3b", "hala-point", ternary2, false},
          Case{"mmfree-2.7b", "hala-point", int8, false}, Case{"mmfree-2.7b", "hala-point", int8, true},
          Case{"mmfree-2.7b", "hala-point", ternary2, true}})
        good = measure(c) && good;
    return good ? 0 : 1;
}
