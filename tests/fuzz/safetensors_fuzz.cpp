// Fuzz target: any bytes as a safetensors header give tensors that tile the data, or one error.
#include <cstdlib>
#include <string_view>

#include "neuro/lm/checkpoint/safetensors.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    // The first byte is the size of the data after the header.
    if (size == 0) return 0;
    const std::string_view header(reinterpret_cast<const char*>(data) + 1, size - 1);
    const std::uint64_t file_bytes = 8 + header.size() + data[0];
    const auto tensors = tephra::parse_safetensors_header(header, file_bytes, "fuzz");
    if (!tensors) {
        if (tensors.error().message.empty() || tensors.error().place.empty()) std::abort();
        return 0;
    }
    std::uint64_t end = 8 + header.size();
    for (const tephra::TensorEntry& tensor : *tensors) {
        if (tensor.offset != end) std::abort();
        end += tensor.bytes;
        std::uint64_t bytes = element_bytes(tensor.type);
        for (const auto extent : tensor.shape) bytes *= static_cast<std::uint64_t>(extent);
        if (bytes != tensor.bytes) std::abort();
    }
    if (end != file_bytes) std::abort();
    return 0;
}
