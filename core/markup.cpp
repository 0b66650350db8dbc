#include "core/markup.hpp"

#include <cassert>

#include "core/text.hpp"

namespace tephra {

std::string escape_markup(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '&')
            out += "&amp;";
        else if (c == '<')
            out += "&lt;";
        else if (c == '>')
            out += "&gt;";
        else if (c == '"')
            out += "&quot;";
        else
            out += static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t' ? ' ' : c;
    }
    return out;
}

void Markup::start(std::string_view tag, const Attributes& attributes) {
    out_.append("<").append(tag);
    for (const auto& [name, value] : attributes)
        out_.append(" ").append(name).append("=\"").append(escape_markup(value)).append("\"");
}

Markup& Markup::open(std::string_view tag, const Attributes& attributes) {
    start(tag, attributes);
    out_ += ">";
    open_.emplace_back(tag);
    return *this;
}

Markup& Markup::close() {
    assert(!open_.empty());
    out_.append("</").append(open_.back()).append(">\n");
    open_.pop_back();
    return *this;
}

Markup& Markup::leaf(std::string_view tag, const Attributes& attributes) {
    start(tag, attributes);
    out_ += "/>";
    return *this;
}

Markup& Markup::element(std::string_view tag, std::string_view text, const Attributes& attributes) {
    start(tag, attributes);
    out_.append(">").append(escape_markup(text)).append("</").append(tag).append(">");
    return *this;
}

Markup& Markup::text(std::string_view text) {
    out_ += escape_markup(text);
    return *this;
}

Markup& Markup::raw(std::string_view markup) {
    out_ += markup;
    return *this;
}

Markup& Markup::line() {
    out_ += '\n';
    return *this;
}

std::string Markup::take() {
    while (!open_.empty()) close();
    return std::move(out_);
}

std::string coordinate(double value) {
    std::string text = fixed_text(value, 1);
    if (text.ends_with(".0")) text.resize(text.size() - 2);
    return text == "-0" ? "0" : text;
}

std::string cross_path(double x, double y, double width, double height) {
    const std::string w = coordinate(width), h = coordinate(height);
    return "M" + coordinate(x) + " " + coordinate(y) + " l" + w + " " + h + " m-" + w + " 0 l" + w + " -" + h;
}

}  // namespace tephra
