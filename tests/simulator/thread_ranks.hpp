#pragma once
// Ranks that are threads of one process: what the rounds of a run do can be tested without MPI.
#include <barrier>
#include <string>
#include <thread>
#include <vector>

#include "simulator/ranks.hpp"

namespace tephra::test {

class ThreadRounds {
public:
    explicit ThreadRounds(int size) : posted_(static_cast<std::size_t>(size)), meet_(size) {}

    /// Runs work(ranks) in one thread a rank; returns when all have ended.
    template <typename Work>
    void run(const Work& work) {
        std::vector<std::thread> threads;
        for (int r = 0; r < static_cast<int>(posted_.size()); ++r)
            threads.emplace_back([this, r, &work] {
                Exchange exchange(*this, r);
                Ranks ranks(exchange);
                work(ranks);
            });
        for (std::thread& thread : threads) thread.join();
    }

private:
    class Exchange final : public RankExchange {
    public:
        Exchange(ThreadRounds& rounds, int rank) : rounds_(rounds), rank_(rank) {}
        [[nodiscard]] int rank() const override { return rank_; }
        [[nodiscard]] int size() const override { return static_cast<int>(rounds_.posted_.size()); }
        void swap(std::span<const std::string> out, std::span<std::string> in) override {
            const auto me = static_cast<std::size_t>(rank_);
            rounds_.posted_[me].assign(out.begin(), out.end());
            rounds_.meet_.arrive_and_wait();
            for (std::size_t r = 0; r < in.size(); ++r)
                if (r != me) in[r] = rounds_.posted_[r][me];
            rounds_.meet_.arrive_and_wait();
        }

    private:
        ThreadRounds& rounds_;
        int rank_;
    };
    std::vector<std::vector<std::string>> posted_;  ///< [from][to]
    std::barrier<> meet_;
};

}  // namespace tephra::test
