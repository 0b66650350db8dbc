#pragma once
// `--figures` makes a benchmark short and its output readable by scripts/compare-benchmarks.sh.
#include <cstdio>

namespace tephra::bench {

/// One line, "NAME<tab>VALUE"; a larger value is faster.
inline void print_figure(const char* name, double value) {
    std::printf("%s\t%.6g\n", name, value);
}

}  // namespace tephra::bench
