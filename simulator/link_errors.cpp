#include "simulator/link_errors.hpp"

#include <algorithm>

#include "core/philox.hpp"

namespace tephra {
namespace {

constexpr std::uint64_t certain = UINT64_MAX;
constexpr std::uint64_t stream_of_errors = 0x6C696E6B20657272;  // keeps its draws apart from others of the same seed

__extension__ using Wide = unsigned __int128;

/// a x b / 2^64; 1 is neutral.
std::uint64_t times(std::uint64_t a, std::uint64_t b) {
    if (a == certain) return b;
    if (b == certain) return a;
    return static_cast<std::uint64_t>((Wide{a} * b) >> 64);
}

/// Probability that one of two independent events happens.
std::uint64_t either(std::uint64_t a, std::uint64_t b) {
    if (a == certain || b == certain) return certain;
    return static_cast<std::uint64_t>(std::min(Wide{a} + (b - times(a, b)), Wide{certain}));
}

}  // namespace

std::uint64_t wrong_packet(std::int64_t rate, std::int64_t bits) {
    if (rate >= bits_of_error_rate) return bits > 0 ? certain : 0;
    const Wide scaled = (Wide{static_cast<std::uint64_t>(rate)} << 64) + bits_of_error_rate / 2;
    std::uint64_t some = static_cast<std::uint64_t>(scaled / static_cast<std::uint64_t>(bits_of_error_rate));
    std::uint64_t all = 0;
    for (; bits > 0; bits >>= 1) {  // of 1, 2, 4 ... bits
        if ((bits & 1) != 0) all = either(all, some);
        some = either(some, some);
    }
    return all;
}

void FaultLog::add(const LinkFault& fault) {
    LinkFault& at = faults_[{fault.round, fault.fanout, fault.entry}];
    at.round = fault.round;
    at.fanout = fault.fanout;
    at.entry = fault.entry;
    at.retries += fault.retries;
    at.retry_flits += fault.retry_flits;
    at.added += fault.added;
    at.lost += fault.lost;
    at.lost_markers += fault.lost_markers;
}

std::vector<LinkFault> FaultLog::all() const {
    std::vector<LinkFault> faults;
    faults.reserve(faults_.size());
    for (const auto& [key, fault] : faults_) faults.push_back(fault);
    return faults;
}

LinkErrorLaw::LinkErrorLaw(const Schedule& schedule, std::uint64_t seed)
    : schedule_(schedule), seed_(seed), kinds_{{{}, {}}} {
    const Machine& machine = schedule.machine;
    int most_flits = schedule.header_flits;
    for (const Fanout& fanout : schedule.fanouts) most_flits = std::max(most_flits, int{fanout.flits});
    const int stride = schedule.topology.links_per_chip();
    kind_.resize(static_cast<std::size_t>(machine.chips()) * chip_directions);
    for (int chip = 0; chip < machine.chips(); ++chip)
        for (int direction = 0; direction < chip_directions; ++direction) {
            const LinkEnds ends = schedule.topology.link(LinkId((chip + 1) * stride - chip_directions + direction));
            if (ends.kind != LinkKind::chip) continue;
            kind_[static_cast<std::size_t>(chip * chip_directions + direction)] =
                static_cast<std::uint16_t>(kind_of(machine.link_errors(ends.owner, ends.receiver), most_flits));
        }
}

std::size_t LinkErrorLaw::kind_of(const LinkErrors& errors, int most_flits) {
    const auto known = std::ranges::find_if(kinds_, [&](const Kind& kind) { return kind.errors == errors; });
    if (known != kinds_.end()) return static_cast<std::size_t>(known - kinds_.begin());
    Kind kind{errors, {}};
    for (std::int64_t flits = 0; flits <= most_flits; ++flits)
        kind.wrong.push_back(wrong_packet(errors.rate, flits * schedule_.machine.mesh.flit_bits));
    kinds_.push_back(std::move(kind));
    return kinds_.size() - 1;
}

LinkOutcome LinkErrorLaw::of(LinkId link, const Packet& packet) const {
    const int stride = schedule_.topology.links_per_chip();
    const int direction = link.value % stride - (stride - chip_directions);
    const Kind& kind = kinds_[kind_[static_cast<std::size_t>(link.value / stride * chip_directions + direction)]];
    if (kind.errors.rate == 0) return {};
    const auto words = random_words(seed_ ^ stream_of_errors, static_cast<std::uint32_t>(link.value),
                                    std::uint64_t{packet.terminal} << 32 | packet.neuron, packet.token);
    const std::uint64_t drawn = std::uint64_t{words[1]} << 32 | words[0];
    // The first k attempts all err with the k-th power of the probability: one draw tells how many do.
    const std::uint64_t wrong = kind.wrong[packet.flits];
    std::uint64_t power = wrong;
    int failed = 0;
    for (; failed < kind.errors.attempts && (power == certain || drawn < power); ++failed) power = times(power, wrong);
    const bool lost = failed == kind.errors.attempts;
    return {lost ? failed - 1 : failed, lost};
}

LinkFault LinkErrorLaw::fault(const LinkOutcome& outcome, const Packet& packet, std::uint32_t entry,
                              std::int64_t attempt) const {
    LinkFault fault;
    fault.round = packet.token;
    fault.fanout = schedule_.terminals[packet.terminal].fanout;
    fault.entry = entry;
    fault.retries = outcome.retries;
    fault.retry_flits = std::int64_t{outcome.retries} * packet.flits;
    fault.added = outcome.retries * attempt;
    fault.lost = outcome.lost ? 1 : 0;
    fault.lost_markers = outcome.lost && (packet.flags & packet_empty) != 0 ? 1 : 0;
    return fault;
}

}  // namespace tephra
