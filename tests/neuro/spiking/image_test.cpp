#include "neuro/spiking/image.hpp"

#include "tests/catch.hpp"

using namespace tephra;
using namespace tephra::spiking;

TEST_CASE("a window stops where all of it is on the padded image") {
    CHECK(slide({200, 66, 3}, {{3, 3}, {2, 2}, {0, 0}, {1, 1}}, 24).value() == Image{99, 32, 24});
    CHECK(slide({24, 7, 48}, {{3, 3}, {1, 2}, {0, 1}, {1, 1}}, 64).value() == Image{22, 4, 64});
    CHECK(slide({146, 38, 12}, {{7, 1}, {2, 4}, {2, 1}, {4, 2}}, 9).value() == Image{63, 10, 9});
    CHECK(slide({3, 3, 1}, {{3, 3}, {9, 9}, {0, 0}, {1, 1}}, 1).value() == Image{1, 1, 1});
    CHECK(to_string(Image{99, 32, 24}) == "99 x 32 x 24");
}

TEST_CASE("windows without a place, and numbers out of range, are refused") {
    CHECK_FALSE(slide({3, 3, 1}, {{4, 3}, {1, 1}, {0, 0}, {1, 1}}, 1));
    CHECK(slide({3, 3, 1}, {{2, 2}, {1, 1}, {0, 0}, {2, 2}}, 1));
    CHECK_FALSE(slide({3, 3, 1}, {{2, 2}, {1, 1}, {0, 0}, {3, 2}}, 1));
    CHECK_FALSE(slide({3, 3, 1}, {{1, 1}, {0, 1}, {0, 0}, {1, 1}}, 1));
    CHECK_FALSE(slide({3, 3, 1}, {{1, 1}, {1, 1}, {-1, 0}, {1, 1}}, 1));
    CHECK_FALSE(slide({3, 3, 1}, {{0, 1}, {1, 1}, {0, 0}, {1, 1}}, 1));
    CHECK_FALSE(slide({0, 3, 1}, {{1, 1}, {1, 1}, {0, 0}, {1, 1}}, 1));
    CHECK_FALSE(slide({65537, 1, 1}, {}, 1));
    CHECK(slide({4096, 4096, 1}, {}, 1));
    CHECK_FALSE(slide({4096, 4096, 1}, {}, 2));
    constexpr int longest = 1 << 16;
    static_assert(most_taps == 256 * longest);
    CHECK(slide({longest, 1, 1}, {{256, 1}, {1, 1}, {0, 0}, {1, 1}}, 1));
    CHECK_FALSE(slide({longest, 1, 1}, {{257, 1}, {1, 1}, {0, 0}, {1, 1}}, 1));
    CHECK_FALSE(slide({1, longest, 1}, {{1, 257}, {1, 1}, {0, 0}, {1, 1}}, 1));
}
