#include "neuro/spiking/ternary_lif.hpp"

#include "tests/neuro/spiking/fire.hpp"

using namespace tephra;
using namespace tephra::spiking;
using namespace tephra::spiking::test;

TEST_CASE("a ternary neuron spikes up above its upper and down below its lower threshold") {
    TernaryLifParameters p;
    p.lower = -2;
    p.upper = 3;
    Firing lif(make_ternary_lif(p));
    CHECK(lif(3) == 0);
    CHECK(lif(1) == 1);
    CHECK(lif.state(1) == 0);
    CHECK(lif(-2) == 0);
    CHECK(lif.state(1) == -128);
    CHECK(lif(-1) == -1);
    CHECK(lif.state(1) == 0);
}

TEST_CASE("thresholds that would let a neuron spike both ways are refused") {
    TernaryLifParameters p;
    p.lower = 3;
    p.upper = 3;
    CHECK(make_ternary_lif(p));
    p.lower = 4;
    CHECK_FALSE(make_ternary_lif(p));
    p.lower = -131072;
    CHECK_FALSE(make_ternary_lif(p));
}
