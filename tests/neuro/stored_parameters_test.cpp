#include "neuro/stored_parameters.hpp"

#include "tests/catch.hpp"

using namespace tephra;

namespace {

std::string fault_of(const ParameterReader& in) {
    const auto finished = in.finish();
    return finished ? "" : to_string(finished.error());
}

}  // namespace

TEST_CASE("parameters are read by name, in any order") {
    ParameterReader in({{"one", {7}}, {"pair", {1, 2}}, {"none", {}}, {"many", {3, 4, 5}}}, "place");
    CHECK(in.values("many") == std::vector<std::int32_t>{3, 4, 5});
    CHECK(in.values("none").empty());
    CHECK(in.array<2>("pair") == std::array<std::int32_t, 2>{1, 2});
    CHECK(in.integer("one", 7, 7) == 7);
    CHECK(fault_of(in).empty());
}

TEST_CASE("the first fault of parameters is kept, and reads go on with values that every factory takes") {
    struct Case {
        void (*read)(ParameterReader& in);
        std::string fault;
    };
    for (const Case& c :
         {Case{[](ParameterReader& in) { CHECK(in.values("absent").empty()); }, "parameter \"absent\": it is missing"},
          Case{[](ParameterReader& in) { CHECK(in.integer("pair") == 1); }, "parameter \"pair\": 2 values (give 1)"},
          Case{[](ParameterReader& in) { CHECK(in.integer("one", 8, 9) == 8); }, "it is 7 (it can be 8 to 9)"},
          Case{[](ParameterReader& in) { CHECK(in.integer("one", 5, 6) == 5); }, "it is 7 (it can be 5 to 6)"},
          Case{[](ParameterReader& in) { CHECK(in.array<3>("pair")[2] == 0); }, "2 values (give 3)"},
          Case{[](ParameterReader& in) { CHECK(in.some("none").size() == 1); }, "parameter \"none\": no values"}}) {
        ParameterReader in({{"one", {7}}, {"pair", {1, 2}}, {"none", {}}}, "place");
        c.read(in);
        in.values("absent too");
        INFO(c.fault);
        CHECK_THAT(fault_of(in), test::contains(c.fault));
        CHECK_THAT(fault_of(in), test::contains("place: parameter"));
    }
}

TEST_CASE("a parameter that nobody asks for is a fault") {
    ParameterReader in({{"threshold", {7}}, {"thresholt", {7}}}, "place");
    in.values("threshold");
    CHECK(fault_of(in) == "place: parameter \"thresholt\" is not known (did you mean \"threshold\"?)");
}
