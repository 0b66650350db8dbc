#include "neuro/spiking/leaky_readout.hpp"

#include "tests/neuro/spiking/fire.hpp"

using namespace tephra;
using namespace tephra::spiking;
using namespace tephra::spiking::test;

TEST_CASE("a leaky readout sends its voltage every step") {
    Cuba cuba;
    cuba.voltage_decay = 2048;
    cuba.bias = 10;
    Firing readout(make_leaky_readout(cuba));
    CHECK(readout(-4) == -246);  // -256 + 10
    CHECK(readout(0) == -123 + 10);
    CHECK(readout(0, 3) == -56 + 13);
    cuba.bias = 5000;
    CHECK_FALSE(make_leaky_readout(cuba));
}

TEST_CASE("a readout at the end of its range is reported, since it no longer says how large the sum is") {
    Firing readout(make_leaky_readout({}));
    readout(131071);
    CHECK_FALSE(readout.overflow());
    readout(1);
    CHECK(readout.overflow() == 0);
}
