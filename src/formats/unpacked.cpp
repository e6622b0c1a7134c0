#include "src/formats/unpacked.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <minizip/unzip.h>
#include <zlib.h>

#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "alfi/error.hpp"
#include "src/formats/printable.hpp"

namespace alfi {
namespace {

using Bytes = std::vector<std::byte>;

constexpr std::size_t piece_size = 1 << 16;

InputError damaged() { return InputError("it is packed, and damaged or cut off"); }

bool begins(std::span<const std::byte> content, std::string_view magic) {
  return content.size() >= magic.size() &&
         std::equal(magic.begin(), magic.end(), content.begin(),
                    [](char wanted, std::byte is) { return static_cast<std::byte>(wanted) == is; });
}

/// Unpacks gzip's format, one member or several.
Bytes from_gzip(Bytes content) {
  z_stream stream{};
  constexpr int only_gzip = 16;
  if (inflateInit2(&stream, only_gzip + MAX_WBITS) != Z_OK) throw RunError("unpacking failed: zlib cannot begin");
  const std::unique_ptr<z_stream, int (*)(z_stream*)> end(&stream, &inflateEnd);
  Bytes unpacked, piece(piece_size);
  std::span<std::byte> left(content);
  for (int status = Z_OK; !left.empty() || status != Z_STREAM_END;) {
    if (status == Z_STREAM_END && inflateReset(&stream) != Z_OK) throw damaged();
    const std::size_t given = std::min(left.size(), piece_size);
    stream.next_in = reinterpret_cast<Bytef*>(left.data());
    stream.avail_in = static_cast<uInt>(given);
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = static_cast<uInt>(piece.size());
    status = inflate(&stream, Z_NO_FLUSH);
    const std::size_t got = piece.size() - stream.avail_out, used = given - stream.avail_in;
    if ((status != Z_OK && status != Z_STREAM_END) || (status == Z_OK && got == 0 && used == 0)) throw damaged();
    unpacked.insert(unpacked.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(got));
    left = left.subspan(used);
  }
  return unpacked;
}

/// A file in memory, as minizip reads one.
struct Memory {
  std::span<const std::byte> content;
  std::size_t place = 0;
};
Memory& memory(void* stream) { return *static_cast<Memory*>(stream); }

zlib_filefunc64_def functions_of(Memory& whole) {
  return {
      .zopen64_file = [](void* opaque, const void*, int) { return opaque; },
      .zread_file =
          [](void*, void* stream, void* to, uLong size) {
            Memory& from = memory(stream);
            const std::size_t got = std::min<std::size_t>(size, from.content.size() - from.place);
            std::copy_n(from.content.begin() + static_cast<std::ptrdiff_t>(from.place), got,
                        static_cast<std::byte*>(to));
            from.place += got;
            return uLong{got};
          },
      .zwrite_file = [](void*, void*, const void*, uLong) { return uLong{0}; },
      .ztell64_file = [](void*, void* stream) { return ZPOS64_T{memory(stream).place}; },
      .zseek64_file =
          [](void*, void* stream, ZPOS64_T offset, int origin) {
            Memory& in = memory(stream);
            const std::size_t from = origin == ZLIB_FILEFUNC_SEEK_CUR   ? in.place
                                     : origin == ZLIB_FILEFUNC_SEEK_END ? in.content.size()
                                                                        : 0;
            if (offset > in.content.size() - from) return -1L;
            in.place = from + offset;
            return 0L;
          },
      .zclose_file = [](void*, void*) { return 0; },
      .zerror_file = [](void*, void*) { return 0; },
      .opaque = &whole,
  };
}

std::string current_name(unzFile zip) {
  char name[256] = {};
  if (unzGetCurrentFileInfo64(zip, nullptr, name, sizeof name - 1, nullptr, 0, nullptr, 0) != UNZ_OK) throw damaged();
  return printable(name);
}

/// Unpacks the only file of a zip.
Bytes from_zip(const Bytes& content) {
  Memory whole{content};
  zlib_filefunc64_def functions = functions_of(whole);
  const std::unique_ptr<void, int (*)(void*)> zip(unzOpen2_64("", &functions), &unzClose);
  unz_global_info64 information{};
  if (!zip || unzGetGlobalInfo64(zip.get(), &information) != UNZ_OK) throw damaged();
  std::vector<std::string> names;
  for (int status = information.number_entry > 0 ? unzGoToFirstFile(zip.get()) : UNZ_END_OF_LIST_OF_FILE;
       status != UNZ_END_OF_LIST_OF_FILE; status = unzGoToNextFile(zip.get())) {
    if (status != UNZ_OK) throw damaged();
    names.push_back(current_name(zip.get()));
  }
  if (names.size() != 1)
    throw InputError(fmt::format("it holds {} files ({}), one is expected", names.size(), fmt::join(names, ", ")));
  if (unzGoToFirstFile(zip.get()) != UNZ_OK || unzOpenCurrentFile(zip.get()) != UNZ_OK) throw damaged();
  Bytes unpacked, piece(piece_size);
  for (int got = 0; (got = unzReadCurrentFile(zip.get(), piece.data(), static_cast<unsigned>(piece.size()))) != 0;) {
    if (got < 0) throw damaged();
    unpacked.insert(unpacked.end(), piece.begin(), piece.begin() + got);
  }
  if (unzCloseCurrentFile(zip.get()) != UNZ_OK) throw damaged();  // by its checksum
  return unpacked;
}

}  // namespace

Bytes unpacked(Bytes content) {
  if (begins(content, "\x1f\x8b")) return from_gzip(std::move(content));
  if (begins(content, "PK\x03\x04") || begins(content, "PK\x05\x06")) return from_zip(content);
  return content;
}

}  // namespace alfi
