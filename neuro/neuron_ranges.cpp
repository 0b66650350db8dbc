#include "neuro/neuron_ranges.hpp"

#include <algorithm>

namespace tephra {

NeuronRanges clipped(std::span<const NeuronRange> ranges, NeuronRange within) {
    NeuronRanges out;
    if (within.size() <= 0) return out;
    for (auto at = std::ranges::upper_bound(ranges, within.begin, {}, &NeuronRange::end);
         at != ranges.end() && at->begin < within.end; ++at)
        out.push_back({std::max(at->begin, within.begin), std::min(at->end, within.end)});
    return out;
}

NeuronRanges united(NeuronRanges ranges) {
    std::erase_if(ranges, [](NeuronRange range) { return range.size() <= 0; });
    std::ranges::sort(ranges, {}, &NeuronRange::begin);
    NeuronRanges out;
    for (const NeuronRange range : ranges)
        if (!out.empty() && range.begin <= out.back().end)
            out.back().end = std::max(out.back().end, range.end);
        else
            out.push_back(range);
    return out;
}

}  // namespace tephra
