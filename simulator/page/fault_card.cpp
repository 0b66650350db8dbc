#include "simulator/page/fault_card.hpp"

#include <algorithm>
#include <map>

#include "core/markup.hpp"
#include "core/text.hpp"
#include "simulator/page/style.hpp"
#include "simulator/report_rows.hpp"

namespace tephra {

std::string fault_card(const Run& run) {
    if (!run.faults) return "";
    std::map<std::pair<int, int>, LinkFaultRecord> links;
    for (const LinkFaultRecord& fault : run.faults->links) {
        LinkFaultRecord& link = links[{fault.from, fault.to}];
        link.retries += fault.retries;
        link.added += fault.added;
        link.lost += fault.lost;
    }
    std::int64_t messages = 0, waits = 0;
    for (const MissedRecord& missed : run.faults->missed) messages += missed.messages, waits += missed.waited ? 1 : 0;
    Markup content;
    content.open("div", {{"class", "scroll"}}).open("table").open("thead").open("tr");
    for (const char* head : {"link", "packets sent again", "time of that, us", "packets lost"})
        content.element("th", head);
    content.close().close().open("tbody");
    for (const auto& [ends, link] : links) {
        content.open("tr").element("td", "chip " + std::to_string(ends.first) + " to " + std::to_string(ends.second));
        content.element("td", std::to_string(link.retries), {{"class", "number"}});
        content.element("td", figure_text(1e6 * seconds(link.added)), {{"class", "number"}});
        content.element("td", std::to_string(link.lost), {{"class", "number"}}).close();
    }
    content.close().close().close();
    std::string said = "Slices missed " + std::to_string(messages) + " messages";
    if (run.sync == SyncMode::dataflow)
        said += ", and waited " + std::to_string(waits) + " times until the time-out of " +
                figure_text(1e6 * seconds(run.faults->stall)) + " us";
    content.element("p", said + ". What is missing counts as zero.", {{"class", "note"}});
    return page_card("Errors of links",
                     "What links between chips did with packets that arrived wrong, fault seed " +
                         std::to_string(run.faults->seed) + ".",
                     content.take());
}

}  // namespace tephra
