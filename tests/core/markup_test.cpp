#include "core/markup.hpp"

#include "tests/catch.hpp"
#include "tests/markup_reader.hpp"

using namespace tephra;

TEST_CASE("markup escapes what it is given") {
    Markup out;
    out.open("p", {{"title", "a \"b\" <c>"}}).text("x\x01y & z").leaf("br");
    CHECK(out.take() == "<p title=\"a &quot;b&quot; &lt;c&gt;\">x y &amp; z<br/></p>\n");
    CHECK(escape_markup("1 < 2\n&\t\"3\" > 2\x1f") == "1 &lt; 2\n&amp;\t&quot;3&quot; &gt; 2 ");
}

TEST_CASE("what is open is closed in its order") {
    Markup out;
    out.open("a").open("b").element("c", "1 & 2", {{"d", "3"}}).close().open("e").raw("<f/>").line();
    CHECK(out.take() == "<a><b><c d=\"3\">1 &amp; 2</c></b>\n<e><f/>\n</e>\n</a>\n");
}

TEST_CASE("coordinates have at most one digit after the point, and no negative zero") {
    const std::pair<double, const char*> cases[] = {
        {3, "3"}, {3.14, "3.1"}, {-0.01, "0"}, {-2.5, "-2.5"}, {9.96, "10"}};
    for (const auto& [value, text] : cases) CHECK(coordinate(value) == text);
}

TEST_CASE("a cross goes through all corners of its rectangle") {
    CHECK(cross_path(1, 2, 10, 4.5) == "M1 2 l10 4.5 m-10 0 l10 -4.5");
}

TEST_CASE("the reader of tests finds faults") {
    using test::markup_fault;
    CHECK(markup_fault("<a><b/></a>").empty());
    CHECK_FALSE(markup_fault("<a><b></a>").empty());
    CHECK_FALSE(markup_fault("<a>").empty());
    CHECK_FALSE(markup_fault("</a>").empty());
    CHECK_FALSE(markup_fault("<a").empty());
    CHECK_FALSE(markup_fault("<a b=c/>").empty());
    CHECK_FALSE(markup_fault("<a>x > y</a>").empty());
    CHECK_FALSE(markup_fault("<a>x & y</a>").empty());
    const test::MarkupReader read("<a><b c=\"1 &lt; 2.5\">x</b>y &amp; z</a>");
    REQUIRE(read.elements.size() == 2);
    CHECK(read.elements[0].text == "y & z");
    CHECK(read.elements[1].attribute("c") == "1 < 2.5");
    CHECK(read.elements[1].parent == 0);
}
