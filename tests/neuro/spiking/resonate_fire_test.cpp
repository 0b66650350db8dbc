#include "neuro/spiking/resonate_fire.hpp"

#include "core/fixed.hpp"
#include "tests/neuro/spiking/fire.hpp"

using namespace tephra;
using namespace tephra::spiking;
using namespace tephra::spiking::test;

TEST_CASE("rotations are rounded towards zero") {
    CHECK(resonator_rotation(4, 0, 12) == std::pair(0, 4096));
    CHECK(resonator_rotation(3, 0.1, 12) == std::pair(-1843, 3192));  // 0.9 (-0.5, 0.8660254) 4096
}

TEST_CASE("a resonator turns its state, each product rounded towards zero") {
    ResonatorParameters p;
    p.cosine = -1843;
    p.sine = 3192;
    p.threshold = 100000;
    Firing resonator(make_resonator(p));
    CHECK(resonator(5, -3) == 0);
    CHECK(resonator.state(0) == 320);
    CHECK(resonator.state(1) == -192);
    resonator(0, 0);
    CHECK(resonator.state(0) == -143 + 149);  // -1843 x 320 / 4096 = -143.98, 3192 x 192 / 4096 = 149.6
    CHECK(resonator.state(1) == 249 + 86);    // 3192 x 320 / 4096 = 249.4, 1843 x 192 / 4096 = 86.4
}

TEST_CASE("RF spikes where its imaginary part passes zero upwards with a large real part") {
    ResonatorParameters p;
    p.cosine = 4096;
    p.threshold = 64;
    Firing resonator(make_resonator(p));
    CHECK(resonator(1, -1) == 0);
    CHECK(resonator(0, 1) == 1);
    CHECK(resonator.state(0) == 64);
    CHECK(resonator.state(1) == 0);
    CHECK(resonator(0, 1) == 0);
    CHECK(resonator(-1, -2) == 0);
    CHECK(resonator(0, 2) == 0);  // real part too small
}

TEST_CASE("RF_IZ spikes at its threshold and is set just below it") {
    ResonatorParameters p;
    p.kind = ResonatorKind::reset;
    p.cosine = 4096;
    p.threshold = 128;
    Firing resonator(make_resonator(p));
    CHECK(resonator(3, 1) == 0);
    CHECK(resonator(0, 1) == 1);
    CHECK(resonator.state(0) == 0);
    CHECK(resonator.state(1) == 127);
}

TEST_CASE("resonators saturate, and constants out of range are refused") {
    ResonatorParameters p;
    p.cosine = 4096;
    Firing resonator(make_resonator(p));
    resonator(2147483647, -2147483647);
    CHECK(resonator.state(0) == state_max);
    CHECK(resonator.state(1) == -state_max);
    p.cosine = 4097;
    CHECK_FALSE(make_resonator(p));
    p = {};
    p.sine = -4097;
    CHECK_FALSE(make_resonator(p));
    p = {};
    p.bits = 17;
    CHECK_FALSE(make_resonator(p));
    p = {};
    p.threshold = state_max + 1;
    CHECK_FALSE(make_resonator(p));
    p = {};
    p.input_shift = 17;
    CHECK_FALSE(make_resonator(p));
}
