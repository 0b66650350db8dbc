#include "neuro/lm/checkpoint/safetensors.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "core/object_reader.hpp"

namespace tephra {
namespace {

constexpr std::uint64_t length_bytes = 8;
constexpr std::uint64_t max_header_bytes = 100'000'000;  // the limit of the format's own reader

std::optional<FloatType> float_type(std::string_view name) {
    if (name == "BF16") return FloatType::bf16;
    if (name == "F16") return FloatType::f16;
    if (name == "F32") return FloatType::f32;
    return std::nullopt;
}

/// Bytes of a tensor, or nothing when the product does not fit 62 bits.
std::optional<std::uint64_t> tensor_bytes(const TensorEntry& tensor) {
    std::uint64_t bytes = element_bytes(tensor.type);
    for (const std::int64_t extent : tensor.shape)
        if (__builtin_mul_overflow(bytes, static_cast<std::uint64_t>(extent), &bytes) || bytes >> 62 != 0)
            return std::nullopt;
    return bytes;
}

/// Extents or offsets: an array of integers from 0 up.
std::vector<std::int64_t> naturals(ObjectReader& in, const char* key) {
    std::vector<std::int64_t> values;
    for (const Json& element : in.array(key)) {
        if (element.integer() == nullptr || *element.integer() < 0) {
            in.fault(key, "holds something else than integers from 0 up");
            return {};
        }
        values.push_back(*element.integer());
    }
    return values;
}

/// One entry of the header; offsets are still relative to the data.
Result<TensorEntry> parse_entry(const std::string& name, const Json& json, const std::string& place) {
    ObjectReader in(json, place + "#/" + pointer_part(name));
    TensorEntry tensor;
    tensor.name = name;
    const std::string dtype = in.string("dtype");
    if (const auto type = float_type(dtype))
        tensor.type = *type;
    else
        in.fault("dtype", "dtype \"" + dtype + "\" is not BF16, F16 or F32", "convert the checkpoint");
    tensor.shape = naturals(in, "shape");
    const auto offsets = naturals(in, "data_offsets");
    if (offsets.size() != 2 || offsets[0] > offsets[1])
        in.fault("data_offsets", "data_offsets are not a begin and an end after it");
    if (auto finished = in.finish(); !finished) return tl::unexpected(finished.error());
    tensor.offset = static_cast<std::uint64_t>(offsets[0]);
    tensor.bytes = static_cast<std::uint64_t>(offsets[1] - offsets[0]);
    if (const auto expected = tensor_bytes(tensor); !expected || *expected != tensor.bytes)
        return bad_input("tensor \"" + name + "\" takes " + std::to_string(tensor.bytes) +
                             " bytes, its shape and dtype " +
                             (expected ? std::to_string(*expected) : std::string("more than can be")),
                         in.place("data_offsets"), "the header is damaged: fetch the file again");
    return tensor;
}

/// Metadata is an object of strings, free in form.
Result<void> check_metadata(const Json& metadata, const std::string& place) {
    const auto is_text = [](const auto& member) { return member.second.string() != nullptr; };
    if (metadata.object() == nullptr || !std::ranges::all_of(*metadata.object(), is_text))
        return bad_input("\"__metadata__\" is not an object of strings", place + "#/__metadata__",
                         "the header is damaged: fetch the file again");
    return {};
}

/// Tensors must follow each other from the start of the data to the end of the file.
Result<void> check_cover(const std::vector<TensorEntry>& tensors, std::uint64_t data_bytes, const std::string& place) {
    std::uint64_t end = 0;
    const std::string hint = "the header is damaged or the file cut: fetch it again";
    for (const TensorEntry& tensor : tensors) {
        const std::string where = place + "#/" + pointer_part(tensor.name) + "/data_offsets";
        if (tensor.offset > data_bytes || tensor.bytes > data_bytes - tensor.offset)
            return bad_input("tensor \"" + tensor.name + "\" ends at byte " +
                                 std::to_string(tensor.offset + tensor.bytes) + " of the data, the file at byte " +
                                 std::to_string(data_bytes),
                             where, hint);
        if (tensor.offset < end)
            return bad_input("tensor \"" + tensor.name + "\" overlaps the tensor before it", where, hint);
        if (tensor.offset > end)
            return bad_input(std::to_string(tensor.offset - end) + " bytes before tensor \"" + tensor.name +
                                 "\" belong to no tensor",
                             where, hint);
        end = tensor.offset + tensor.bytes;
    }
    if (end != data_bytes)
        return bad_input(std::to_string(data_bytes - end) + " bytes after the last tensor belong to no tensor", place,
                         hint);
    return {};
}

}  // namespace

Result<std::vector<TensorEntry>> parse_safetensors_header(std::string_view header, std::uint64_t file_bytes,
                                                          const std::string& place) {
    auto json = parse_json(header, place);
    if (!json) return tl::unexpected(json.error());
    if (json->object() == nullptr) return bad_input("the header is not a JSON object", place);
    const std::string_view object = header.substr(0, header.find_last_not_of(' ') + 1);
    if (!object.starts_with('{') || !object.ends_with('}'))
        return bad_input("the header is not an object followed by spaces alone", place,
                         "the header is damaged: fetch the file again");
    std::vector<TensorEntry> tensors;
    for (const auto& [name, value] : *json->object()) {
        if (name == "__metadata__") {
            if (auto good = check_metadata(value, place); !good) return tl::unexpected(good.error());
            continue;
        }
        auto tensor = parse_entry(name, value, place);
        if (!tensor) return tl::unexpected(tensor.error());
        tensors.push_back(std::move(*tensor));
    }
    std::stable_sort(tensors.begin(), tensors.end(), [](const TensorEntry& a, const TensorEntry& b) {
        return std::pair(a.offset, a.bytes) < std::pair(b.offset, b.bytes);
    });
    const std::uint64_t data_start = length_bytes + header.size();
    if (file_bytes < data_start) return bad_input("the file ends inside its header", place, "the file is cut");
    if (auto good = check_cover(tensors, file_bytes - data_start, place); !good) return tl::unexpected(good.error());
    for (TensorEntry& tensor : tensors) tensor.offset += data_start;
    return tensors;
}

Result<SafetensorsFile> SafetensorsFile::open(const std::string& path) {
    SafetensorsFile file;
    file.path_ = path;
    file.fd_ = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);  // a pipe is refused, not waited for
    struct stat status {};
    if (file.fd_ < 0 || ::fstat(file.fd_, &status) != 0)
        return bad_input(std::string("cannot open: ") + std::strerror(errno), path);
    if (!S_ISREG(status.st_mode)) return bad_input("not a regular file", path);
    TensorEntry header{"header", FloatType::f32, {}, 0, static_cast<std::uint64_t>(status.st_size)};
    std::uint64_t length = 0;
    if (header.bytes < length_bytes)
        return bad_input("the file ends at byte " + std::to_string(header.bytes) + ", inside its header", path,
                         "the file is cut: fetch it again");
    if (auto read = file.read(header, 0, std::as_writable_bytes(std::span(&length, 1))); !read)
        return tl::unexpected(read.error());
    if (length > max_header_bytes || length > header.bytes - length_bytes)
        return bad_input(
            "a header of " + std::to_string(length) + " bytes in a file of " + std::to_string(header.bytes) + " bytes",
            path + " byte 0", "this is no safetensors file, or it is cut");
    std::string text(length, '\0');
    if (auto read = file.read(header, length_bytes, std::as_writable_bytes(std::span(text))); !read)
        return tl::unexpected(read.error());
    auto tensors = parse_safetensors_header(text, header.bytes, path);
    if (!tensors) return tl::unexpected(tensors.error());
    file.tensors_ = std::move(*tensors);
    return file;
}

SafetensorsFile::SafetensorsFile(SafetensorsFile&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), path_(std::move(other.path_)), tensors_(std::move(other.tensors_)) {}

SafetensorsFile::~SafetensorsFile() {
    if (fd_ >= 0) ::close(fd_);
}

Result<void> SafetensorsFile::read(const TensorEntry& tensor, std::uint64_t first, std::span<std::byte> out) const {
    std::uint64_t offset = tensor.offset + first;
    while (!out.empty()) {
        const ssize_t count = ::pread(fd_, out.data(), out.size(), static_cast<off_t>(offset));
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0)
            return bad_input(
                std::string("cannot read: ") + (count < 0 ? std::strerror(errno) : "the file became shorter"),
                path_ + " byte " + std::to_string(offset));
        out = out.subspan(static_cast<std::size_t>(count));
        offset += static_cast<std::uint64_t>(count);
    }
    return {};
}

}  // namespace tephra
