#pragma once
// Engine: one small interface for everything that executes the integer model at full speed. All engines give equal
// bits.
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "core/error.hpp"
#include "neuro/lm/deployment.hpp"

namespace tephra {

/// Sees intermediate values of one token: block (-1 for the model), name ("x", "f", "h", "t", "q_o" ...), values.
using Tap = std::function<void(int stream, int block, std::string_view name, std::span<const std::int32_t> values)>;

enum class Logits : std::uint8_t { none, last, all };

class Engine {
public:
    virtual ~Engine() = default;
    /// "native", "golden", "cuda".
    [[nodiscard]] virtual std::string name() const = 0;
    /// Number of independent sequences whose state the engine holds.
    [[nodiscard]] virtual int streams() const = 0;
    /// Feeds one token to each of the first ids.size() streams; logits [ids.size() x V], or empty when not wanted.
    virtual Result<void> decode(std::span<const std::int32_t> ids, std::span<std::int32_t> logits) = 0;
    /// Feeds a sequence to one stream; logits [V] (last), [ids.size() x V] (all) or empty, as they
    /// must be when none are wanted.
    virtual Result<void> prefill(int stream, std::span<const std::int32_t> ids, Logits which,
                                 std::span<std::int32_t> logits) = 0;
    /// Recurrent state of a stream, [L x d].
    virtual Result<void> read_state(int stream, std::span<std::int32_t> h) const = 0;
    virtual Result<void> write_state(int stream, std::span<const std::int32_t> h) = 0;
    /// Called for every token from now on; an empty function turns it off.
    virtual void set_tap(Tap tap) = 0;
};

// What every engine refuses, each with bad_input. `streams`: of the engine; `logits`: size of the buffer, 0 for none.

/// Arguments of decode().
Result<void> check_decode(const ModelConfig& config, int streams, std::span<const std::int32_t> ids,
                          std::size_t logits);
/// Arguments of prefill().
Result<void> check_prefill(const ModelConfig& config, int streams, int stream, std::span<const std::int32_t> ids,
                           Logits which, std::size_t logits);
/// Arguments of read_state(); `size`: of the buffer.
Result<void> check_state(const ModelConfig& config, int streams, int stream, std::size_t size);
/// Arguments of write_state(): values of 24 bits.
Result<void> check_new_state(const ModelConfig& config, int streams, int stream, std::span<const std::int32_t> h);

struct EngineOptions {
    int streams = 1;
    int threads = 1;
};

/// Errors: bad_input when there is no stream, or a number of threads outside its limits (neuro/team.hpp).
Result<void> check_options(const EngineOptions& options);

/// make_golden_engine, make_native_engine or alike.
using EngineFactory =
    std::function<Result<std::unique_ptr<Engine>>(std::shared_ptr<const Deployment>, const EngineOptions&)>;

/// The plain definition of the integer model, scalar and single-threaded whatever the options say: the oracle of every
/// other engine. Errors: as check_options().
Result<std::unique_ptr<Engine>> make_golden_engine(std::shared_ptr<const Deployment> model,
                                                   const EngineOptions& options);

/// The fast engine of this processor: SIMD by run-time dispatch, threads. Errors: as check_options(), and bad_input
/// when the system has no room for the threads.
Result<std::unique_ptr<Engine>> make_native_engine(std::shared_ptr<const Deployment> model,
                                                   const EngineOptions& options);

}  // namespace tephra
