#include "neuro/spiking/dense.hpp"

#include "tests/neuro/spiking/check_format.hpp"

using namespace tephra;
using namespace tephra::spiking;
using namespace tephra::spiking::test;

TEST_CASE("dense synapses are a matrix, in every range of targets") {
    Draw draw(1);
    for (const auto& [sources, targets, exponent] :
         {std::tuple(1, 1, 0), std::tuple(5, 40, 0), std::tuple(33, 7, 3), std::tuple(12, 100, -4)}) {
        const auto count = static_cast<std::size_t>(sources * targets);
        const auto weights = store_weights(draw(count, -120, 120), {.exponent = exponent}).value();
        Expected expected{{}, exponent};
        for (int r = 0; r < targets; ++r)
            for (int c = 0; c < sources; ++c)
                expected.synapses[{c, r}] = {{0, weights.values[static_cast<std::size_t>(r * sources + c)]}};
        const auto dense = make_dense(sources, targets, weights).value();
        check_format(*dense, expected);
        CHECK(dense->uniform());
        CHECK(dense->memory({0, targets}).weights == sources * targets);
        CHECK(dense->memory({0, 1}).bits == sources * 8);
    }
}

TEST_CASE("a dense projection has a weight for each pair") {
    StoredWeights six;
    six.values.resize(6);
    CHECK(make_dense(2, 3, six));
    CHECK(make_dense(2, 4, six).error().message == "6 weights for 4 targets and 2 sources");
    CHECK_FALSE(make_dense(0, 3, six));
}
