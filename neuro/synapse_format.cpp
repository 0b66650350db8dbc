#include "neuro/synapse_format.hpp"

namespace tephra {

std::int64_t total_synops(const SynapseFormat& format) {
    const NeuronRange all{0, format.targets()};
    if (format.uniform()) return format.synops(0, all) * format.sources();
    std::int64_t sum = 0;
    for (int source = 0; source < format.sources(); ++source) sum += format.synops(source, all);
    return sum;
}

bool reaches_all(const SynapseFormat& format) {
    return format.uniform() && total_size(format.sources_of({0, 1})) == format.sources();
}

}  // namespace tephra
