#include "core/partial_files.hpp"

#include <unistd.h>

#include <atomic>

namespace tephra {

struct PartialFile {
    std::string path;
    std::atomic<bool> active = true;
    PartialFile* next = nullptr;
};

namespace {

std::atomic<PartialFile*> newest = nullptr;
static_assert(std::atomic<PartialFile*>::is_always_lock_free && std::atomic<bool>::is_always_lock_free,
              "a signal handler may use atomics only when they need no lock");

}  // namespace

PartialFile* add_partial_file(const std::string& path) {
    auto* const file = new PartialFile{path};
    file->next = newest.load();
    while (!newest.compare_exchange_weak(file->next, file)) {
    }
    return file;
}

void forget_partial_file(PartialFile* file) {
    file->active = false;
}

void remove_partial_files() noexcept {
    for (const PartialFile* file = newest.load(); file != nullptr; file = file->next)
        if (file->active) ::unlink(file->path.c_str());
}

}  // namespace tephra
