// What the readers of kinds refuse; that each kind comes back as it was: network_codec_test.cpp.
#include "neuro/spiking/kinds.hpp"

#include "tests/catch.hpp"

using namespace tephra;
using namespace tephra::spiking;

namespace {

template <typename Made>
std::string text_of(const Result<Made>& made) {
    return made ? "made" : to_string(made.error());
}

const StoredParameters scale_of_delta = {{"spike_exponent", {0}}, {"state_exponent", {23}}, {"threshold", {0}}};

StoredParameters changed(StoredParameters parameters, const std::string& name, std::vector<std::int32_t> values) {
    for (StoredParameter& p : parameters)
        if (p.name == name) p.values = std::move(values);
    return parameters;
}

}  // namespace

TEST_CASE("a kind that is not in the table is refused with the nearest") {
    CHECK(text_of(read_neurons("liff", {}, "here")) ==
          "here: there is no neuron model \"liff\" (did you mean \"lif\"?)");
    CHECK_THAT(text_of(read_synapses("", {}, "here")), test::contains("here: there is no synapse format \"\""));
    CHECK(text_of(read_neurons("relay", {}, "here")) == "made");
    CHECK_THAT(text_of(read_neurons("relay", {{"x", {1}}}, "here")), test::contains("\"x\" is not known"));
}

TEST_CASE("what factories refuse is refused in files, with the place") {
    CHECK(text_of(read_neurons("delta", scale_of_delta, "here")) == "made");
    CHECK_THAT(text_of(read_neurons("delta", changed(scale_of_delta, "spike_exponent", {1}), "here")),
               test::contains("here: the sum of spike and state exponent is 24"));
    CHECK_THAT(text_of(read_neurons("delta", changed(scale_of_delta, "spike_exponent", {24}), "here")),
               test::contains("parameter \"spike_exponent\": it is 24"));
    CHECK_THAT(text_of(read_neurons("delta", changed(scale_of_delta, "threshold", {}), "here")),
               test::contains("parameter \"threshold\": no values"));
    CHECK_THAT(text_of(read_synapses("sparse",
                                     {{"sources", {2}},
                                      {"targets", {2}},
                                      {"bits", {8}},
                                      {"exponent", {0}},
                                      {"source", {0, 1}},
                                      {"target", {0, 1}},
                                      {"weight", {1}},
                                      {"delay", {0, 0}}},
                                     "here")),
               test::contains("here: synapses with 2 sources, 2 targets, 1 weights and 2 delays"));
}
