#pragma once
// Machines and cost tables with the JSON text that they were made of, which keeps the sources of their numbers.
#include <memory>
#include <string>

#include "core/files.hpp"
#include "mapper/machine.hpp"
#include "python/bindings/arguments.hpp"
#include "simulator/cost_table.hpp"

namespace tephra::python {

struct MachineObject {
    std::shared_ptr<const Machine> machine;
    std::string text;
};

struct CostTableObject {
    std::shared_ptr<const CostTable> table;
    std::string text;
};

void bind_machines(py::module_& m);

}  // namespace tephra::python
