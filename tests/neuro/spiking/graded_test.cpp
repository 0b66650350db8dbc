#include "neuro/spiking/graded.hpp"

#include "tests/neuro/spiking/fire.hpp"

using namespace tephra;
using namespace tephra::spiking;
using namespace tephra::spiking::test;

TEST_CASE("graded neurons send sums beyond their threshold") {
    Firing graded(make_graded(5)), relu(make_graded_relu(5));
    for (const auto& [sum, sent, positive] : {std::tuple(5, 0, 0), std::tuple(6, 6, 6), std::tuple(-5, 0, 0),
                                              std::tuple(-6, -6, 0), std::tuple(-2147483647 - 1, -2147483647 - 1, 0)}) {
        CHECK(graded(sum) == sent);
        CHECK(relu(sum) == positive);
    }
}

TEST_CASE("products are shifted, rounded down, and gated after that") {
    Firing product(make_product(1, 2));
    CHECK(product(3, 3) == 2);
    CHECK(product(3, -3) == -3);  // -9 / 4 rounded down
    CHECK(product(2, 3) == 0);    // 1 is not above the threshold
    CHECK(product(7, 0) == 0);
    product(65536, 32767);
    CHECK_FALSE(product.overflow());
    product(65536, 32768);
    CHECK(product.overflow() == 0);
    CHECK(product(65536, -32768) == -(1 << 29));  // -2^31 fits 32 bits
    CHECK_FALSE(product.overflow());
    product(65537, -32768);
    CHECK(product.overflow() == 0);
    Firing whole(make_product(0, 0));
    CHECK(whole(65536, -32767) == -65536 * 32767);
    CHECK_FALSE(whole.overflow());
    whole(65536, -32768);  // 2^31, its magnitude, does not fit
    CHECK(whole.overflow() == 0);
}

TEST_CASE("a threshold sends 1 above it") {
    Firing threshold(make_threshold(-2));
    CHECK(threshold(-2) == 0);
    CHECK(threshold(-1) == 1);
}

TEST_CASE("graded constants out of range are refused") {
    CHECK_FALSE(make_graded(-1));
    CHECK_FALSE(make_graded_relu(-1));
    CHECK_FALSE(make_product(-1, 0));
    CHECK_FALSE(make_product(0, 32));
    CHECK(make_product(0, 31));
}
