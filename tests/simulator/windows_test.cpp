#include "simulator/windows.hpp"

#include <stdexcept>

#include "core/philox.hpp"
#include "tests/catch.hpp"

using namespace tephra;

namespace {

constexpr std::int64_t latency = 100;
constexpr std::uint32_t chips = 7;

struct FakeMail {
    std::int64_t time = 0;
    std::uint32_t chip = 0;
    int sender = 0, left = 0;  ///< left: messages that follow from this one
};

struct FakeOutbox {
    std::vector<FakeMail> mails;
    void clear() { mails.clear(); }
};

/// Keeps the order of what it receives, and answers each mail by up to two to chips that depend on all it saw before.
class FakeChip {
public:
    explicit FakeChip(int id) : id_(id) {}
    [[nodiscard]] std::int64_t next_time() const {
        std::int64_t first = EventQueue::never;
        for (const FakeMail& mail : waiting_) first = std::min(first, mail.time);
        return first;
    }
    [[nodiscard]] std::int64_t last_events() const { return last_events_; }
    FakeOutbox& outbox() { return outbox_; }
    void receive(const FakeMail& mail, const FakeOutbox&) {
        if (mail.time < end_) late_ = true;
        waiting_.push_back(mail);
    }
    void run_until(std::int64_t end) {
        if (fails_at_ >= 0 && end > fails_at_) throw std::runtime_error("chip " + std::to_string(id_));
        end_ = end;
        last_events_ = 0;
        for (std::int64_t now = next_time(); now < end; now = next_time()) {
            const auto first = std::ranges::find_if(waiting_, [&](const FakeMail& mail) { return mail.time == now; });
            const FakeMail mail = *first;
            waiting_.erase(first);
            ++last_events_;
            seen_ = 31 * seen_ + static_cast<std::uint64_t>(now) + 7 * static_cast<std::uint64_t>(mail.sender);
            const auto words = random_words(seen_, 1, 2, 3);
            for (std::uint32_t k = 0; k < 2 && mail.left > 0; ++k)
                outbox_.mails.push_back({now + latency + words[k] % 50, words[2 + k] % chips, id_, mail.left - 1});
        }
    }
    void fail_at(std::int64_t time) { fails_at_ = time; }
    [[nodiscard]] std::uint64_t seen() const { return seen_; }
    [[nodiscard]] bool late() const { return late_; }

private:
    int id_;
    std::vector<FakeMail> waiting_;
    FakeOutbox outbox_;
    std::int64_t last_events_ = 0, end_ = 0, fails_at_ = -1;
    std::uint64_t seen_ = 0;
    bool late_ = false;
};

std::vector<std::unique_ptr<FakeChip>> fake_chips() {
    std::vector<std::unique_ptr<FakeChip>> all;
    for (std::uint32_t c = 0; c < chips; ++c) all.push_back(std::make_unique<FakeChip>(static_cast<int>(c)));
    all[0]->receive({0, 0, 0, 9}, {});
    all[3]->receive({40, 3, 3, 9}, {});
    return all;
}

std::vector<std::uint64_t> what_chips_saw(int threads) {
    auto all = fake_chips();
    Windows windows(all, latency, threads);
    windows.run();
    std::vector<std::uint64_t> seen;
    for (const auto& chip : all) {
        CHECK(chip->next_time() == EventQueue::never);
        CHECK_FALSE(chip->late());
        seen.push_back(chip->seen());
    }
    return seen;
}

}  // namespace

TEST_CASE("chips see the same mail in the same order on any number of threads", "[threads]") {
    const auto one = what_chips_saw(1);
    for (const std::uint64_t seen : one) CHECK(seen != 0);
    for (const int threads : {2, 4, 16}) CHECK(what_chips_saw(threads) == one);
}

TEST_CASE("an exception of a chip reaches the caller of run", "[threads]") {
    for (const int threads : {1, 4}) {
        auto all = fake_chips();
        all[2]->fail_at(500);
        Windows windows(all, latency, threads);
        CHECK_THROWS_WITH(windows.run(), "chip 2");
    }
}
