#include "neuro/lm/checkpoint/tensor_store.hpp"

#include <algorithm>
#include <filesystem>

#include "core/object_reader.hpp"
#include "core/text.hpp"

namespace tephra {
namespace {

std::string shape_text(const std::vector<std::int64_t>& shape) {
    std::string text = "[";
    for (const std::int64_t extent : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(extent);
    return text + "]";
}

/// Shard names of an index: tensor name -> file name.
Result<std::map<std::string, std::string>> read_index(const std::string& path) {
    auto json = read_json_file(path);
    if (!json) return tl::unexpected(json.error());
    ObjectReader in(*json, path);
    in.ignore("metadata");
    const Json& weight_map = in.value("weight_map");
    if (auto finished = in.finish(); !finished) return tl::unexpected(finished.error());
    if (weight_map.object() == nullptr) return bad_input("expected an object", in.place("weight_map"));
    std::map<std::string, std::string> shards;
    for (const auto& [tensor, shard] : *weight_map.object()) {
        const std::string place = in.place("weight_map") + "/" + pointer_part(tensor);
        if (shard.string() == nullptr) return bad_input("expected the name of a file", place);
        if (std::filesystem::path(*shard.string()).filename() != *shard.string() || *shard.string() == "..")
            return bad_input("\"" + *shard.string() + "\" is not the name of a file in this directory", place);
        shards[tensor] = *shard.string();
    }
    if (shards.empty()) return bad_input("the index names no tensor", in.place("weight_map"), "fetch it again");
    return shards;
}

}  // namespace

Result<void> TensorStore::add(const std::string& path) {
    auto file = SafetensorsFile::open(path);
    if (!file) return tl::unexpected(file.error());
    files_.push_back(std::make_unique<SafetensorsFile>(std::move(*file)));
    for (const TensorEntry& tensor : files_.back()->tensors()) {
        const auto [place, added] = tensors_.emplace(tensor.name, Found{files_.back().get(), &tensor});
        if (!added)
            return bad_input("tensor \"" + tensor.name + "\" is also in " + place->second.file->path(), path,
                             "keep it in one shard");
    }
    return {};
}

Result<TensorStore> TensorStore::open(const std::string& directory) {
    TensorStore store;
    store.directory_ = directory;
    const std::string single = directory + "/model.safetensors", index = single + ".index.json";
    const bool has_single = std::filesystem::exists(single);
    if (!std::filesystem::exists(index)) {
        if (!has_single)
            return bad_input("no weights here: neither model.safetensors nor model.safetensors.index.json", directory,
                             "give the directory of a checkpoint in safetensors format");
        if (auto added = store.add(single); !added) return tl::unexpected(added.error());
        return store;
    }
    auto shards = read_index(index);
    if (!shards) return tl::unexpected(shards.error());
    const auto is_single = [](const auto& entry) { return entry.second == "model.safetensors"; };
    if (has_single && !std::ranges::all_of(*shards, is_single))
        return bad_input(
            "model.safetensors and model.safetensors.index.json are both here, and the index names other "
            "files",
            directory, "one of them is left over from before: remove it");
    std::map<std::string, bool> opened;
    for (const auto& [tensor, shard] : *shards) {
        if (!opened.emplace(shard, true).second) continue;
        const std::string path = directory + "/" + shard;
        if (!std::filesystem::exists(path))
            return bad_input("shard \"" + shard + "\" is missing", path,
                             "the index names it for tensor \"" + tensor + "\": fetch it");
        if (auto added = store.add(path); !added) return tl::unexpected(added.error());
    }
    for (const auto& [tensor, shard] : *shards) {
        const auto found = store.tensors_.find(tensor);
        if (found == store.tensors_.end() || found->second.file->path() != directory + "/" + shard)
            return bad_input("tensor \"" + tensor + "\" is not in shard \"" + shard + "\"",
                             index + "#/weight_map/" + pointer_part(tensor),
                             "index and shards belong to different checkpoints");
    }
    for (const auto& [tensor, found] : store.tensors_)
        if (shards->find(tensor) == shards->end())
            return bad_input("tensor \"" + tensor + "\" is not in the index", found.file->path(),
                             "index and shards belong to different checkpoints");
    return store;
}

Result<TensorStore::Found> TensorStore::find(const std::string& name, const std::vector<std::int64_t>& shape) const& {
    const auto found = tensors_.find(name);
    if (found == tensors_.end()) {
        const std::string nearest = nearest_name(name, names());
        return bad_input("tensor \"" + name + "\" is missing", directory_,
                         nearest.empty() ? "the checkpoint is not complete" : "the nearest is \"" + nearest + "\"");
    }
    if (found->second.tensor->shape != shape)
        return bad_input("tensor \"" + name + "\" has shape " + shape_text(found->second.tensor->shape) +
                             ", the configuration needs " + shape_text(shape),
                         found->second.file->path(), "config.json and weights belong to different models");
    return found->second;
}

std::vector<std::string> TensorStore::names() const {
    std::vector<std::string> names;
    for (const auto& [name, found] : tensors_) names.push_back(name);
    return names;
}

}  // namespace tephra
