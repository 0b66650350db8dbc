// MPI, which nothing else in the project calls.
#include <mpi.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <limits>
#include <stdexcept>
#include <vector>

#include "core/narrow.hpp"
#include "tools/process.hpp"
#include "tools/ranks.hpp"

namespace tephra::tools {
namespace {

constexpr int tag = 1;

/// A launcher starts each process with one of these: Open MPI's, Slurm's and others' by PMIx or PMI.
bool launched() {
    constexpr std::array names = {"OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK"};
    for (const char* name : names)
        if (std::getenv(name) != nullptr) return true;
    return false;
}

/// How long the root waits. A signal that asks it to save the run may have come because another rank has died, whose
/// message never comes: after half a second of waiting it ends, and leaves no half-written files, before mpirun kills
/// it. Others have no files.
class Patience {
public:
    explicit Patience(bool ends) : ends_(ends) {}
    void wait() {
        constexpr auto most = std::chrono::milliseconds(500);
        if (!ends_ || !*StopOnSignal::flag()) return;
        const auto now = std::chrono::steady_clock::now();
        if (since_ == Time{}) since_ = now;
        if (now - since_ > most) end_by_signal(StopOnSignal::signal());
    }

private:
    using Time = std::chrono::steady_clock::time_point;
    bool ends_;
    Time since_{};
};

/// One message to and from each other rank.
class MpiExchange final : public RankExchange {
public:
    MpiExchange() {
        MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
        MPI_Comm_size(MPI_COMM_WORLD, &size_);
        sending_.reserve(static_cast<std::size_t>(size_));
    }
    ~MpiExchange() override { MPI_Finalize(); }

    [[nodiscard]] int rank() const override { return rank_; }
    [[nodiscard]] int size() const override { return size_; }

    void swap(std::span<const std::string> out, std::span<std::string> in) override {
        for (const std::string& text : out)
            if (text.size() > std::numeric_limits<int>::max())
                throw std::length_error("a rank sends over 2 GiB in one round");
        sending_.clear();
        for (int k = 1; k < size_; ++k) {
            const int to = (rank_ + k) % size_;
            const std::string& text = out[static_cast<std::size_t>(to)];
            MPI_Isend(text.data(), narrow<int>(text.size()), MPI_BYTE, to, tag, MPI_COMM_WORLD,
                      &sending_.emplace_back());
        }
        for (int k = 1; k < size_; ++k) {
            const int from = (rank_ + size_ - k) % size_;
            MPI_Message message = MPI_MESSAGE_NULL;
            MPI_Status status;
            Patience patience(rank_ == Ranks::root);
            for (int there = 0; there == 0; patience.wait())
                MPI_Improbe(from, tag, MPI_COMM_WORLD, &there, &message, &status);
            int bytes = 0;
            MPI_Get_count(&status, MPI_BYTE, &bytes);
            std::string& text = in[static_cast<std::size_t>(from)];
            text.resize(static_cast<std::size_t>(bytes));
            MPI_Mrecv(text.data(), bytes, MPI_BYTE, &message, MPI_STATUS_IGNORE);
        }
        MPI_Waitall(narrow<int>(sending_.size()), sending_.data(), MPI_STATUSES_IGNORE);
    }

private:
    int rank_ = 0, size_ = 1;
    std::vector<MPI_Request> sending_;
};

}  // namespace

Result<std::unique_ptr<RankExchange>> join_mpi() {
    if (!launched()) return nullptr;
    // A rank that waits lets others run: where processors are shared, it would only keep them from what it waits for.
    ::setenv("OMPI_MCA_mpi_yield_when_idle", "1", 0);
    int provided = 0;
    MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided);
    auto exchange = std::make_unique<MpiExchange>();
    if (exchange->size() == 1) return nullptr;  // which also leaves MPI
    return exchange;
}

std::string mpi_version() {
    std::array<char, MPI_MAX_LIBRARY_VERSION_STRING> text{};
    int length = 0;
    MPI_Get_library_version(text.data(), &length);
    const std::string version(text.data(), static_cast<std::size_t>(length));
    return version.substr(0, version.find_first_of(",\n"));
}

}  // namespace tephra::tools
