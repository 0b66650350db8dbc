#include "tools/ranks.hpp"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include "tools/process.hpp"

namespace tephra::tools {
namespace {

std::unique_ptr<RankExchange> exchange;
std::optional<Ranks> joined;

}  // namespace

Result<void> join_ranks() {
    auto made = join_mpi();
    if (!made) return tl::unexpected(made.error());
    if (*made == nullptr) return {};
    exchange = std::move(*made);
    joined.emplace(*exchange);
    // When a rank dies, mpirun sends the others a signal.
    if (is_root()) {
        set_last_words("tephra: error: the run was ended: a rank died, or mpirun was stopped\n");
        return {};
    }
    spdlog::set_level(spdlog::level::off);
    const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nowhere >= 0) ::dup2(nowhere, STDOUT_FILENO);
    return {};
}

Ranks* ranks() {
    return joined ? &*joined : nullptr;
}

bool is_root() {
    return !joined || joined->is_root();
}

std::optional<Error> leave_ranks(std::optional<Error> error) {
    if (!joined) return error;
    const Result<int> result = on_ranks(&*joined, [&]() -> Result<int> {
        if (error) return tl::unexpected(*error);
        return 0;
    });
    set_last_words("");
    joined.reset();
    exchange.reset();
    if (!result) return result.error();
    return std::nullopt;
}

}  // namespace tephra::tools
