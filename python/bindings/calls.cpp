#include "python/bindings/calls.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>

#include "core/stop.hpp"

namespace tephra::python {
namespace {

constexpr std::chrono::milliseconds between_looks{50};

/// What a worker thread and the one that waits for it share.
struct Call {
    std::atomic<bool> stop = false;
    std::mutex mutex;
    std::condition_variable ended;
    bool done = false;
    std::exception_ptr thrown;

    void work(const std::function<void()>& job) {
        try {
            const StopScope scope(&stop);
            job();
        } catch (...) {
            thrown = std::current_exception();
        }
        const std::scoped_lock lock(mutex);
        done = true;
        ended.notify_one();
    }
    bool wait() {
        std::unique_lock lock(mutex);
        return ended.wait_for(lock, between_looks, [&] { return done; });
    }
};

}  // namespace

void run_long(const std::function<void()>& work) {
    Call call;
    std::exception_ptr interrupt;
    {
        const py::gil_scoped_release released;
        std::thread worker;
        try {
            worker = std::thread([&] { call.work(work); });
        } catch (const std::system_error& error) {
            throw Failure({ErrorCode::bad_input, std::string("the system has room for no thread: ") + error.what(),
                           "threads", "raise the limits on threads and memory (ulimit -u, -v)"});
        }
        while (!call.wait()) {
            const py::gil_scoped_acquire held;
            if (interrupt || PyErr_CheckSignals() == 0) continue;
            interrupt = std::make_exception_ptr(py::error_already_set());
            call.stop = true;
        }
        worker.join();
    }
    if (interrupt) std::rethrow_exception(interrupt);
    if (call.thrown) std::rethrow_exception(call.thrown);
}

std::function<void(std::int64_t, std::int64_t)> progress_of(py::handle callback, const std::string& place) {
    if (callback.is_none()) return {};
    if (PyCallable_Check(callback.ptr()) == 0)
        refuse("it can't be called", place, "give a function that takes (done, total)");
    return [callback](std::int64_t done, std::int64_t total) {
        const py::gil_scoped_acquire held;
        callback(done, total);
    };
}

}  // namespace tephra::python
