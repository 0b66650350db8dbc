#include "simulator/spiking/network_feed.hpp"

#include "core/narrow.hpp"
#include "simulator/simulate.hpp"

namespace tephra::spiking {

HostInput host_input(const NetworkInput& input) {
    return input.constant() ? HostInput::changes : HostInput::messages;
}

FrameFeed network_feed(const Program& program, NetworkInput& input, int steps, FrameFeed::Reader reader) {
    const std::vector<std::int32_t> nothing(static_cast<std::size_t>(program[program.source].size));
    return {steps,
            [&input, nothing](std::int64_t step) {
                const auto frame = input.frame(narrow<int>(step));
                return frame.empty() ? std::span<const std::int32_t>(nothing) : frame;
            },
            std::move(reader)};
}

SparesWork step_work(std::shared_ptr<const Program> program, NetworkInput input, int steps) {
    return [program = std::move(program), input = std::move(input), steps](const Machine& machine,
                                                                           const Mapping& mapping) {
        NetworkInput own = input;  // it keeps its place
        FrameFeed feed = network_feed(*program, own, steps);
        return simulate(*program, machine, mapping, feed, {});
    };
}

}  // namespace tephra::spiking
