#include "simulator/page/charts.hpp"

#include "tests/catch.hpp"

using namespace tephra;

TEST_CASE("long names are wrapped at spaces") {
    CHECK(wrapped_text("one two", 1000) == std::vector<std::string>{"one two"});
    const std::string text = "NVIDIA H100 80GB HBM3 — BF16 in a CUDA graph, batch 256";
    std::string joined;
    for (const std::string& line : wrapped_text(text, 160)) {
        CHECK(text_width(line) <= 160);
        joined += (joined.empty() ? "" : " ") + line;
    }
    CHECK(joined == text);
    CHECK(wrapped_text("unbreakable", 10).size() == 1);
    CHECK(text_width("é") == text_width("e"));
}

TEST_CASE("ticks are round and end with the axis") {
    CHECK(round_ticks(10, 5) == std::vector<double>{0, 2, 4, 6, 8, 10});
    CHECK(round_ticks(0.7, 5) == std::vector<double>{0, 0.2, 2 * 0.2, 3 * 0.2});
    CHECK(round_ticks(0, 5) == std::vector<double>{0});
    CHECK(round_ticks(1e300, 4).size() <= 5);
    CHECK(round_ticks(5e-320, 4).size() <= 5);
    CHECK(fitting_ticks(10, 5, 1000) == round_ticks(10, 5));
    CHECK(fitting_ticks(1e10, 5, 200) == std::vector<double>{0, 1e10});
    CHECK(fitting_ticks(0, 5, 200) == std::vector<double>{0});
}
