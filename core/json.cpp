#include "core/json.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "core/files.hpp"
#include "core/text.hpp"

namespace tephra {
namespace {

constexpr std::size_t max_depth = 64;

/// Builds a Json from the events of the nlohmann parser; refuses what the parser would lose: keys that stand twice,
/// digits beyond 64 bits, and nesting that a later reader could not follow.
class Builder : public nlohmann::json_sax<nlohmann::json> {
public:
    explicit Builder(std::string place) : place_(std::move(place)) {}

    bool null() override { return put(Json()); }
    bool boolean(bool v) override { return put(Json(v)); }
    bool number_integer(number_integer_t v) override { return put(Json(v)); }
    bool number_unsigned(number_unsigned_t v) override {
        if (!std::in_range<std::int64_t>(v)) return refuse_integer(std::to_string(v));
        return put(Json(static_cast<std::int64_t>(v)));
    }
    bool number_float(number_float_t v, const string_t& text) override {
        // The parser gives an integer of more than 64 bits as a double.
        if (text.find_first_of(".eE") == string_t::npos) return refuse_integer(text);
        return put(Json(v));
    }
    bool string(string_t& v) override { return put(Json(std::move(v))); }
    bool binary(binary_t&) override { return false; }
    bool start_object(std::size_t) override { return open(Json(Json::Object{})); }
    bool start_array(std::size_t) override { return open(Json(Json::Array{})); }
    bool end_object() override { return close(); }
    bool end_array() override { return close(); }
    bool key(string_t& k) override {
        if (!frames_.back().keys.insert(k).second) {
            frames_.back().key = k;
            return refuse("key \"" + k + "\" appears twice in one object", "keep one of them");
        }
        frames_.back().key = std::move(k);
        return true;
    }
    bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception& e) override {
        std::string what = e.what();
        if (const auto bracket = what.find("] "); bracket != std::string::npos) what.erase(0, bracket + 2);
        error_ =
            Error{ErrorCode::bad_input, "not valid JSON: " + what, place_ + " byte " + std::to_string(position), ""};
        return false;
    }

    Json root_;
    Error error_{ErrorCode::bad_input, "not valid JSON", "", ""};

private:
    struct Frame {
        std::variant<Json::Object, Json::Array> container;
        std::string key;
        std::set<std::string> keys;
    };
    bool open(const Json& container) {
        if (frames_.size() >= max_depth)
            return refuse("JSON is nested deeper than " + std::to_string(max_depth) + " levels", "");
        frames_.emplace_back();
        if (container.array() != nullptr) frames_.back().container = Json::Array{};
        return true;
    }
    bool refuse(std::string message, std::string hint) {
        error_ = Error{ErrorCode::bad_input, std::move(message), place_ + "#" + pointer(), std::move(hint)};
        return false;
    }
    bool refuse_integer(const std::string& digits) {
        return refuse("the integer " + digits + " does not fit 64 bits with a sign",
                      "write it with a point or an exponent if it may be rounded");
    }
    /// JSON pointer to the value that comes next.
    [[nodiscard]] std::string pointer() const {
        std::string text;
        for (const Frame& frame : frames_) {
            const auto* array = std::get_if<Json::Array>(&frame.container);
            text += "/" + (array != nullptr ? std::to_string(array->size()) : pointer_part(frame.key));
        }
        return text;
    }
    bool close() {
        Json value = std::visit([](auto& c) { return Json(std::move(c)); }, frames_.back().container);
        frames_.pop_back();
        return put(std::move(value));
    }
    bool put(Json value) {
        if (frames_.empty()) {
            root_ = std::move(value);
        } else if (auto* array = std::get_if<Json::Array>(&frames_.back().container)) {
            array->push_back(std::move(value));
        } else {
            auto& object = std::get<Json::Object>(frames_.back().container);
            object.emplace_back(std::move(frames_.back().key), std::move(value));
        }
        return true;
    }
    std::string place_;
    std::vector<Frame> frames_;
};

void write_string(std::string& out, const std::string& text) {
    out += nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void newline(std::string& out, int indent, int depth) {
    if (indent < 0) return;
    out += '\n';
    out.append(static_cast<std::size_t>(indent) * static_cast<std::size_t>(depth), ' ');
}

/// Shortest text that reads back as the same double. "-0" would read back as the integer 0, and the digits of a large
/// double as an integer that does not fit: a point makes both real.
std::string real_text(double value) {
    const std::string text = number_text(value);
    const bool integer = text.find_first_of(".e") == std::string::npos;
    const bool needs_point = (value == 0 && std::signbit(value)) || std::fabs(value) >= 0x1p63;
    return integer && needs_point ? text + ".0" : text;
}

void write(std::string& out, const Json& value, int indent, int depth) {
    if (value.is_null()) {
        out += "null";
    } else if (const bool* b = value.boolean()) {
        out += *b ? "true" : "false";
    } else if (const auto* i = value.integer()) {
        out += std::to_string(*i);
    } else if (const double* d = value.real()) {
        out += std::isfinite(*d) ? real_text(*d) : "null";
    } else if (const auto* s = value.string()) {
        write_string(out, *s);
    } else if (const auto* array = value.array()) {
        out += '[';
        for (std::size_t k = 0; k < array->size(); ++k) {
            if (k > 0) out += indent < 0 ? "," : ", ";
            const bool nested = (*array)[k].object() != nullptr || (*array)[k].array() != nullptr;
            if (nested) newline(out, indent, depth + 1);
            write(out, (*array)[k], indent, depth + 1);
            if (nested && k + 1 == array->size()) newline(out, indent, depth);
        }
        out += ']';
    } else {
        const auto& object = *value.object();
        out += '{';
        for (std::size_t k = 0; k < object.size(); ++k) {
            if (k > 0) out += ',';
            newline(out, indent, depth + 1);
            write_string(out, object[k].first);
            out += indent < 0 ? ":" : ": ";
            write(out, object[k].second, indent, depth + 1);
        }
        if (!object.empty()) newline(out, indent, depth);
        out += '}';
    }
}

const Json null_json;
const Json::Array no_elements;

}  // namespace

const Json* Json::find(std::string_view key) const {
    if (const auto* members = object())
        for (const auto& [name, value] : *members)
            if (name == key) return &value;
    return nullptr;
}

std::string_view Json::type_name() const {
    constexpr std::string_view names[] = {"null", "boolean", "integer", "number", "string", "array", "object"};
    return names[value_.index()];
}

std::string Json::dump(int indent) const {
    std::string out;
    write(out, *this, indent, 0);
    return out;
}

std::string pointer_part(std::string_view key) {
    std::string out;
    for (const char c : key) {
        if (c == '~')
            out += "~0";
        else if (c == '/')
            out += "~1";
        else
            out += c;
    }
    return out;
}

Result<Json> parse_json(std::string_view text, const std::string& place) {
    // The parser takes a NUL byte for the end of the text and would not see what stands behind it.
    if (const auto nul = text.find('\0'); nul != std::string_view::npos)
        return bad_input("not valid JSON: a NUL byte", place + " byte " + std::to_string(nul), "the file is damaged");
    Builder builder(place);
    if (!nlohmann::json::sax_parse(text.begin(), text.end(), &builder)) return tl::unexpected(builder.error_);
    return std::move(builder.root_);
}

Result<Json> read_json_file(const std::string& path) {
    auto text = read_file(path);
    if (!text) return tl::unexpected(text.error());
    return parse_json(*text, path);
}

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
    std::string all;
    for (const auto& candidate : names) all += (all.empty() ? "" : ", ") + candidate;
    fault(key, "unknown value \"" + name + "\"", "one of: " + all);
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
