#pragma once
// Mapping: which core holds which slice of every population. A plain record; routes follow from the machine.
#include <optional>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "core/hash.hpp"
#include "core/id.hpp"
#include "mapper/machine.hpp"
#include "neuro/program.hpp"

namespace tephra {

/// Neurons [begin, end) of a population on one core.
struct Slice {
    CoreId core;
    int begin = 0, end = 0;
    friend bool operator==(const Slice&, const Slice&) = default;
};

struct Mapping {
    Hash128 model;    ///< Deployment::hash of the mapped model
    Hash128 machine;  ///< Machine::hash
    std::string machine_name;
    WeightStorage format = WeightStorage::ternary2;
    bool head_on_host = false;
    int streams = 1;  ///< sequences in flight that the state memory is laid out for
    /// [population] slices in order of `begin`, covering all neurons; empty for populations on the host.
    std::vector<std::vector<Slice>> slices;
    friend bool operator==(const Mapping&, const Mapping&) = default;
};

/// Most sequences in flight that a mapping may keep state for: sums of state memory stay far within 64 bits.
inline constexpr int most_streams = 1 << 20;

struct MapOptions {
    std::optional<WeightStorage> format;  ///< none: the machine's default (Machine::formats)
    bool head_on_host = false;
    int streams = 1;
    int cores_per_chip = 0;  ///< use at most so many cores of a chip: fewer packets, longer service; 0: all usable
    bool improve = true;     ///< false: without placement by traffic, to measure its gain
};

/// Partitions (mapper/partition.hpp), places (mapper/place.hpp) and checks.
/// Errors: does_not_fit ("needs N chips of this kind"), bad_input (times that overflow, mapper/work.hpp; a synapse
/// format that the machine has not, a number of streams that is not 1 to most_streams).
Result<Mapping> map_program(const Program& program, const Machine& machine, const MapOptions& options);

/// Every fault of a mapping, whoever made it; empty when the machine can run the program so. Code bad_input: another
/// model or machine, a format that the machine has not, neurons on no core, on two, on one that is dead, reserved
/// or cut off from the host, parted groups. Code does_not_fit: a limit of a core (Machine::limits), counted only when
/// all slices are sound. Places are `place` and the JSON pointer into a mapping file ("m.json#/slices/3/6").
std::vector<Error> check_mapping(const Program& program, const Machine& machine, const Mapping& mapping,
                                 const std::string& place = "mapping");

/// The first fault that check_mapping finds, if any; its hint says how many there are.
Result<void> accept_mapping(const Program& program, const Machine& machine, const Mapping& mapping,
                            const std::string& place = "mapping");

/// What one core holds, against Machine::limits.
struct CoreUse {
    int neurons = 0;
    std::int64_t synaptic_bytes = 0;
    std::int64_t state_bytes = 0;
    std::int64_t axons_in = 0;   ///< distinct source neurons whose messages reach the core
    std::int64_t axons_out = 0;  ///< (neuron, destination core) pairs; under multicast (neuron, tree) pairs
    CoreUse& operator+=(const CoreUse& more);
};

/// Use of every core of the machine, [cores].
std::vector<CoreUse> core_use(const Program& program, const Machine& machine, const Mapping& mapping);

/// The mapping as JSON (docs/formats.md), the bytes that write_mapping writes; and their hash.
std::string mapping_json(const Mapping& mapping);
Hash128 mapping_hash(const Mapping& mapping);
Result<Mapping> parse_mapping(std::string_view text, const std::string& place);
Result<void> write_mapping(const Mapping& mapping, const std::string& path);
Result<Mapping> read_mapping(const std::string& path);

}  // namespace tephra
