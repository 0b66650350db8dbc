#pragma once
// NumPy's archives of arrays (.npz), compressed or not: read strictly and written.
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/files.hpp"
#include "core/npy.hpp"

namespace tephra {

/// Arrays of an archive by name, without ".npy". Errors: bad_input, with the member, for damage (checksums are
/// compared), a compression other than DEFLATE, encryption, ZIP64, two members of one name, and what parse_npy()
/// refuses.
Result<std::map<std::string, NumberArray>> parse_npz(std::string_view bytes, const std::string& place);

/// Writes an archive, uncompressed, member by member.
class NpzWriter {
public:
    explicit NpzWriter(OutputFile& file) : file_(&file) {}
    /// `npy`: what npy_bytes() made. Errors: as of OutputFile::write(); bad_input past 4 GiB or 65535 members.
    Result<void> add(const std::string& name, const std::string& npy);
    /// Writes the directory; nothing can be added after it.
    Result<void> finish();

private:
    struct Member {
        std::string name;
        std::uint32_t checksum = 0, size = 0, offset = 0;
    };
    OutputFile* file_;
    std::vector<Member> members_;
};

}  // namespace tephra
