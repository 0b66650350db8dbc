// A library that breaks the rule, so that a test can see silent_libraries.sh object.
#include <cstdio>
#include <cstdlib>

void complain(const char* text) {
    std::puts(text);
    std::exit(1);
}
