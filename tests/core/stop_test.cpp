#include "core/stop.hpp"

#include "tests/catch.hpp"

using namespace tephra;

TEST_CASE("a call stops where its flag is set, and nobody else does") {
    std::atomic<bool> outer = true, inner = false;
    CHECK_NOTHROW(stop_point());
    {
        const StopScope scope(&outer);
        CHECK_THROWS_AS(stop_point(), Stopped);
        {
            const StopScope deeper(&inner);
            CHECK_NOTHROW(stop_point());
            CHECK(stop_flag() == &inner);
        }
        CHECK_THROWS_AS(stop_point(), Stopped);
    }
    CHECK_NOTHROW(stop_point());
}
