#include "simulator/cost_table.hpp"

#include "core/data_files.hpp"
#include "core/file_kind.hpp"
#include "core/files.hpp"

namespace tephra {
namespace {

constexpr double max_price = 1e9;  // pJ or mW: a guard against slipped units

/// {value, low?, high?, kind, source}: the range is given as a pair or not at all.
Result<Price> parse_price(const Json& json, const std::string& place) {
    ObjectReader reader(json, place);
    Price price;
    price.value = price.low = price.high = reader.number("value", 0, max_price);
    const bool low = reader.has("low"), high = reader.has("high");
    if (low != high) reader.fault(low ? "high" : "low", "a range needs both ends", "give low and high, or neither");
    if (low && high) {
        price.low = reader.number("low", 0, max_price);
        price.high = reader.number("high", 0, max_price);
        if (price.low > price.value || price.high < price.value)
            reader.fault("value", "value lies outside of its range", "needed: low <= value <= high");
    }
    price.kind = read_evidence(reader, "kind", price_evidence);
    price.source = reader.string("source");
    if (price.source.empty())
        reader.fault("source", price.value == 0 ? "a zero price needs its reason" : "a price needs its source");
    if (auto done = reader.finish(); !done) return tl::unexpected(done.error());
    return price;
}

/// A price at `key`, if it is there; a missing or faulty one is the reader's fault, or the error.
Result<void> parse_price_at(ObjectReader& reader, std::string_view key, Price& out) {
    const Json& entry = reader.value(key);
    if (!reader.has(key)) return {};
    auto price = parse_price(entry, reader.place(key));
    if (!price) return tl::unexpected(price.error());
    out = std::move(*price);
    return {};
}

/// A price, or {"value": null, "source": why there is none}. `known` says which.
Result<void> parse_known_price(ObjectReader& reader, std::string_view key, Price& out, bool& known) {
    const Json& entry = reader.value(key);
    const Json* value = entry.find("value");
    known = reader.has(key) && (value == nullptr || !value->is_null());
    if (known) return parse_price_at(reader, key, out);
    if (!reader.has(key)) return {};
    ObjectReader none(entry, reader.place(key));
    none.ignore("value");
    out.source = none.string("source");
    if (out.source.empty()) none.fault("source", "a power without a figure needs its reason");
    return none.finish();
}

/// Kinds whose work the prices of other kinds pay for in most tables.
bool may_lack_price(EventKind kind) {
    return kind == EventKind::evaluation || kind == EventKind::message;
}

Result<void> parse_events(ObjectReader& table, CostTable& out) {
    ObjectReader events(table.value("events"), table.place("events"));
    for (std::size_t k = 0; k < event_kinds; ++k) {
        const auto kind = static_cast<EventKind>(k);
        const std::string key = std::string(event_name(kind)) + "_pj";
        if (may_lack_price(kind) && !events.has(key)) {
            out.energy[k].source = "the table has no " + key + ": they are counted, and not priced";
            continue;
        }
        if (auto price = parse_price_at(events, key, out.energy[k]); !price) return price;
        if (events.failed()) break;
    }
    out.chip_step.source = "the table has no chip_step_pj";
    if (events.has("chip_step_pj"))
        if (auto price = parse_price_at(events, "chip_step_pj", out.chip_step); !price) return price;
    return events.finish();
}

Result<void> parse_power(ObjectReader& table, CostTable& out) {
    ObjectReader power(table.value("power"), table.place("power"));
    if (auto price = parse_price_at(power, "chip_static_mw", out.chip_static); !price) return price;
    out.chip_system.source = "the table has no chip_system_mw";
    if (power.has("chip_system_mw"))
        if (auto price = parse_known_price(power, "chip_system_mw", out.chip_system, out.system_included); !price)
            return price;
    if (auto price = parse_known_price(power, "host_mw", out.host, out.host_included); !price) return price;
    if (out.system_included && out.scope == PowerScope::system)
        power.fault("chip_system_mw", "power_includes says that the other prices are the system's already",
                    "give null and a reason");
    const bool system = out.system_included || out.scope == PowerScope::system;
    const bool host_events = out[EventKind::host_synop].high > 0 || out[EventKind::host_update].high > 0;
    if ((out.host_included || host_events) && !system)
        power.fault(out.host_included ? "host_mw" : "chip_system_mw",
                    "energy of the host belongs to a system, which the table does not price",
                    "give chip_system_mw too: processors and board, per powered chip");
    return power.finish();
}

}  // namespace

std::string_view evidence_name(Evidence kind) {
    switch (kind) {
        case Evidence::measured:
            return "measured";
        case Evidence::cited:
            return "cited";
        case Evidence::derived:
            return "derived";
        case Evidence::assumed:
            return "assumed";
        case Evidence::simulated:
            break;
    }
    return "simulated";
}

const std::vector<std::string>& scope_names() {
    static const std::vector<std::string> names = {"neurocores", "board", "system"};
    return names;
}

const std::string& scope_name(PowerScope scope) {
    return scope_names()[static_cast<std::size_t>(scope)];
}

PowerScope read_scope(ObjectReader& reader, std::string_view key) {
    if (reader.has(key)) {
        const std::string* name = reader.value(key).string();
        if (name != nullptr && *name == "chips") return PowerScope::neurocores;
    }
    return static_cast<PowerScope>(reader.choice(key, scope_names()));
}

std::vector<PowerScope> CostTable::scopes() const {
    if (system_included) return {scope, PowerScope::system};
    return {scope};
}

Evidence read_evidence(ObjectReader& reader, std::string_view key, std::span<const Evidence> allowed) {
    std::vector<std::string> names;
    for (const Evidence kind : allowed) names.emplace_back(evidence_name(kind));
    return allowed[reader.choice(key, names)];
}

Result<CostTable> parse_cost_table(std::string_view text, const std::string& place) {
    auto json = parse_json(text, place, FileKind::cost_table);
    if (!json) return tl::unexpected(json.error());
    ObjectReader reader(*json, place);
    CostTable table;
    table.name = reader.string("name");
    table.about = reader.string("about");
    table.scope = read_scope(reader, "power_includes");
    for (const Json& kind : reader.array("machine_kinds")) {
        if (kind.string() != nullptr)
            table.machine_kinds.push_back(*kind.string());
        else
            reader.fault("machine_kinds", "expected machine kinds as strings");
    }
    if (json->object() != nullptr) {  // faults of the top object itself are reported first, by finish()
        if (json->find("events") != nullptr)
            if (auto events = parse_events(reader, table); !events) return tl::unexpected(events.error());
        if (json->find("power") != nullptr)
            if (auto power = parse_power(reader, table); !power) return tl::unexpected(power.error());
    }
    reader.value("events");
    reader.value("power");
    if (auto done = reader.finish(); !done) return tl::unexpected(done.error());
    table.hash = hash128(json->dump(-1));
    return table;
}

Result<CostTable> read_cost_table(const std::string& path) {
    auto text = read_file(path);
    if (!text) return tl::unexpected(text.error());
    return parse_cost_table(*text, path);
}

Result<CostTable> find_cost_table(const std::string& name_or_path) {
    auto path = find_data_file("machines/costs", "cost table", name_or_path);
    if (!path) return tl::unexpected(path.error());
    return read_cost_table(*path);
}

}  // namespace tephra
