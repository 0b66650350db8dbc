#include "core/error.hpp"

namespace tephra {

std::string to_string(const Error& error) {
    std::string text;
    if (!error.place.empty()) text += error.place + ": ";
    text += error.message;
    if (!error.hint.empty()) text += " (" + error.hint + ")";
    return text;
}

}  // namespace tephra
