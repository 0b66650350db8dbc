#pragma once
// A bound on the memory of this process, so that the system refuses what a test asks for.
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>

#include "tests/catch.hpp"

namespace tephra::test {

/// While it lives, the process may map only `bytes` more than it has now.
class MemoryLimit {
public:
    explicit MemoryLimit(rlim_t bytes) {
        rlim_t pages = 0;
        std::ifstream("/proc/self/statm") >> pages;
        REQUIRE(pages > 0);
        REQUIRE(::getrlimit(RLIMIT_AS, &before_) == 0);
        rlimit limit = before_;
        limit.rlim_cur = pages * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE)) + bytes;
        REQUIRE(::setrlimit(RLIMIT_AS, &limit) == 0);
    }
    ~MemoryLimit() { ::setrlimit(RLIMIT_AS, &before_); }
    MemoryLimit(const MemoryLimit&) = delete;
    MemoryLimit& operator=(const MemoryLimit&) = delete;

private:
    rlimit before_{};
};

}  // namespace tephra::test
