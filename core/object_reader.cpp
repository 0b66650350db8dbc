#include "core/object_reader.hpp"

#include <algorithm>
#include <utility>

#include "core/text.hpp"

namespace tephra {
namespace {

const Json null_json;
const Json::Array no_elements;

}  // namespace

ObjectReader::ObjectReader(const Json& value, std::string place) : value_(&value), place_(std::move(place)) {
    if (place_.find('#') == std::string::npos) place_ += "#";
    if (value.object() == nullptr) {
        failed_ = true;
        error_ = Error{ErrorCode::bad_input, "expected an object, found " + std::string(value.type_name()), place_, ""};
    }
}

std::string ObjectReader::place(std::string_view key) const {
    return place_ + "/" + std::string(key);
}

void ObjectReader::fault(std::string_view key, std::string message, std::string hint) {
    if (failed_) return;
    failed_ = true;
    error_ = Error{ErrorCode::bad_input, std::move(message), place(key), std::move(hint)};
}

const Json* ObjectReader::member(std::string_view key, bool required) {
    if (std::find(known_.begin(), known_.end(), key) == known_.end()) known_.emplace_back(key);
    const Json* found = value_->find(key);
    if (found == nullptr && required && !failed_) {
        missing_ = key;
        fault(key, "key \"" + std::string(key) + "\" is missing");
    }
    return found;
}

std::vector<std::string> ObjectReader::unknown_keys() const {
    std::vector<std::string> keys;
    if (value_->object() == nullptr) return keys;
    for (const auto& [key, unused] : *value_->object())
        if (std::find(known_.begin(), known_.end(), key) == known_.end()) keys.push_back(key);
    return keys;
}

bool ObjectReader::has(std::string_view key) {
    return member(key, false) != nullptr;
}

std::int64_t ObjectReader::integer(std::string_view key, std::int64_t min, std::int64_t max) {
    const Json* found = member(key, true);
    if (found == nullptr) return min;
    const auto* number = found->integer();
    if (number == nullptr) {
        fault(key, "expected an integer, found " + std::string(found->type_name()));
        return min;
    }
    if (*number < min || *number > max) {
        fault(key, std::to_string(*number) + " is out of range",
              "allowed: " + std::to_string(min) + " to " + std::to_string(max));
        return min;
    }
    return *number;
}

std::int64_t ObjectReader::integer_or(std::string_view key, std::int64_t fallback, std::int64_t min, std::int64_t max) {
    return has(key) ? integer(key, min, max) : fallback;
}

double ObjectReader::number(std::string_view key, double min, double max) {
    const Json* found = member(key, true);
    if (found == nullptr) return min;
    const double* real = found->real();
    const auto* integer = found->integer();
    if (real == nullptr && integer == nullptr) {
        fault(key, "expected a number, found " + std::string(found->type_name()));
        return min;
    }
    const double number = real != nullptr ? *real : static_cast<double>(*integer);
    if (!(number >= min && number <= max)) {
        fault(key, number_text(number) + " is out of range",
              "allowed: " + number_text(min) + " to " + number_text(max));
        return min;
    }
    return number;
}

double ObjectReader::number_or(std::string_view key, double fallback, double min, double max) {
    return has(key) ? number(key, min, max) : fallback;
}

bool ObjectReader::boolean(std::string_view key) {
    const Json* found = member(key, true);
    if (found == nullptr) return false;
    if (found->boolean() == nullptr) {
        fault(key, "expected true or false, found " + std::string(found->type_name()));
        return false;
    }
    return *found->boolean();
}

bool ObjectReader::boolean_or(std::string_view key, bool fallback) {
    return has(key) ? boolean(key) : fallback;
}

std::string ObjectReader::string(std::string_view key) {
    const Json* found = member(key, true);
    if (found == nullptr) return {};
    if (found->string() == nullptr) {
        fault(key, "expected a string, found " + std::string(found->type_name()));
        return {};
    }
    return *found->string();
}

std::string ObjectReader::string_or(std::string_view key, std::string fallback) {
    return has(key) ? string(key) : std::move(fallback);
}

Hash128 ObjectReader::hash(std::string_view key) {
    Hash128 hash;
    if (const std::string text = string(key); !parse_hash(text, hash))
        fault(key, "\"" + text + "\" is not a hash", "expected 32 hexadecimal digits");
    return hash;
}

std::size_t ObjectReader::choice(std::string_view key, const std::vector<std::string>& names) {
    const std::string name = string(key);
    const auto found = std::find(names.begin(), names.end(), name);
    if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
    fault(key, "unknown value \"" + name + "\"", "one of: " + joined(names));
    return 0;
}

const Json::Array& ObjectReader::array(std::string_view key) {
    const Json* found = member(key, true);
    if (found == nullptr) return no_elements;
    if (found->array() == nullptr) {
        fault(key, "expected an array, found " + std::string(found->type_name()));
        return no_elements;
    }
    return *found->array();
}

const Json& ObjectReader::value(std::string_view key) {
    const Json* found = member(key, true);
    return found != nullptr ? *found : null_json;
}

void ObjectReader::ignore(std::string_view key) {
    member(key, false);
}

Result<void> ObjectReader::finish() {
    const std::vector<std::string> unknown = unknown_keys();
    if (failed_) {
        // Only a key that the object cannot have may be a misspelling of the missing one.
        if (!missing_.empty() && error_.hint.empty()) {
            const std::string nearest = nearest_name(missing_, unknown);
            error_.hint = nearest.empty() ? "add it" : "is \"" + nearest + "\" a misspelling of it?";
        }
        return tl::unexpected(error_);
    }
    if (unknown.empty()) return {};
    const std::string nearest = nearest_name(unknown.front(), known_);
    return bad_input("unknown key \"" + unknown.front() + "\"", place(pointer_part(unknown.front())),
                     nearest.empty() ? "remove it" : "did you mean \"" + nearest + "\"?");
}

}  // namespace tephra
