#include "core/id.hpp"

#include <type_traits>

#include "tests/catch.hpp"

using namespace tephra;

TEST_CASE("ids are ordered within their kind and never mixed") {
    CHECK(!CoreId().valid());
    CHECK(CoreId(3).valid());
    CHECK(CoreId(3).index() == 3);
    CHECK(CoreId(2) < CoreId(3));
    static_assert(!std::is_convertible_v<int, CoreId>);
    static_assert(!std::is_convertible_v<ChipId, CoreId>);
    static_assert(!std::is_assignable_v<CoreId&, ChipId>);
}
