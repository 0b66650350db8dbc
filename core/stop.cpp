#include "core/stop.hpp"

#include <utility>

namespace tephra {
namespace {

thread_local const std::atomic<bool>* flag = nullptr;

}  // namespace

StopScope::StopScope(const std::atomic<bool>* wanted) : before_(std::exchange(flag, wanted)) {}

StopScope::~StopScope() {
    flag = before_;
}

const std::atomic<bool>* stop_flag() {
    return flag;
}

void stop_point() {
    if (flag != nullptr && flag->load(std::memory_order_relaxed)) throw Stopped();
}

}  // namespace tephra
