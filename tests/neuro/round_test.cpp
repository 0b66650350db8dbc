#include "neuro/round.hpp"

#include "tests/catch.hpp"

using namespace tephra;

TEST_CASE("rounds have one word in names, units and keys") {
    REQUIRE(round_kind_names() == std::vector<std::string>{"token", "time step"});
    for (const RoundKind kind : {RoundKind::token, RoundKind::time_step}) {
        const RoundWords& words = round_words(kind);
        CHECK(words.one == round_kind_names()[static_cast<std::size_t>(kind)]);
        CHECK(words.many == words.one + "s");
        CHECK(words.rate == words.many + "/s");
        CHECK(words.energy.ends_with("/" + words.one));
        CHECK(words.energy_of_joule == (words.energy.starts_with("mJ") ? 1e3 : 1e6));
        std::string key = words.one;
        for (char& letter : key) letter = letter == ' ' ? '_' : letter;
        CHECK(words.key == key);
        CHECK(words.rate_key == key + "s_per_s");
        CHECK(words.energy_key == (words.energy_of_joule == 1e3 ? "mj_per_" : "uj_per_") + key);
    }
}
