#pragma once
// Files: read whole, map without copying, write beside and rename, so that nobody reads half an output.
#include <cstddef>
#include <cstdio>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/error.hpp"
#include "core/partial_files.hpp"

namespace tephra {

/// Most bytes that are read from something other than a regular file, such as a pipe, which may never end.
inline constexpr std::size_t largest_stream = std::size_t{1} << 30;

/// Everything that can be read from a file, a pipe or a device, as bytes. Errors: bad_input with the system's reason,
/// or when a stream has more than `stream_limit` bytes.
Result<std::string> read_file(const std::string& path, std::size_t stream_limit = largest_stream);

/// Whether a write to one path would reach the file that the other names: the same file, or none yet at the same place.
bool same_file(const std::string& a, const std::string& b);

/// A regular file mapped read-only; pages are loaded when touched. Nobody may shorten the file while it is mapped: a
/// page that is gone ends the process with SIGBUS. What replaces files by rename, as OutputFile does, is safe.
class MappedFile {
public:
    MappedFile() = default;
    static Result<MappedFile> open(const std::string& path);
    MappedFile(MappedFile&& other) noexcept;
    MappedFile& operator=(MappedFile&& other) noexcept;
    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;
    ~MappedFile();
    [[nodiscard]] std::span<const std::byte> bytes() const { return {data_, size_}; }

private:
    const std::byte* data_ = nullptr;
    std::size_t size_ = 0;
};

/// An output. A regular file appears under its name only on commit(); dropped without commit it removes its temporary,
/// and remove_partial_files() does so when a signal ends the process. Symbolic links are followed: the file that they
/// lead to is replaced. A new file has the mode that the umask leaves, a replaced one keeps its mode. Pipes and
/// character devices are written through, without a temporary.
class OutputFile {
public:
    /// Opens the output, so that what is wrong with a path is known before the work whose result it takes. A named pipe
    /// that nobody reads is waited for, as shells do, after a call of `before_wait`. Errors: usage (empty path),
    /// bad_input (a directory, a block device, a socket, no permission ...).
    static Result<OutputFile> create(const std::string& path, const std::function<void()>& before_wait = {});
    /// As create(); pipes and devices are bad_input, too, and are not opened.
    static Result<OutputFile> create_regular(const std::string& path);
    OutputFile(OutputFile&& other) noexcept;
    OutputFile& operator=(OutputFile&& other) noexcept;
    ~OutputFile();
    /// Appends bytes. Errors: bad_input (disk full and the like).
    Result<void> write(std::span<const std::byte> bytes);
    Result<void> write(std::string_view text) { return write(std::as_bytes(std::span(text.data(), text.size()))); }
    /// Overwrites bytes at `offset`, which must lie in what was written; the end stays the place of the next write.
    /// Needs a regular file.
    Result<void> write_at(std::size_t offset, std::span<const std::byte> bytes);
    /// Bytes written so far.
    [[nodiscard]] std::size_t size() const { return size_; }
    /// The path as it was given.
    [[nodiscard]] const std::string& path() const { return path_; }
    /// Whether it goes to a file, which can be read before commit() and written out of order; else to a stream.
    [[nodiscard]] bool regular() const { return !temporary_.empty(); }
    /// Path of the temporary beside the final name; readable between flush() and commit().
    [[nodiscard]] const std::string& temporary_path() const { return temporary_; }
    Result<void> flush();
    Result<void> commit();

private:
    OutputFile() = default;
    Result<void> open_temporary(std::optional<unsigned> mode);
    void discard();
    [[nodiscard]] tl::unexpected<Error> failure(const char* what) const;
    std::FILE* file_ = nullptr;
    std::string path_;
    std::string target_;     ///< path_ with links followed
    std::string temporary_;  ///< empty: written through
    PartialFile* partial_ = nullptr;
    std::size_t size_ = 0;
};

/// Writes a whole file through OutputFile.
Result<void> write_file(const std::string& path, std::string_view text);

}  // namespace tephra
