// tephra._core: what the package's Python modules stand on. Its names are not the package's API.
#include "python/bindings/machine_objects.hpp"
#include "python/bindings/model_objects.hpp"
#include "python/bindings/network_objects.hpp"
#include "python/bindings/run_objects.hpp"

PYBIND11_MODULE(_core, m) {
    using namespace tephra::python;
    m.attr("__version__") = TEPHRA_VERSION;
    bind_errors(m);
    bind_neurons(m);
    bind_synapses(m);
    bind_networks(m);
    bind_engines(m);
    bind_machines(m);
    bind_models(m);
    bind_generation(m);
    bind_likelihoods(m);
    bind_mappings(m);
    bind_simulations(m);
    bind_spares(m);
    bind_reports(m);
}
