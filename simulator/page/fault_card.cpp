#include "simulator/page/fault_card.hpp"

#include "core/markup.hpp"
#include "core/text.hpp"
#include "simulator/fault_rows.hpp"
#include "simulator/page/style.hpp"

namespace tephra {

std::string fault_card(const Run& run) {
    if (!run.faults) return "";
    Markup content;
    content.open("div", {{"class", "scroll"}}).open("table").open("thead").open("tr");
    for (const char* head : {"link", "packets sent again", "time of that, us", "packets lost"})
        content.element("th", head);
    content.close().close().open("tbody");
    for (const LinkFaultRecord& link : faults_by_link(*run.faults)) {
        content.open("tr").element("td", "chip " + std::to_string(link.from) + " to " + std::to_string(link.to));
        content.element("td", std::to_string(link.retries), {{"class", "number"}});
        content.element("td", figure_text(1e6 * seconds(link.added)), {{"class", "number"}});
        content.element("td", std::to_string(link.lost), {{"class", "number"}}).close();
    }
    content.close().close().close();
    std::string said;
    for (const ReportRow& row : fault_sums(run))
        said += (said.empty() ? "In all " : "; ") + row.name + ": " + number_text(*row.value) + " " + row.unit;
    content.element("p", said + ". What is missing counts as zero.", {{"class", "note"}});
    return page_card("Errors of links",
                     "What links between chips did with packets that arrived wrong, fault seed " +
                         std::to_string(run.faults->seed) + ".",
                     content.take());
}

}  // namespace tephra
