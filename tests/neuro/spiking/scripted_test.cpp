#include "neuro/spiking/scripted.hpp"

#include <cmath>

#include "tests/catch.hpp"

using namespace tephra;
using namespace tephra::spiking;

namespace {

std::vector<std::int32_t> sent(const NeuronModel& model, NeuronRange neurons, std::int64_t round) {
    std::vector<std::int32_t> messages(static_cast<std::size_t>(neurons.size()), 7);
    CHECK_FALSE(model.fire({neurons, round, {}, {}, messages}));
    return messages;
}

}  // namespace

TEST_CASE("scripted neurons send as often as they are told, wherever they lie") {
    const auto model = make_scripted({0.25, 3, NeuronProgram::microcode, 48}).value();
    CHECK(model->program() == NeuronProgram::microcode);
    std::int64_t count = 0;
    for (int round = 0; round < 50; ++round) {
        const auto all = sent(*model, {0, 400}, round);
        count += std::ranges::count(all, 1);
        CHECK(sent(*model, {100, 250}, round) == std::vector(all.begin() + 100, all.begin() + 250));
    }
    CHECK(count == Approx(5000).epsilon(0.05));
    CHECK(std::ranges::count(sent(*make_scripted({.share = 0}).value(), {0, 99}, 1), 0) == 99);
    CHECK(std::ranges::count(sent(*make_scripted({.share = 1}).value(), {0, 99}, 1), 1) == 99);
    CHECK_FALSE(make_scripted({.share = 1.01}));
    CHECK_FALSE(make_scripted({.share = -0.01}));
    CHECK_FALSE(make_scripted({.share = std::nan("")}));
}
