#pragma once
// TensorStore: all tensors of a checkpoint, by name, whatever files they are in.
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "neuro/lm/checkpoint/safetensors.hpp"

namespace tephra {

/// The tensors of a checkpoint directory: model.safetensors, or the shards of model.safetensors.index.json. Both may be
/// there only when the index names that one file alone.
class TensorStore {
public:
    /// Errors: bad_input for a missing shard, a tensor that the index puts into a shard without it, a tensor in two
    /// shards or in none.
    static Result<TensorStore> open(const std::string& directory);
    /// The tensor of that name and shape. Errors: bad_input when absent (with the nearest name) or of another shape.
    struct Found {
        const SafetensorsFile* file = nullptr;
        const TensorEntry* tensor = nullptr;
    };
    [[nodiscard]] Result<Found> find(const std::string& name, const std::vector<std::int64_t>& shape) const&;
    Result<Found> find(const std::string& name, const std::vector<std::int64_t>& shape) const&& = delete;  // dangles
    [[nodiscard]] bool has(const std::string& name) const { return tensors_.find(name) != tensors_.end(); }
    /// Names of all tensors, sorted.
    [[nodiscard]] std::vector<std::string> names() const;
    [[nodiscard]] const std::string& directory() const { return directory_; }

private:
    Result<void> add(const std::string& path);
    std::string directory_;
    std::vector<std::unique_ptr<SafetensorsFile>> files_;
    std::map<std::string, Found> tensors_;
};

}  // namespace tephra
