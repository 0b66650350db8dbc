#include "core/error.hpp"

#include "tests/catch.hpp"

using namespace tephra;

TEST_CASE("an error prints its place, message and hint on one line") {
    CHECK(to_string(Error{ErrorCode::bad_input, "what", "where", "how"}) == "where: what (how)");
    CHECK(to_string(Error{ErrorCode::bad_input, "what", "", "how"}) == "what (how)");
    CHECK(to_string(Error{ErrorCode::bad_input, "what", "where", ""}) == "where: what");
}

TEST_CASE("a failure converts to any result") {
    const Result<int> result = bad_input("what", "where", "how");
    REQUIRE(!result);
    CHECK(result.error().code == ErrorCode::bad_input);
    const Result<void> other = fail(ErrorCode::does_not_fit, "too large");
    CHECK(other.error().code == ErrorCode::does_not_fit);
    CHECK(static_cast<int>(ErrorCode::does_not_fit) == 4);
}
