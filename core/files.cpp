#include "core/files.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace tephra {
namespace {

tl::unexpected<Error> system_failure(const std::string& what, const std::string& path) {
    return bad_input(what + ": " + std::strerror(errno), path);
}

}  // namespace

Result<std::string> read_file(const std::string& path) {
    auto mapped = MappedFile::open(path);
    if (!mapped) return tl::unexpected(mapped.error());
    const auto bytes = mapped->bytes();
    return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

Result<MappedFile> MappedFile::open(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return system_failure("cannot open", path);
    struct stat status {};
    if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        ::close(fd);
        return bad_input("not a regular file", path);
    }
    MappedFile file;
    file.size_ = static_cast<std::size_t>(status.st_size);
    if (file.size_ > 0) {
        void* data = ::mmap(nullptr, file.size_, PROT_READ, MAP_PRIVATE, fd, 0);
        if (data == MAP_FAILED) {
            const auto error = system_failure("cannot map", path);
            ::close(fd);
            file.size_ = 0;
            return error;
        }
        file.data_ = static_cast<const std::byte*>(data);
    }
    ::close(fd);
    return file;
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
}

MappedFile::~MappedFile() {
    if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}

Result<OutputFile> OutputFile::create(const std::string& path) {
    OutputFile out;
    out.path_ = path;
    out.temporary_ = path + ".partial." + std::to_string(::getpid());
    out.file_ = std::fopen(out.temporary_.c_str(), "wb");
    if (out.file_ == nullptr) return system_failure("cannot create", path);
    return out;
}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : file_(std::exchange(other.file_, nullptr)),
      path_(std::move(other.path_)),
      temporary_(std::move(other.temporary_)),
      size_(other.size_) {}

OutputFile& OutputFile::operator=(OutputFile&& other) noexcept {
    if (this != &other) {
        discard();
        file_ = std::exchange(other.file_, nullptr);
        path_ = std::move(other.path_);
        temporary_ = std::move(other.temporary_);
        size_ = other.size_;
    }
    return *this;
}

OutputFile::~OutputFile() {
    discard();
}

void OutputFile::discard() {
    if (file_ == nullptr) return;
    std::fclose(file_);
    file_ = nullptr;
    std::remove(temporary_.c_str());
}

tl::unexpected<Error> OutputFile::failure(const char* what) const {
    return system_failure(what, path_);
}

Result<void> OutputFile::write(std::span<const std::byte> bytes) {
    if (bytes.empty()) return {};
    if (std::fwrite(bytes.data(), 1, bytes.size(), file_) != bytes.size()) return failure("cannot write");
    size_ += bytes.size();
    return {};
}

Result<void> OutputFile::write_at(std::size_t offset, std::span<const std::byte> bytes) {
    if (offset + bytes.size() > size_)
        return fail(ErrorCode::internal, "write_at past the end of what was written", path_);
    if (std::fseek(file_, static_cast<long>(offset), SEEK_SET) != 0) return failure("cannot seek");
    if (std::fwrite(bytes.data(), 1, bytes.size(), file_) != bytes.size()) return failure("cannot write");
    if (std::fseek(file_, 0, SEEK_END) != 0) return failure("cannot seek");
    return {};
}

Result<void> OutputFile::flush() {
    if (std::fflush(file_) != 0) return failure("cannot write");
    return {};
}

Result<void> OutputFile::commit() {
    if (auto flushed = flush(); !flushed) return flushed;
    if (std::fclose(std::exchange(file_, nullptr)) != 0 || std::rename(temporary_.c_str(), path_.c_str()) != 0) {
        auto error = failure("cannot finish");
        std::remove(temporary_.c_str());
        return error;
    }
    return {};
}

Result<void> write_file(const std::string& path, std::string_view text) {
    auto out = OutputFile::create(path);
    if (!out) return tl::unexpected(out.error());
    if (auto written = out->write(text); !written) return written;
    return out->commit();
}

}  // namespace tephra
