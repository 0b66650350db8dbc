#pragma once
// Programs, mappings, runs and what is made of runs, as the bindings share them.
#include <memory>
#include <string>
#include <vector>

#include "mapper/mapping.hpp"
#include "neuro/program.hpp"
#include "python/bindings/arguments.hpp"
#include "python/bindings/machine_objects.hpp"
#include "simulator/run.hpp"
#include "simulator/simulate.hpp"

namespace tephra::python {

/// What is mapped and run: made of a model or a network, which it keeps.
struct ProgramObject {
    std::shared_ptr<const Program> program;
};

/// A mapping with the program and the machine that it is for.
struct MappingObject {
    std::shared_ptr<const Mapping> mapping;
    std::shared_ptr<const Program> program;
    std::shared_ptr<const Machine> machine;
};

struct RunObject {
    std::shared_ptr<const Run> run;
};

/// The timeline that a simulation writes; nothing without a path.
class TraceFile {
public:
    /// Reads trace and trace_mib.
    explicit TraceFile(Keywords& in);
    [[nodiscard]] TraceOutput output() { return {file_ ? &*file_ : nullptr, bytes_, &dropped_}; }
    void open();
    void commit();
    /// Events that had no room.
    [[nodiscard]] std::int64_t dropped() const { return dropped_; }

private:
    std::string path_;
    std::int64_t bytes_ = std::int64_t{64} << 20;
    std::int64_t dropped_ = 0;
    std::optional<OutputFile> file_;
};

/// The checkpoints that a simulation writes and goes on from.
class CheckpointFiles {
public:
    /// Reads checkpoint, every_s and resume. The options keep pointers to this.
    CheckpointFiles(Keywords& in, CheckpointOptions& options);
    CheckpointFiles(const CheckpointFiles&) = delete;
    CheckpointFiles& operator=(const CheckpointFiles&) = delete;
    /// After the run: a RuntimeWarning where the last checkpoint could not be written.
    void warn() const;

private:
    std::optional<Checkpoint> resume_;
    CheckpointReport report_;
};

/// sync, noc, fault_seed and threads.
void take_simulation(Keywords& in, SimulateOptions& options, const Machine& machine);

/// synapses, head, streams, cores_per_chip and unplaced.
MapOptions take_map_options(Keywords& in, const Program& program);

void bind_mappings(py::module_& m);
void bind_simulations(py::module_& m);
void bind_spares(py::module_& m);
void bind_reports(py::module_& m);

}  // namespace tephra::python
