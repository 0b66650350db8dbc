#include "neuro/lm/token_file.hpp"

#include "core/files.hpp"

namespace tephra {

Result<std::vector<std::int32_t>> read_token_file(const std::string& path, int vocabulary) {
    const auto bytes = read_file(path);
    if (!bytes) return tl::unexpected(bytes.error());
    if (bytes->empty()) return bad_input("no ids", path, "a token file holds 16-bit little-endian ids");
    if (bytes->size() % 2 != 0)
        return bad_input("odd number of bytes", path + ", byte " + std::to_string(bytes->size()),
                         "a token file holds 16-bit little-endian ids");
    std::vector<std::int32_t> ids(bytes->size() / 2);
    for (std::size_t i = 0; i < ids.size(); ++i) {
        const auto low = static_cast<unsigned char>((*bytes)[2 * i]);
        const auto high = static_cast<unsigned char>((*bytes)[2 * i + 1]);
        ids[i] = low | high << 8;
        if (ids[i] >= vocabulary)
            return bad_input(
                "id " + std::to_string(ids[i]) + " is not in the vocabulary of " + std::to_string(vocabulary),
                path + ", byte " + std::to_string(2 * i), "the ids must come from the model's tokenizer");
    }
    return ids;
}

}  // namespace tephra
