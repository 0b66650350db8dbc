#pragma once
// Reads SVG and HTML pages of ours back, so that tests can ask what they hold and where it is drawn.
#include <cctype>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tephra::test {

struct MarkupElement {
    std::string tag, text;  ///< text: what stands directly in it, entities resolved
    std::vector<std::pair<std::string, std::string>> attributes;
    int parent = -1;  ///< index in the list

    [[nodiscard]] std::string attribute(std::string_view name) const {
        for (const auto& [key, value] : attributes)
            if (key == name) return value;
        return "";
    }
    [[nodiscard]] double number(std::string_view name) const { return std::atof(attribute(name).c_str()); }
    [[nodiscard]] bool has_class(std::string_view name) const {
        return (" " + attribute("class") + " ").find(" " + std::string(name) + " ") != std::string::npos;
    }
};

/// The elements of a document in the order of their beginnings. `fault` says what is not well-formed: tags that don't
/// balance, attributes without quotes, unknown entities.
class MarkupReader {
public:
    explicit MarkupReader(std::string_view text) : text_(text) {
        while (fault.empty() && at_ < text_.size()) step();
        if (fault.empty() && !open_.empty()) fault = "<" + top().tag + "> stays open";
        text_ = {};  // may have been a temporary
    }

    std::vector<MarkupElement> elements;
    std::string fault;

    [[nodiscard]] std::vector<MarkupElement> all(std::string_view tag) const {
        std::vector<MarkupElement> found;
        for (const auto& element : elements)
            if (element.tag == tag) found.push_back(element);
        return found;
    }
    /// The first element of this kind directly in `element`, or an empty one.
    [[nodiscard]] MarkupElement child(const MarkupElement& element, std::string_view tag) const {
        for (const auto& each : elements)
            if (each.tag == tag && each.parent >= 0 && same(elements[static_cast<std::size_t>(each.parent)], element))
                return each;
        return {};
    }
    /// Whether `element` lies in an element of this tag and class, at any depth.
    [[nodiscard]] bool inside(const MarkupElement& element, std::string_view tag, std::string_view css_class) const {
        for (int up = element.parent; up >= 0; up = elements[static_cast<std::size_t>(up)].parent) {
            const auto& outer = elements[static_cast<std::size_t>(up)];
            if (outer.tag == tag && outer.has_class(css_class)) return true;
        }
        return false;
    }

private:
    static bool same(const MarkupElement& a, const MarkupElement& b) {
        return a.tag == b.tag && a.parent == b.parent && a.attributes == b.attributes && a.text == b.text;
    }
    MarkupElement& top() { return elements[open_.back()]; }

    void step() {
        if (text_[at_] == '<') return read_tag();
        std::string text;
        while (fault.empty() && at_ < text_.size() && text_[at_] != '<') text += read_character();
        if (!open_.empty()) top().text += text;
    }

    std::string read_character() {
        if (text_[at_] == '>') fault = "stray > at " + std::to_string(at_);
        if (text_[at_] != '&') return std::string(1, text_[at_++]);
        const std::pair<std::string_view, const char*> known[] = {
            {"&amp;", "&"}, {"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}};
        for (const auto& [entity, character] : known)
            if (text_.substr(at_, entity.size()) == entity) {
                at_ += entity.size();
                return character;
            }
        fault = "unknown entity at " + std::to_string(at_);
        return "";
    }

    std::string read_name() {
        std::string name;
        while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) != 0 || text_[at_] == '-'))
            name += text_[at_++];
        return name;
    }

    void read_tag() {
        if (text_.substr(at_).starts_with("<!DOCTYPE html>")) {
            at_ += 15;
            return;
        }
        if (text_.substr(at_).starts_with("</")) {
            at_ += 2;
            const std::string name = read_name();
            if (at_ >= text_.size() || text_[at_++] != '>') fault = "</" + name + " is not closed";
            if (open_.empty() || top().tag != name)
                fault = "</" + name + "> closes nothing";
            else
                open_.pop_back();
            return;
        }
        ++at_;
        MarkupElement element;
        element.tag = read_name();
        element.parent = open_.empty() ? -1 : static_cast<int>(open_.back());
        read_attributes(element);
        if (!fault.empty()) return;
        const bool leaf = text_[at_] == '/';
        at_ += leaf ? 2 : 1;
        elements.push_back(std::move(element));
        if (!leaf) open_.push_back(elements.size() - 1);
        if (!leaf && top().tag == "style") {  // holds CSS, not markup
            const std::size_t end = std::min(text_.find("</style>", at_), text_.size());
            top().text = text_.substr(at_, end - at_);
            at_ = end;
        }
    }

    /// Stops at ">" or "/>".
    void read_attributes(MarkupElement& element) {
        while (fault.empty()) {
            while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0) ++at_;
            if (at_ < text_.size() && text_[at_] == '>') return;
            if (text_.substr(at_).starts_with("/>")) return;
            const std::string name = read_name();
            if (name.empty() || !text_.substr(at_).starts_with("=\"")) {
                fault = "<" + element.tag + "> has a bad attribute or no end";
                return;
            }
            at_ += 2;
            std::string value;
            while (fault.empty() && at_ < text_.size() && text_[at_] != '"') {
                if (text_[at_] == '<') fault = "< inside an attribute";
                value += read_character();
            }
            if (at_ >= text_.size()) fault = "an attribute has no end";
            ++at_;
            element.attributes.emplace_back(name, value);
        }
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::vector<std::size_t> open_;
};

inline std::string markup_fault(std::string_view text) {
    return MarkupReader(text).fault;
}

}  // namespace tephra::test
