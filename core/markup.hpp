#pragma once
// Well-formed SVG and HTML text: an element tree written as it grows, with escaped text and attributes.
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tephra {

/// &, <, > and quotes as entities; control characters that XML forbids become spaces.
std::string escape_markup(std::string_view text);

/// Writes nested elements. Every close() needs its open(); take() closes what is still open.
class Markup {
public:
    using Attributes = std::vector<std::pair<std::string_view, std::string>>;
    Markup& open(std::string_view tag, const Attributes& attributes = {});
    Markup& close();
    /// An element without children: <rect .../>, <br/>.
    Markup& leaf(std::string_view tag, const Attributes& attributes = {});
    /// An element that holds only text.
    Markup& element(std::string_view tag, std::string_view text, const Attributes& attributes = {});
    Markup& text(std::string_view text);
    /// Adds markup made by another Markup.
    Markup& raw(std::string_view markup);
    /// Ends the line of the text; elements without spaces between them, as HTML needs them, don't do it themselves.
    Markup& line();
    std::string take();

private:
    void start(std::string_view tag, const Attributes& attributes);
    std::string out_;
    std::vector<std::string> open_;
};

/// A coordinate with at most one digit after the point.
std::string coordinate(double value);

/// Path data of a cross over a rectangle whose upper left corner is (x, y).
std::string cross_path(double x, double y, double width, double height);

}  // namespace tephra
