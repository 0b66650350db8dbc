#include "core/files.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>
#include <vector>

#include "core/text.hpp"

namespace tephra {
namespace {

tl::unexpected<Error> system_failure(const std::string& what, const std::string& path) {
    return bad_input(what + ": " + std::strerror(errno), path);
}

/// A file descriptor that is closed at the end.
class Descriptor {
public:
    explicit Descriptor(int number) : number_(number) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() {
        if (number_ >= 0) ::close(number_);
    }
    [[nodiscard]] int number() const { return number_; }

private:
    int number_;
};

/// Opens a pipe or a device for writing. A pipe that has a reader keeps the descriptor of the first try: to close it
/// and open again would end the reader's input.
int open_stream(const std::string& path, bool pipe, const std::function<void()>& before_wait) {
    constexpr int flags = O_WRONLY | O_CLOEXEC;
    if (!pipe) return ::open(path.c_str(), flags);
    const int descriptor = ::open(path.c_str(), flags | O_NONBLOCK);
    if (descriptor >= 0) {
        ::fcntl(descriptor, F_SETFL, 0);  // writes wait again
        return descriptor;
    }
    if (errno == ENXIO && before_wait) before_wait();
    return ::open(path.c_str(), flags);
}

/// The path that symbolic links lead to, also when nothing is there yet; of a circle of links, one of them.
std::string followed(const std::string& path) {
    constexpr int most_links = 40;  // as Linux follows
    std::filesystem::path target = path;
    std::error_code error;
    for (int k = 0; k < most_links && std::filesystem::is_symlink(target, error); ++k) {
        const auto next = std::filesystem::read_symlink(target, error);
        if (error) break;
        target = next.is_absolute() ? next : target.parent_path() / next;
    }
    return target.string();
}

}  // namespace

Result<std::string> read_file(const std::string& path, std::size_t stream_limit) {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat status {};
    if (file.number() < 0 || ::fstat(file.number(), &status) != 0) return system_failure("cannot open", path);
    const bool regular = S_ISREG(status.st_mode);
    std::string bytes;
    // The size is a guess: files of /proc say 0.
    if (regular) bytes.reserve(static_cast<std::size_t>(status.st_size));
    std::vector<char> piece(std::size_t{1} << 16);
    for (;;) {
        const ssize_t count = ::read(file.number(), piece.data(), piece.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return system_failure("cannot read", path);
        if (count == 0) return bytes;
        bytes.append(piece.data(), static_cast<std::size_t>(count));
        if (!regular && bytes.size() > stream_limit)
            return bad_input("the stream has more than " + bytes_text(stream_limit), path, "give a regular file");
    }
}

bool same_file(const std::string& a, const std::string& b) {
    struct stat first {};
    struct stat second {};
    const bool has_first = ::stat(a.c_str(), &first) == 0;
    const bool has_second = ::stat(b.c_str(), &second) == 0;
    if (has_first != has_second) return false;
    if (has_first) return first.st_dev == second.st_dev && first.st_ino == second.st_ino;
    const auto place = [](const std::string& path) {
        const std::filesystem::path target = followed(path);
        std::error_code ignored;
        const auto folder =
            std::filesystem::weakly_canonical(std::filesystem::absolute(target, ignored).parent_path(), ignored);
        return folder / target.filename();
    };
    return place(a) == place(b);
}

Result<MappedFile> MappedFile::open(const std::string& path) {
    // Else the open of a pipe that nobody writes would wait, to be refused below.
    const Descriptor fd(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    struct stat status {};
    if (fd.number() < 0 || ::fstat(fd.number(), &status) != 0) return system_failure("cannot open", path);
    if (!S_ISREG(status.st_mode))
        return bad_input("not a regular file", path, "it is read in place, which a pipe does not allow");
    MappedFile file;
    file.size_ = static_cast<std::size_t>(status.st_size);
    if (file.size_ > 0) {
        void* data = ::mmap(nullptr, file.size_, PROT_READ, MAP_PRIVATE, fd.number(), 0);
        if (data == MAP_FAILED) {
            file.size_ = 0;
            return system_failure("cannot map", path);
        }
        file.data_ = static_cast<const std::byte*>(data);
    }
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

Result<OutputFile> OutputFile::create_regular(const std::string& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) == 0 && (S_ISFIFO(status.st_mode) || S_ISCHR(status.st_mode)))
        return bad_input("cannot write: it is a pipe or a device", path, "give the path of a file");
    return create(path);
}

Result<OutputFile> OutputFile::create(const std::string& path, const std::function<void()>& before_wait) {
    if (path.empty()) return fail(ErrorCode::usage, "the path of an output is empty");
    if (path.ends_with('/')) return bad_input("cannot write: it is the name of a directory", path, "name a file in it");
    OutputFile out;
    out.path_ = path;
    struct stat status {};
    const bool exists = ::stat(path.c_str(), &status) == 0;
    if (!exists && errno != ENOENT) return system_failure("cannot create", path);
    if (!exists || S_ISREG(status.st_mode)) {
        if (exists && ::access(path.c_str(), W_OK) != 0) return system_failure("cannot write", path);
        out.target_ = followed(path);
        const auto mode = exists ? std::optional<unsigned>(status.st_mode & 07777U) : std::nullopt;
        if (auto opened = out.open_temporary(mode); !opened) return tl::unexpected(opened.error());
        return out;
    }
    if (S_ISDIR(status.st_mode)) return bad_input("cannot write: it is a directory", path, "name a file in it");
    if (!S_ISCHR(status.st_mode) && !S_ISFIFO(status.st_mode))
        return bad_input("cannot write: it is a block device or a socket", path, "give a file, a pipe or a terminal");
    const int descriptor = open_stream(path, S_ISFIFO(status.st_mode), before_wait);
    if (descriptor >= 0) out.file_ = ::fdopen(descriptor, "wb");
    if (out.file_ == nullptr) return system_failure("cannot open for writing", path);
    return out;
}

/// Creates the temporary beside the target, with this mode or the one that the umask leaves.
Result<void> OutputFile::open_temporary(std::optional<unsigned> mode) {
    constexpr int most_tries = 100;  // names that others left behind
    int descriptor = -1;
    for (int k = 0; descriptor < 0 && k < most_tries; ++k) {
        temporary_ = target_ + ".partial." + std::to_string(::getpid()) + (k > 0 ? "." + std::to_string(k) : "");
        partial_ = add_partial_file(temporary_);
        descriptor = ::open(temporary_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (descriptor >= 0) break;
        const int reason = errno;
        forget_partial_file(partial_);
        errno = reason;
        if (reason != EEXIST) return failure("cannot create");
    }
    if (descriptor < 0) return failure("cannot create a temporary file beside it");
    if (mode) ::fchmod(descriptor, *mode);
    file_ = ::fdopen(descriptor, "wb");
    if (file_ != nullptr) return {};
    auto error = failure("cannot create");
    ::close(descriptor);
    ::unlink(temporary_.c_str());
    forget_partial_file(partial_);
    return error;
}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : file_(std::exchange(other.file_, nullptr)),
      path_(std::move(other.path_)),
      target_(std::move(other.target_)),
      temporary_(std::move(other.temporary_)),
      partial_(other.partial_),
      size_(other.size_) {}

OutputFile& OutputFile::operator=(OutputFile&& other) noexcept {
    if (this != &other) {
        discard();
        file_ = std::exchange(other.file_, nullptr);
        path_ = std::move(other.path_);
        target_ = std::move(other.target_);
        temporary_ = std::move(other.temporary_);
        partial_ = other.partial_;
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
    if (!regular()) return;
    std::remove(temporary_.c_str());
    forget_partial_file(partial_);
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
    if (!regular() || offset > size_ || bytes.size() > size_ - offset)
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
    const bool closed = std::fclose(std::exchange(file_, nullptr)) == 0;
    if (!regular()) return closed ? Result<void>() : failure("cannot finish");
    Result<void> result;
    if (!closed || std::rename(temporary_.c_str(), target_.c_str()) != 0) {
        result = failure("cannot finish");
        std::remove(temporary_.c_str());
    }
    forget_partial_file(partial_);
    return result;
}

Result<void> write_file(const std::string& path, std::string_view text) {
    auto out = OutputFile::create(path);
    if (!out) return tl::unexpected(out.error());
    if (auto written = out->write(text); !written) return written;
    return out->commit();
}

}  // namespace tephra
