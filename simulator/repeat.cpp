#include "simulator/repeat.hpp"

#include <algorithm>

#include "core/object_reader.hpp"
#include "mapper/machine.hpp"

namespace tephra {
namespace {

constexpr std::int64_t most_tiles = std::int64_t{most_tiles_along} * most_tiles_along;

std::string place_of(const LedgerRow& row) {
    return "ledger row " + row.id + "#/repeat";
}

std::string place_of(const LedgerRow& row, std::size_t figure) {
    return "ledger row " + row.id + "#/figures/" + std::to_string(figure) + "/at";
}

Predicted predicted(double low, double value, double high) {
    return {value, low, high, ""};
}

/// A power of a cost table in W.
Predicted in_watts(const Price& price) {
    return predicted(price.low / 1e3, price.value / 1e3, price.high / 1e3);
}

Result<CostTable> costs_of(const LedgerRow& row) {
    ObjectReader reader(row.repeat, place_of(row));
    reader.ignore("kind");
    const std::string name = reader.string("costs");
    if (auto done = reader.finish(); !done) return tl::unexpected(done.error());
    return find_cost_table(name);
}

}  // namespace

Predicted not_predicted(const LedgerFigure& figure) {
    return {
        {}, {}, {}, "the recipe gives no " + figure.unit + (figure.scope ? " of " + scope_name(*figure.scope) : "")};
}

std::string hash_of_inputs(const Hash128* machine, const Hash128* costs) {
    const std::string text =
        (machine != nullptr ? to_string(*machine) : "") + (costs != nullptr ? to_string(*costs) : "");
    return to_string(hash128(text));
}

Result<RowResult> repeat_idle(const LedgerRow& row) {
    const auto costs = costs_of(row);
    if (!costs) return tl::unexpected(costs.error());
    RowResult result{row.id, {}, hash_of_inputs(nullptr, &costs->hash), ""};
    const Price &chip = costs->chip_static, &board = costs->chip_system;
    Price system;
    system.low = chip.low + board.low;
    system.value = chip.value + board.value;
    system.high = chip.high + board.high;
    for (const LedgerFigure& figure : row.figures) {
        if (figure.unit == "W/chip" && figure.scope == costs->scope)
            result.figures.push_back(in_watts(chip));
        else if (figure.unit == "W/chip" && figure.scope == PowerScope::system && costs->system_included)
            result.figures.push_back(in_watts(system));
        else
            result.figures.push_back(not_predicted(figure));
    }
    return result;
}

Result<RowResult> repeat_event(const LedgerRow& row) {
    const auto costs = costs_of(row);
    if (!costs) return tl::unexpected(costs.error());
    std::vector<std::string> names;
    for (std::size_t k = 0; k < event_kinds; ++k) names.emplace_back(event_name(static_cast<EventKind>(k)));
    RowResult result{row.id, {}, hash_of_inputs(nullptr, &costs->hash), ""};
    for (std::size_t k = 0; k < row.figures.size(); ++k) {
        ObjectReader at(row.figures[k].at, place_of(row, k));
        const Price& price = costs->energy[at.choice("event", names)];
        if (auto done = at.finish(); !done) return tl::unexpected(done.error());
        const bool same = row.figures[k].unit == "pJ" && row.figures[k].scope == costs->scope;
        result.figures.push_back(same ? predicted(price.low, price.value, price.high) : not_predicted(row.figures[k]));
    }
    return result;
}

Result<RowResult> repeat_barrier(const LedgerRow& row) {
    ObjectReader reader(row.repeat, place_of(row));
    reader.ignore("kind");
    const std::string name = reader.string("machine");
    if (auto done = reader.finish(); !done) return tl::unexpected(done.error());
    const auto machine = find_machine(name);
    if (!machine) return tl::unexpected(machine.error());
    RowResult result{row.id, {}, hash_of_inputs(&machine->hash, nullptr), ""};
    for (std::size_t k = 0; k < row.figures.size(); ++k) {
        ObjectReader at(row.figures[k].at, place_of(row, k));
        const std::int64_t chips = at.integer("chips", 1, most_chips), tiles = at.integer("tiles", 1, most_tiles);
        if (auto done = at.finish(); !done) return tl::unexpected(done.error());
        const double us = 1e6 * seconds(machine->barrier.time(tiles, chips));
        result.figures.push_back(row.figures[k].unit == "us/barrier" ? predicted(us, us, us)
                                                                     : not_predicted(row.figures[k]));
    }
    return result;
}

Result<RowResult> repeat_later(const LedgerRow& row) {
    ObjectReader reader(row.repeat, place_of(row));
    const std::string needs = reader.string("needs");
    if (needs.empty() && !reader.failed()) reader.fault("needs", "a row that cannot be repeated says what it needs");
    for (const auto& member : *row.repeat.object()) reader.ignore(member.first);
    if (auto done = reader.finish(); !done) return tl::unexpected(done.error());
    const Predicted none{{}, {}, {}, "cannot be repeated yet: it needs " + needs};
    return RowResult{row.id, std::vector<Predicted>(row.figures.size(), none), "", ""};
}

}  // namespace tephra
