#include "core/npz.hpp"

#include <zlib.h>

#include <limits>

#include "core/bytes.hpp"
#include "core/narrow.hpp"

namespace tephra {
namespace {

// Layout: PKWARE's APPNOTE.TXT, sections 4.3.7 (local header), 4.3.12 (central directory) and 4.3.16 (its end).
constexpr std::uint32_t local_signature = 0x04034b50, central_signature = 0x02014b50, end_signature = 0x06054b50;
constexpr std::size_t local_size = 30, central_size = 46, end_size = 22, longest_comment = 65535;
constexpr std::uint16_t stored = 0, deflated = 8;
constexpr std::uint16_t version = 20;                         ///< of the format that is needed to read it
constexpr std::uint16_t first_day = 1 << 5 | 1;               ///< 1 January 1980: equal arrays, equal files
constexpr std::size_t largest_member = std::size_t{1} << 31;  ///< unpacked

std::uint32_t checksum(std::string_view bytes) {
    return narrow<std::uint32_t>(
        crc32_z(crc32_z(0, nullptr, 0), reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

/// Unpacks a raw DEFLATE stream of `size` bytes; false: it is damaged.
bool unpack(std::string_view packed, std::string& out) {
    z_stream stream{};
    std::string input(packed);  // zlib wants it writable
    stream.next_in = reinterpret_cast<Bytef*>(input.data());
    stream.avail_in = narrow<uInt>(input.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = narrow<uInt>(out.size());
    if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) return false;
    const int status = inflate(&stream, Z_FINISH);
    const bool whole = status == Z_STREAM_END && stream.total_out == out.size() && stream.avail_in == 0;
    inflateEnd(&stream);
    return whole;
}

struct CentralEntry {
    std::uint16_t flags = 0, method = 0;
    std::uint32_t checksum = 0, packed = 0, size = 0, offset = 0;
    std::string name;
};

class ArchiveReader {
public:
    ArchiveReader(std::string_view bytes, const std::string& place) : bytes_(bytes), place_(place) {}

    Result<std::map<std::string, NumberArray>> read() {
        const std::size_t end = find_end();
        if (end == std::string_view::npos)
            return bad_input("this is no .npz file, or it is cut", place_, "numpy.savez writes such a file");
        ByteReader reader(std::as_bytes(std::span(bytes_.substr(end + 4))));
        const auto disk = reader.get<std::uint16_t>(), first_disk = reader.get<std::uint16_t>();
        const auto here = reader.get<std::uint16_t>(), all = reader.get<std::uint16_t>();
        const auto size = reader.get<std::uint32_t>(), offset = reader.get<std::uint32_t>();
        if (disk != 0 || first_disk != 0 || here != all || all == 0xFFFF || std::size_t{offset} + size != end)
            return bad_input("the directory of the archive is damaged, or of ZIP64", place_,
                             "save fewer or smaller arrays, each below 4 GiB");
        std::size_t at = offset;
        std::map<std::string, NumberArray> arrays;
        for (int i = 0; i < all; ++i)
            if (const auto done = read_member(at, end, arrays); !done) return tl::unexpected(done.error());
        if (at != end) return bad_input("the directory of the archive is damaged", place_, "save the arrays again");
        return arrays;
    }

private:
    /// Place of the record that ends the archive: the last one whose comment reaches the end of the file.
    [[nodiscard]] std::size_t find_end() const {
        if (bytes_.size() < end_size) return std::string_view::npos;
        const std::size_t last = bytes_.size() - end_size;
        for (std::size_t back = 0; back <= last && back <= longest_comment; ++back) {
            ByteReader reader(std::as_bytes(std::span(bytes_.substr(last - back))));
            if (reader.get<std::uint32_t>() != end_signature) continue;
            ByteReader comment(std::as_bytes(std::span(bytes_.substr(last - back + end_size - 2))));
            if (comment.get<std::uint16_t>() == back) return last - back;
        }
        return std::string_view::npos;
    }

    [[nodiscard]] tl::unexpected<Error> damaged(const std::string& what) const {
        return bad_input(what, place_, "the file is damaged, or was not written by numpy.savez");
    }

    /// Reads the entry of the directory at `at`, and moves on.
    Result<CentralEntry> read_entry(std::size_t& at, std::size_t end) const {
        if (end - at < central_size) return damaged("the directory of the archive is cut");
        ByteReader reader(std::as_bytes(std::span(bytes_.substr(at, central_size))));
        const auto signature = reader.get<std::uint32_t>();
        (void)reader.get<std::uint32_t>();  // versions
        CentralEntry entry;
        entry.flags = reader.get<std::uint16_t>();
        entry.method = reader.get<std::uint16_t>();
        (void)reader.get<std::uint32_t>();  // time and day
        entry.checksum = reader.get<std::uint32_t>();
        entry.packed = reader.get<std::uint32_t>();
        entry.size = reader.get<std::uint32_t>();
        const std::size_t name = reader.get<std::uint16_t>(), extra = reader.get<std::uint16_t>(),
                          comment = reader.get<std::uint16_t>();
        (void)reader.get<std::uint32_t>();  // disk, inner attributes
        (void)reader.get<std::uint32_t>();  // outer attributes
        entry.offset = reader.get<std::uint32_t>();
        if (signature != central_signature || end - at - central_size < name + extra + comment)
            return damaged("the directory of the archive is damaged");
        entry.name = bytes_.substr(at + central_size, name);
        at += central_size + name + extra + comment;
        return entry;
    }

    Result<void> read_member(std::size_t& at, std::size_t end, std::map<std::string, NumberArray>& arrays) const {
        const Result<CentralEntry> entry = read_entry(at, end);
        if (!entry) return tl::unexpected(entry.error());
        const std::string shown = "member \"" + entry->name + "\"";
        if (!entry->name.ends_with(".npy")) return damaged(shown + " is no .npy file");
        if ((entry->flags & 1) != 0 || (entry->method != stored && entry->method != deflated) ||
            entry->size == std::numeric_limits<std::uint32_t>::max() || entry->size > largest_member)
            return bad_input(shown + " is encrypted, too large or packed in an unknown way", place_,
                             "save it by numpy.savez or numpy.savez_compressed");
        if (entry->offset > end || end - entry->offset < local_size) return damaged(shown + " lies past the end");
        ByteReader reader(std::as_bytes(std::span(bytes_.substr(entry->offset, local_size))));
        const bool local = reader.get<std::uint32_t>() == local_signature;
        ByteReader sizes(std::as_bytes(std::span(bytes_.substr(entry->offset + local_size - 4, 4))));
        const std::size_t name = sizes.get<std::uint16_t>(), extra = sizes.get<std::uint16_t>();
        const std::size_t data = entry->offset + local_size + name + extra;
        if (!local || data > end || end - data < entry->packed) return damaged(shown + " lies past the end");
        const std::string_view packed = bytes_.substr(data, entry->packed);
        // DEFLATE makes at most 1032 bytes of one.
        if (entry->size / 1032 > packed.size()) return damaged(shown + " can't be as large as it says");
        std::string npy(entry->method == deflated ? entry->size : 0, '\0');
        if (entry->method == stored)
            npy = packed;
        else if (!unpack(packed, npy))
            return damaged(shown + " can't be unpacked");
        if (npy.size() != entry->size || checksum(npy) != entry->checksum)
            return damaged(shown + " has a wrong checksum");
        auto array = parse_npy(npy, place_ + ", " + shown);
        if (!array) return tl::unexpected(array.error());
        if (!arrays.emplace(entry->name.substr(0, entry->name.size() - 4), std::move(*array)).second)
            return damaged(shown + " is there twice");
        return {};
    }

    std::string_view bytes_;
    std::string place_;
};

}  // namespace

Result<std::map<std::string, NumberArray>> parse_npz(std::string_view bytes, const std::string& place) {
    return ArchiveReader(bytes, place).read();
}

Result<void> NpzWriter::add(const std::string& name, const std::string& npy) {
    constexpr std::size_t limit = std::numeric_limits<std::uint32_t>::max();
    const std::string file = name + ".npy";
    if (file_->size() + npy.size() + local_size + file.size() > limit || members_.size() == 65534)
        return bad_input("the archive would pass 4 GiB or 65534 arrays", file_->path(), "write fewer arrays or steps");
    Member member{file, checksum(npy), narrow<std::uint32_t>(npy.size()), narrow<std::uint32_t>(file_->size())};
    ByteWriter header;
    header.put(local_signature);
    header.put(version);
    header.put(std::uint16_t{0});  // flags
    header.put(stored);
    header.put(std::uint16_t{0});  // time
    header.put(first_day);
    header.put(member.checksum);
    header.put(member.size);
    header.put(member.size);
    header.put(narrow<std::uint16_t>(file.size()));
    header.put(std::uint16_t{0});  // extra
    header.put_all(std::span<const char>(file));
    members_.push_back(std::move(member));
    if (auto written = file_->write(header.bytes()); !written) return written;
    return file_->write(npy);
}

Result<void> NpzWriter::finish() {
    ByteWriter directory;
    for (const Member& member : members_) {
        directory.put(central_signature);
        directory.put(version);  // made by
        directory.put(version);
        directory.put(std::uint16_t{0});  // flags
        directory.put(stored);
        directory.put(std::uint16_t{0});  // time
        directory.put(first_day);
        directory.put(member.checksum);
        directory.put(member.size);
        directory.put(member.size);
        directory.put(narrow<std::uint16_t>(member.name.size()));
        directory.put(std::uint32_t{0});  // extra, comment
        directory.put(std::uint32_t{0});  // disk, inner attributes
        directory.put(std::uint32_t{0});  // outer attributes
        directory.put(member.offset);
        directory.put_all(std::span<const char>(member.name));
    }
    const std::size_t offset = file_->size(), size = directory.bytes().size();
    if (offset + size > std::numeric_limits<std::uint32_t>::max())
        return bad_input("the archive would pass 4 GiB", file_->path(), "write fewer arrays or steps");
    directory.put(end_signature);
    directory.put(std::uint32_t{0});  // disks
    directory.put(narrow<std::uint16_t>(members_.size()));
    directory.put(narrow<std::uint16_t>(members_.size()));
    directory.put(narrow<std::uint32_t>(size));
    directory.put(narrow<std::uint32_t>(offset));
    directory.put(std::uint16_t{0});  // comment
    return file_->write(directory.bytes());
}

}  // namespace tephra
