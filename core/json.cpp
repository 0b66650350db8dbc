#include "core/json.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "core/files.hpp"
#include "core/text.hpp"

namespace tephra {
namespace {

constexpr std::size_t max_depth = 64;

/// Builds a Json from the events of the nlohmann parser; rejects duplicate keys and deep nesting.
class Builder : public nlohmann::json_sax<nlohmann::json> {
public:
    explicit Builder(std::string place) : place_(std::move(place)) {}

    bool null() override { return put(Json()); }
    bool boolean(bool v) override { return put(Json(v)); }
    bool number_integer(number_integer_t v) override { return put(Json(v)); }
    bool number_unsigned(number_unsigned_t v) override {
        if (v <= static_cast<number_unsigned_t>(INT64_MAX)) return put(Json(static_cast<std::int64_t>(v)));
        return put(Json(static_cast<double>(v)));
    }
    bool number_float(number_float_t v, const string_t&) override { return put(Json(v)); }
    bool string(string_t& v) override { return put(Json(std::move(v))); }
    bool binary(binary_t&) override { return false; }
    bool start_object(std::size_t) override { return open(Json(Json::Object{})); }
    bool start_array(std::size_t) override { return open(Json(Json::Array{})); }
    bool end_object() override { return close(); }
    bool end_array() override { return close(); }
    bool key(string_t& k) override {
        if (!frames_.back().keys.insert(k).second) {
            error_ = Error{ErrorCode::bad_input, "key \"" + k + "\" appears twice in one object", place_,
                           "keep one of them"};
            return false;
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
        if (frames_.size() >= max_depth) {
            error_ = Error{ErrorCode::bad_input, "JSON is nested deeper than 64 levels", place_, ""};
            return false;
        }
        frames_.emplace_back();
        if (container.array() != nullptr) frames_.back().container = Json::Array{};
        return true;
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

void write(std::string& out, const Json& value, int indent, int depth) {
    if (value.is_null()) {
        out += "null";
    } else if (const bool* b = value.boolean()) {
        out += *b ? "true" : "false";
    } else if (const auto* i = value.integer()) {
        out += std::to_string(*i);
    } else if (const double* d = value.real()) {
        if (!std::isfinite(*d))
            out += "null";
        else
            out += *d == 0 && std::signbit(*d) ? "-0.0" : number_text(*d);  // "-0" would read back as the integer 0
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

Result<Json> parse_json(std::string_view text, const std::string& place) {
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
    if (found == nullptr && required) {
        std::vector<std::string> present;
        if (value_->object() != nullptr)
            for (const auto& [name, unused] : *value_->object()) present.push_back(name);
        const std::string nearest = nearest_name(key, present);
        fault(key, "key \"" + std::string(key) + "\" is missing",
              nearest.empty() ? "add it" : "is \"" + nearest + "\" a misspelling of it?");
    }
    return found;
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
    if (failed_) return tl::unexpected(error_);
    for (const auto& [key, unused] : *value_->object()) {
        if (std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
        const std::string nearest = nearest_name(key, known_);
        return bad_input("unknown key \"" + key + "\"", place(key),
                         nearest.empty() ? "remove it" : "did you mean \"" + nearest + "\"?");
    }
    return {};
}

}  // namespace tephra
