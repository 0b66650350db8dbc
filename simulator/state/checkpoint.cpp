#include "simulator/state/checkpoint.hpp"

#include <algorithm>
#include <string_view>

#include "core/bytes.hpp"

namespace tephra {
namespace {

constexpr std::string_view magic = "TEPHRACP";
constexpr std::uint32_t format = 3;
constexpr std::uint32_t most_inputs = 1 << 20;  // each prompt is one

tl::unexpected<Error> damaged(const std::string& what, const std::string& place) {
    return bad_input(what, place, "the file was cut or changed: go on from another one, or run again");
}

/// Takes parts from the front of the bytes; each ends the reading when there is less.
class Parts {
public:
    explicit Parts(std::span<const std::byte> bytes) : bytes_(bytes) {}
    [[nodiscard]] bool take(std::uint64_t size, std::span<const std::byte>& part) {
        if (size > bytes_.size() - at_) return false;
        part = bytes_.subspan(at_, static_cast<std::size_t>(size));
        at_ += part.size();
        return true;
    }
    template <typename T>
    [[nodiscard]] bool number(T& value) {
        std::span<const std::byte> part;
        if (!take(sizeof value, part)) return false;
        value = ByteReader(part).get<T>();
        return true;
    }
    [[nodiscard]] bool hash(Hash128& value) { return number(value.low) && number(value.high); }
    [[nodiscard]] bool text(std::string& value) {
        std::uint32_t size = 0;
        std::span<const std::byte> part;
        if (!number(size) || !take(size, part)) return false;
        value.assign(reinterpret_cast<const char*>(part.data()), part.size());
        return true;
    }
    [[nodiscard]] std::size_t position() const { return at_; }
    [[nodiscard]] bool empty() const { return at_ == bytes_.size(); }

private:
    std::span<const std::byte> bytes_;
    std::size_t at_ = 0;
};

bool read_header(Parts parts, std::vector<CheckpointInput>& inputs, std::uint64_t& sections) {
    std::uint32_t count = 0;
    if (!parts.number(count) || count > most_inputs) return false;
    for (std::uint32_t k = 0; k < count; ++k)
        if (CheckpointInput& input = inputs.emplace_back(); !parts.text(input.name) || !parts.text(input.value))
            return false;
    return parts.number(sections) && parts.empty();
}

void put(ByteWriter& out, const std::string& text) {
    out.put(static_cast<std::uint32_t>(text.size()));
    out.put_all(std::span<const char>(text));
}

void put(ByteWriter& out, const Hash128& hash) {
    out.put(hash.low);
    out.put(hash.high);
}

}  // namespace

Result<Checkpoint> Checkpoint::open(const std::string& path) {
    auto file = MappedFile::open(path);
    if (!file) return tl::unexpected(file.error());
    auto made = parse(file->bytes(), path);
    if (made) made->file_ = std::move(*file);
    return made;
}

Result<Checkpoint> Checkpoint::parse(std::span<const std::byte> bytes, const std::string& place) {
    Checkpoint made;
    made.place_ = place;
    Parts parts(bytes);
    std::span<const std::byte> start, header;
    if (!parts.take(magic.size(), start) || !std::ranges::equal(start, std::as_bytes(std::span(magic))))
        return bad_input("it is no checkpoint", place, "give a file that tephra simulate --checkpoint has written");
    std::uint32_t its_format = 0;
    if (!parts.number(its_format)) return damaged("it ends within the header", place);
    if (its_format != format)
        return bad_input("a checkpoint of format " + std::to_string(its_format) + ", this version of tephra reads " +
                             std::to_string(format),
                         place, "go on with the version that wrote it, or run again");
    std::uint64_t header_bytes = 0, sections = 0;
    Hash128 last;
    if (!parts.number(header_bytes) || !parts.take(header_bytes, header))
        return damaged("it ends within the header", place);
    const Hash128 header_hash = hash128(bytes.first(parts.position()));
    if (!parts.hash(last)) return damaged("it ends within the header", place);
    if (last != header_hash || !read_header(Parts(header), made.inputs_, sections))
        return damaged("bytes of the header have changed", place);
    for (std::uint64_t k = 0; k < sections; ++k) {
        const std::string where = "section " + std::to_string(k + 1) + " of " + std::to_string(sections);
        std::uint64_t size = 0;
        Hash128 hash;
        std::span<const std::byte> section;
        if (!parts.number(size) || !parts.hash(hash) || !parts.take(size, section))
            return damaged("it ends within " + where, place);
        if (hash128(section, last.low) != hash) return damaged("bytes of " + where + " have changed", place);
        made.sections_.push_back(section);
        last = hash;
    }
    if (!parts.empty()) return damaged("bytes follow the last section", place);
    return made;
}

Result<void> Checkpoint::accept(std::span<const CheckpointInput> inputs) const {
    const auto value_in = [](std::span<const CheckpointInput> list, const std::string& name) -> const std::string* {
        const auto found = std::ranges::find(list, name, &CheckpointInput::name);
        return found == list.end() ? nullptr : &found->value;
    };
    const auto differ = [&](const std::string& name, const std::string& its, const std::string& here) {
        return bad_input("the checkpoint is of a run with another " + name + ": " + its + " there, " + here + " here",
                         place_, "give the inputs and options of that run, or run again without the checkpoint");
    };
    for (const CheckpointInput& input : inputs) {
        const std::string* its = value_in(inputs_, input.name);
        if (its == nullptr || *its != input.value) return differ(input.name, its ? *its : "none", input.value);
    }
    for (const CheckpointInput& its : inputs_)
        if (value_in(inputs, its.name) == nullptr) return differ(its.name, its.value, "none");
    return {};
}

Result<void> CheckpointWriter::begin(std::span<const CheckpointInput> inputs, std::size_t sections) {
    ByteWriter header;
    header.put(static_cast<std::uint32_t>(inputs.size()));
    for (const CheckpointInput& input : inputs) put(header, input.name), put(header, input.value);
    header.put(static_cast<std::uint64_t>(sections));
    ByteWriter out;
    out.put_all(std::span<const char>(magic));
    out.put(format);
    out.put(static_cast<std::uint64_t>(header.bytes().size()));
    out.put_all(std::span<const char>(header.bytes()));
    last_ = hash128(out.bytes());
    put(out, last_);
    return file_.write(out.bytes());
}

Result<void> CheckpointWriter::add(std::span<const std::byte> section) {
    last_ = hash128(section, last_.low);
    ByteWriter out;
    out.put(static_cast<std::uint64_t>(section.size()));
    put(out, last_);
    if (auto written = file_.write(out.bytes()); !written) return written;
    return file_.write(section);
}

}  // namespace tephra
