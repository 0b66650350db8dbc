#include "tools/fault_tables.hpp"

#include <algorithm>

#include "simulator/fault_rows.hpp"
#include "tools/options.hpp"

namespace tephra::tools {

void add_fault_options(CLI::App& command, bool& faults, std::uint64_t& seed) {
    add_switch(command, "--faults", faults, "also print what errors of links did, and beside it a run without them");
    add_integer(command, "--fault-seed", seed, 0, UINT64_MAX,
                "decides which packets err, on machines whose links do; one seed gives one run");
}

void check_fault_options(const CLI::App& command, const Machine& machine) {
    if (!machine.has_link_errors())
        refuse_ignored(command, {"--faults", "--fault-seed"}, "on " + machine.name + ", whose links do not err");
}

Table fault_rows(const Run& run) {
    Table table({round_words(run.round).one, "where", "population", "retries", "added us", "lost", "missed", "waited"});
    const FaultRecords& faults = run.faults.value();
    const auto name = [&](int population) { return run.populations[static_cast<std::size_t>(population)].name; };
    auto missed = faults.missed.begin();
    const auto add_missed = [&](std::int64_t before) {
        for (; missed != faults.missed.end() && missed->round < before; ++missed)
            table.add({missed->round, missed->core < 0 ? "host" : "core " + std::to_string(missed->core),
                       name(missed->population), Json(), Json(), Json(), missed->messages,
                       missed->waited ? "yes" : "no"});
    };
    for (const LinkFaultRecord& link : faults.links) {
        add_missed(link.round);
        table.add({link.round, "link " + std::to_string(link.from) + " to " + std::to_string(link.to),
                   name(link.population), link.retries, 1e6 * seconds(link.added), link.lost, Json(), Json()});
    }
    add_missed(INT64_MAX);
    return table;
}

Table fault_summary(const Run& run) {
    Table table({"faults", "value", "unit"});
    for (const ReportRow& row : fault_sums(run)) table.add({row.name, json_of(row.value), row.unit});
    return table;
}

void add_change(const TextChange& change, Table& summary) {
    summary.add({"sampled tokens that differ without faults", change.changed, "of " + std::to_string(change.tokens)});
    if (change.first)
        summary.add({"first that differs, counted from 0", change.first->token,
                     "in stream " + std::to_string(change.first->stream)});
    summary.add({"perplexity of the text without faults", figure(change.perplexity_without), "a token"});
    summary.add({"perplexity of this text, by the model without faults", figure(change.perplexity), "a token"});
}

void add_change(const std::string& name, std::int64_t differ, std::int64_t all, Table& summary) {
    summary.add({"messages of " + name + " that differ without faults", differ, "of " + std::to_string(all)});
}

}  // namespace tephra::tools
