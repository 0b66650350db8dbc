#pragma once
// The frame of every page: one self-contained document, readable in light, dark and print.
#include <string>

namespace tephra {

/// A whole HTML document (also well-formed XML) around `body`; nothing in it refers to another file.
std::string html_page(const std::string& title, const std::string& body);

/// A card with a heading and an explanation below it, around ready markup.
std::string page_card(const std::string& heading, const std::string& explanation, const std::string& content);

}  // namespace tephra
