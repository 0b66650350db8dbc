#pragma once
// Ranks: the processes that share one run. All that they say to each other is said in rounds: in each, every rank sends
// some bytes to every other rank and receives what they sent. A rank that fails says so instead of its next round, so
// no other waits for it in vain.
#include <exception>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/error.hpp"
#include "core/stop.hpp"

namespace tephra {

/// How the bytes travel. tools/mpi/ has the one between processes.
class RankExchange {
public:
    RankExchange() = default;
    RankExchange(const RankExchange&) = delete;
    RankExchange& operator=(const RankExchange&) = delete;
    virtual ~RankExchange() = default;

    [[nodiscard]] virtual int rank() const = 0;
    [[nodiscard]] virtual int size() const = 0;
    /// One round, which every rank calls: out[r] goes to rank r, and in[r] is what rank r sent. Both have size()
    /// elements; what they hold for rank() itself is left alone. `in` may be written over.
    virtual void swap(std::span<const std::string> out, std::span<std::string> in) = 0;
};

/// A rank has failed: this one or another. Thrown by Ranks::swap(), on every rank in the same round.
class RanksFailed : public std::exception {
public:
    explicit RanksFailed(Error error) : error_(std::move(error)) {}
    [[nodiscard]] const char* what() const noexcept override { return error_.message.c_str(); }
    [[nodiscard]] const Error& error() const { return error_; }

private:
    Error error_;
};

/// Rounds that know of failures. After a round in which a rank failed there is no other: all have the same failure().
class Ranks {
public:
    /// Rank 0, which has the host: it alone prints and writes.
    static constexpr int root = 0;

    explicit Ranks(RankExchange& exchange);
    [[nodiscard]] int rank() const { return exchange_.rank(); }
    [[nodiscard]] int size() const { return exchange_.size(); }
    [[nodiscard]] bool is_root() const { return rank() == root; }

    /// What this rank sends in the next round, [size()]; empty strings after each round.
    [[nodiscard]] std::span<std::string> out() { return out_; }
    /// Sends out(); returns what came, [size()], valid until the next round. Throws RanksFailed.
    std::span<const std::string> swap();
    /// The root's text reaches all ranks. Throws RanksFailed.
    void broadcast(std::string& text);
    /// This rank has failed; nothing happens if one has before.
    void fail(const Error& error);
    /// Of several, the failure of the first rank; its place names the rank, if that is not this one.
    [[nodiscard]] const std::optional<Error>& failure() const { return failure_; }

private:
    void round();

    RankExchange& exchange_;
    std::vector<std::string> out_, in_;
    std::optional<Error> failure_;
};

/// Runs work(), which returns a Result, on every rank. All ranks return an error, or none does. nullptr: one process.
template <typename Work>
auto on_ranks(Ranks* ranks, const Work& work) -> decltype(work()) {
    if (ranks == nullptr) return work();
    try {
        auto result = work();
        if (result)
            (void)ranks->swap();  // the others succeed, too
        else
            ranks->fail(result.error());
        if (!ranks->failure()) return result;
    } catch (const RanksFailed&) {
    } catch (const Stopped&) {
        throw;  // all ranks stop together: RankedRun::swap()
    } catch (const std::exception& error) {
        ranks->fail({ErrorCode::internal, std::string("internal error: ") + error.what(), "", ""});
        throw;
    }
    return tl::unexpected(*ranks->failure());
}

}  // namespace tephra
