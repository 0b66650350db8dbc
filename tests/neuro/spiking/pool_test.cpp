#include "neuro/spiking/pool.hpp"

#include "tests/neuro/spiking/check_format.hpp"

using namespace tephra;
using namespace tephra::spiking;
using namespace tephra::spiking::test;

TEST_CASE("a pool is what its definition says, in every range of targets") {
    struct Case {
        Image in;
        Window window;
        std::int32_t weight;
        int exponent;
    };
    for (const Case& c : {Case{{6, 4, 3}, {{2, 2}, {2, 2}, {0, 0}, {1, 1}}, 1, 0},
                          Case{{5, 5, 2}, {{3, 2}, {1, 2}, {1, 1}, {1, 1}}, 1, -2},
                          Case{{7, 6, 1}, {{3, 3}, {3, 3}, {0, 1}, {1, 2}}, 57, -8}}) {
        const Image out = slide(c.in, c.window, c.in.channels).value();
        Expected expected{{}, c.exponent};
        for (int i = 0; i < out.x; ++i)
            for (int j = 0; j < out.y; ++j)
                for (int kx = 0; kx < c.window.kernel[0]; ++kx)
                    for (int ky = 0; ky < c.window.kernel[1]; ++ky) {
                        const int x = i * c.window.stride[0] + kx * c.window.dilation[0] - c.window.padding[0];
                        const int y = j * c.window.stride[1] + ky * c.window.dilation[1] - c.window.padding[1];
                        if (x < 0 || x >= c.in.x || y < 0 || y >= c.in.y) continue;
                        for (int channel = 0; channel < out.channels; ++channel)
                            expected.synapses[{(x * c.in.y + y) * c.in.channels + channel,
                                               (i * out.y + j) * out.channels + channel}] = {{0, c.weight}};
                    }
        const auto pool = make_pool(c.in, c.window, c.weight, c.exponent).value();
        REQUIRE(pool->targets() == out.size());
        check_format(*pool, expected);
        CHECK(pool->memory({0, out.size()}).weights == 1);
    }
}

TEST_CASE("pools out of range are refused") {
    CHECK_FALSE(make_pool({2, 2, 1}, {{3, 3}, {1, 1}, {0, 0}, {1, 1}}, 1, 0));
    CHECK_FALSE(make_pool({2, 2, 1}, {}, 32768, 0));
    CHECK_FALSE(make_pool({2, 2, 1}, {}, 1, -9));
}
