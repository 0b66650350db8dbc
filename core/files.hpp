#pragma once
// Files: read whole, map without copying, write beside and rename so that no partial output is ever left.
#include <cstddef>
#include <cstdio>
#include <span>
#include <string>
#include <string_view>

#include "core/error.hpp"

namespace tephra {

/// Whole file as bytes. Errors: bad_input with the system's reason.
Result<std::string> read_file(const std::string& path);

/// A file mapped read-only; pages are loaded when touched.
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

/// Output file that appears under its name only on commit(); dropped without commit it removes its temporary.
class OutputFile {
public:
    static Result<OutputFile> create(const std::string& path);
    OutputFile(OutputFile&& other) noexcept;
    OutputFile& operator=(OutputFile&& other) noexcept;
    ~OutputFile();
    /// Appends bytes. Errors: bad_input (disk full and the like).
    Result<void> write(std::span<const std::byte> bytes);
    Result<void> write(std::string_view text) { return write(std::as_bytes(std::span(text.data(), text.size()))); }
    /// Overwrites bytes at `offset`, which must lie in what was written; the end stays the place of the next write.
    Result<void> write_at(std::size_t offset, std::span<const std::byte> bytes);
    /// Bytes written so far.
    [[nodiscard]] std::size_t size() const { return size_; }
    /// Path of the temporary beside the final name; readable between flush() and commit().
    [[nodiscard]] const std::string& temporary_path() const { return temporary_; }
    Result<void> flush();
    Result<void> commit();

private:
    OutputFile() = default;
    void discard();
    [[nodiscard]] tl::unexpected<Error> failure(const char* what) const;
    std::FILE* file_ = nullptr;
    std::string path_;
    std::string temporary_;
    std::size_t size_ = 0;
};

/// Writes a whole file through OutputFile.
Result<void> write_file(const std::string& path, std::string_view text);

}  // namespace tephra
