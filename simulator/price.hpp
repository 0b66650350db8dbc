#pragma once
// price: joules are counts x prices, made once, here. A Report is numbers only; report_rows, the pages and the tools
// give it a form.
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "core/units.hpp"
#include "simulator/cost_table.hpp"
#include "simulator/run.hpp"

namespace tephra {

/// An energy with the range that its prices allow. The ends take all prices low or all high at once, so the true
/// interval is narrower: prices that were derived from one sum move against each other.
struct EnergyRange {
    Picojoules low, value, high;
    EnergyRange& operator+=(const EnergyRange& other);
    friend EnergyRange operator+(EnergyRange a, const EnergyRange& b) { return a += b; }
};
EnergyRange operator*(const EnergyRange& energy, double factor);

/// What an event belongs to.
enum class EnergyGroup : std::uint8_t {
    synapse,
    neuron,
    network,
    chip_links,
    steps,
    static_power,
    system,
    host,
    count_
};
inline constexpr std::size_t energy_groups = static_cast<std::size_t>(EnergyGroup::count_);
std::string_view group_name(EnergyGroup group);  ///< "synapse", "chip links", "static"
EnergyGroup group_of(EventKind kind);

/// One line of the energy account: count x price, or power x time.
struct EnergyTerm {
    std::string name;  ///< of the event kind, "chip_step", "chip_static", "chip_system" or "host"
    EnergyGroup group = EnergyGroup::synapse;
    PowerScope scope = PowerScope::neurocores;  ///< the least that it belongs to
    std::int64_t count = 0;                     ///< events; chips for power
    EnergyRange energy;
    Evidence kind = Evidence::assumed;  ///< of the price; counts and times are simulated
    std::string source;
    bool over_time = false;  ///< power x time: its share of a token depends on the rate
};

/// The populations of one layer together.
struct LayerAccount {
    std::string name;
    bool on_host = false;  ///< all of it
    EnergyRange dynamic;
    std::int64_t updates = 0;  ///< neurons that fired
    std::int64_t skipped = 0;  ///< neurons that fired and sent nothing, because their message was zero
};

struct CoreAccount {
    std::int32_t core = 0;
    int layer = 0;  ///< index into Run::layers
    Picojoules dynamic;
    double utilisation = 0;  ///< busy time / elapsed
};

/// The energy of one scope.
struct ScopeEnergy {
    PowerScope scope = PowerScope::neurocores;
    EnergyRange total;                   ///< of the run
    EnergyRange per_token;               ///< at Report::tokens_per_s
    EnergyRange steady_per_token;        ///< at Report::steady_tokens_per_s
    double watts = 0, steady_watts = 0;  ///< at the same rates
};

struct Report {
    std::string table_name, table_about;
    Hash128 table_hash;
    RoundKind round = RoundKind::token;  ///< what "token" means in the names below
    std::int64_t tokens = 0;             ///< that went through the machine, over all streams
    std::int64_t generated = 0;          ///< tokens with a sampled output
    Picoseconds elapsed;
    std::optional<Picoseconds> first_token;  ///< from the entry of the first token to the first sampled output
    double tokens_per_s = 0;                 ///< over the whole run: filling and draining of the pipeline included
    double steady_tokens_per_s =
        0;  ///< limit for a long sequence: generate after the prompt, prefill with the pipeline full
    std::vector<ScopeEnergy> scopes;  ///< those that the table prices, least first; one at least
    EnergyRange dynamic;
    std::vector<EnergyTerm> terms;  ///< every event kind in order, then chip_step, chip_static, and chip_system and
                                    ///< host where they are priced
    std::array<EnergyRange, energy_groups> groups;
    std::vector<LayerAccount> layers;  ///< those that have populations
    std::vector<PhaseTime> phases;     ///< they sum to elapsed when the simulator attributed all of it
    std::vector<CoreAccount> cores;
    Picojoules off_core;  ///< dynamic energy that belongs to no core: host, host link
    std::optional<double> utilisation_mean, utilisation_max;  ///< of the mapped cores; none: no core is mapped
    std::int64_t evaluations = 0;                             ///< neurons that cores evaluated, firing or not
    std::int64_t updates = 0;                                 ///< neurons that fired
    std::int64_t skipped = 0;                                 ///< neurons that fired and sent nothing
    std::int64_t messages = 0;                                ///< packets sent
    double messages_saved = 0;         ///< packets that the zero messages would have been, at each population's fan-out
    int static_chips = 0;              ///< chips whose static power is charged
    std::vector<std::string> on_host;  ///< names of the populations that ran on the host
    std::vector<std::string> notes;    ///< what a reader must know before quoting a number
    /// The energy of all terms.
    [[nodiscard]] const ScopeEnergy& widest() const { return scopes.back(); }
};

/// Prices a run. Errors: those of check_run (simulator/run_check.hpp), for runs that no file held.
Result<Report> price(const Run& run, const CostTable& table);

}  // namespace tephra
