#include "simulator/ledger.hpp"

#include <algorithm>
#include <array>
#include <iterator>

#include "core/data_files.hpp"
#include "core/files.hpp"
#include "core/object_reader.hpp"

namespace tephra {
namespace {

constexpr double least_figure = 1e-12, most_figure = 1e15;  // errors divide by them
constexpr double most_wanted = 1e4;                         // %
constexpr std::array ledger_evidence = {Evidence::measured, Evidence::cited, Evidence::derived};

/// Whether a unit is one of energy or power, whose scope must be stated.
bool needs_scope(const std::string& unit) {
    const std::string quantity = unit.substr(0, unit.find('/'));
    return quantity.ends_with("J") || quantity.ends_with("W");
}

std::vector<std::string> strings(ObjectReader& reader, std::string_view key) {
    std::vector<std::string> texts;
    if (!reader.has(key)) return texts;
    for (const Json& entry : reader.array(key)) {
        if (const std::string* text = entry.string(); text != nullptr && !text->empty())
            texts.push_back(*text);
        else
            reader.fault(key, "expected names of constants");
    }
    return texts;
}

std::string filled(ObjectReader& reader, std::string_view key) {
    std::string text = reader.string(key);
    if (text.empty() && !reader.failed()) reader.fault(key, "it must not be empty");
    return text;
}

std::optional<double> optional_number(ObjectReader& reader, std::string_view key, double most) {
    if (!reader.has(key)) return {};
    return reader.number(key, least_figure, most);
}

void check_figure(ObjectReader& reader, const LedgerFigure& figure) {
    if (figure.low.has_value() != figure.high.has_value())
        reader.fault(figure.low ? "high" : "low", "a range needs both ends", "give low and high, or neither");
    else if (figure.low && (*figure.low > figure.value || *figure.high < figure.value))
        reader.fault("value", "value lies outside of its range", "needed: low <= value <= high");
    if (figure.scope.has_value() != needs_scope(figure.unit))
        reader.fault("scope",
                     figure.scope ? "only an energy or a power has a scope" : "an energy or a power needs one");
    if (figure.use != LedgerUse::fit && !figure.fits.empty())
        reader.fault("fits", "only a figure whose use is fit may fit constants", "its use is " + use_name(figure.use));
}

Result<LedgerFigure> parse_figure(const Json& json, const std::string& place) {
    ObjectReader reader(json, place);
    LedgerFigure figure;
    figure.quantity = filled(reader, "quantity");
    figure.value = reader.number("value", least_figure, most_figure);
    figure.low = optional_number(reader, "low", most_figure);
    figure.high = optional_number(reader, "high", most_figure);
    figure.unit = filled(reader, "unit");
    if (reader.has("scope")) figure.scope = read_scope(reader, "scope");
    figure.kind = read_evidence(reader, "kind", ledger_evidence);
    figure.use = static_cast<LedgerUse>(reader.choice("use", use_names()));
    figure.wanted_percent = optional_number(reader, "wanted_percent", most_wanted);
    figure.fits = strings(reader, "fits");
    figure.bounds = strings(reader, "bounds");
    figure.note = reader.string_or("note", "");
    if (reader.has("at")) figure.at = reader.value("at");
    if (!reader.failed()) check_figure(reader, figure);
    if (auto done = reader.finish(); !done) return tl::unexpected(done.error());
    return figure;
}

/// Kind and honesty of a recipe; the rest is read by what carries it out.
Result<void> parse_recipe(const Json& json, const std::string& place, LedgerRow& row) {
    if (json.object() == nullptr) return bad_input("expected an object", place, "how to repeat the measurement");
    ObjectReader reader(json, place);
    for (const auto& member : *json.object()) reader.ignore(member.first);
    row.recipe = recipe_names()[reader.choice("kind", recipe_names())];
    row.synthetic = reader.string_or("synthetic", "");
    row.repeat = json;
    return reader.finish();
}

Result<LedgerRow> parse_row(const Json& json, const std::string& place) {
    ObjectReader reader(json, place);
    LedgerRow row;
    row.id = filled(reader, "id");
    row.network = filled(reader, "network");
    row.device = filled(reader, "device");
    row.source = filled(reader, "source");
    const Json::Array& figures = reader.array("figures");
    if (figures.empty() && !reader.failed()) reader.fault("figures", "a row needs a figure");
    const Json& repeat = reader.value("repeat");
    if (auto done = reader.finish(); !done) return tl::unexpected(done.error());
    for (std::size_t k = 0; k < figures.size(); ++k) {
        auto figure = parse_figure(figures[k], reader.place("figures") + "/" + std::to_string(k));
        if (!figure) return tl::unexpected(figure.error());
        row.figures.push_back(std::move(*figure));
    }
    if (auto recipe = parse_recipe(repeat, reader.place("repeat"), row); !recipe) return tl::unexpected(recipe.error());
    return row;
}

/// Whether an id stands twice.
Result<void> check_ids(const std::vector<LedgerRow>& rows, const std::string& place) {
    for (auto row = rows.begin(); row != rows.end(); ++row)
        if (std::any_of(rows.begin(), row, [&](const LedgerRow& other) { return other.id == row->id; }))
            return bad_input("two rows have the id \"" + row->id + "\"", place, "ids name rows to --row");
    return {};
}

}  // namespace

const std::vector<std::string>& use_names() {
    static const std::vector<std::string> names = {"fit", "check", "hold-out"};
    return names;
}

const std::string& use_name(LedgerUse use) {
    return use_names()[static_cast<std::size_t>(use)];
}

const std::vector<std::string>& recipe_names() {
    static const std::vector<std::string> names = {"language-model", "idle",         "event",       "barrier",
                                                   "network",        "network-file", "fpga-design", "spiking"};
    return names;
}

Result<std::vector<LedgerRow>> parse_ledger(std::string_view text, const std::string& place) {
    auto json = parse_json(text, place);
    if (!json) return tl::unexpected(json.error());
    ObjectReader reader(*json, place);
    reader.ignore("about");
    const Json::Array& array = reader.array("rows");
    if (auto done = reader.finish(); !done) return tl::unexpected(done.error());
    std::vector<LedgerRow> rows;
    for (std::size_t k = 0; k < array.size(); ++k) {
        auto row = parse_row(array[k], reader.place("rows") + "/" + std::to_string(k));
        if (!row) return tl::unexpected(row.error());
        rows.push_back(std::move(*row));
    }
    if (auto unique = check_ids(rows, reader.place("rows")); !unique) return tl::unexpected(unique.error());
    return rows;
}

Result<std::vector<LedgerRow>> shipped_ledger() {
    const std::string folder = "validation";
    std::vector<LedgerRow> all;
    for (const std::string& name : data_file_names(folder)) {
        auto path = find_data_file(folder, "ledger file", name);
        if (!path) return tl::unexpected(path.error());
        auto text = read_file(*path);
        if (!text) return tl::unexpected(text.error());
        auto rows = parse_ledger(*text, *path);
        if (!rows) return tl::unexpected(rows.error());
        all.insert(all.end(), std::make_move_iterator(rows->begin()), std::make_move_iterator(rows->end()));
    }
    if (all.empty()) return bad_input("no ledger is installed", folder, "reinstall, or set TEPHRA_DATA");
    if (auto unique = check_ids(all, folder); !unique) return tl::unexpected(unique.error());
    return all;
}

}  // namespace tephra
