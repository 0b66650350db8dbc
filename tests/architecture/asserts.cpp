// Ends well only if an assert failed: shows that asserts are compiled in this build.
#include <csignal>
#include <cstdlib>

#include "core/narrow.hpp"

int main(int argc, char**) {
    std::signal(SIGABRT, [](int) { std::_Exit(0); });
    const auto value = tephra::narrow<signed char>(argc + 1000);
    return value == argc + 1000 ? 2 : 1;
}
