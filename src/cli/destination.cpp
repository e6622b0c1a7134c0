#include "src/cli/destination.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <system_error>
#include <vector>

#include "alfi/error.hpp"
#include "src/formats/npy.hpp"
#include "src/formats/printable.hpp"

namespace alfi::cli {
namespace {

/// Says whether there is a file with something in it. What cannot be looked at cannot be replaced either, and who
/// writes says why.
bool is_taken(const char* option, const std::filesystem::path& out) {
  std::error_code hidden;
  const std::filesystem::file_status status = std::filesystem::status(out, hidden);
  if (!std::filesystem::exists(status)) return false;
  if (!std::filesystem::is_regular_file(status))
    throw InputError(fmt::format("{} {} must be a file, and a {} is there", option, printable(out.string()),
                                 std::filesystem::is_directory(status) ? "folder" : "device"));
  return std::filesystem::file_size(out, hidden) > 0;
}

/// Says whether a file begins as its ending says.
bool holds_numbers(const std::filesystem::path& file) {
  std::string begin(256, '\0');
  std::ifstream in(file, std::ios::binary);
  in.read(begin.data(), static_cast<std::streamsize>(begin.size()));
  begin.resize(static_cast<std::size_t>(in.gcount()));
  if (file.extension() == ".npy") return is_npy(begin);
  const std::string line = begin.substr(0, begin.find('\n'));
  return line.find_first_not_of("+-.,0123456789einfa\r") == std::string::npos;  // inf and nan are numbers, too
}

}  // namespace

void require_other_file(const char* option, const std::filesystem::path& out, const std::filesystem::path& in,
                        const char* what) {
  std::error_code ignored;  // a file that is not there is no other one's
  if (std::filesystem::equivalent(out, in, ignored) ||
      std::filesystem::weakly_canonical(out, ignored) == std::filesystem::weakly_canonical(in, ignored))
    throw InputError(fmt::format("{} {} is {} itself, another file is needed", option, printable(out.string()), what));
}

void require_free(const char* option, const std::filesystem::path& out, bool force) {
  if (is_taken(option, out) && !force)
    throw InputError(
        fmt::format("{} {}: a file is there already, which --force replaces", option, printable(out.string())));
}

void require_free_or_numbers(const char* option, const std::filesystem::path& out, bool force) {
  if (is_taken(option, out) && !force && !holds_numbers(out))
    throw InputError(fmt::format("{} {}: a file is there that holds other than numbers, which --force replaces", option,
                                 printable(out.string())));
}

void require_ending(const char* option, const std::filesystem::path& out,
                    std::initializer_list<std::string_view> endings) {
  const std::string ending = out.extension().string();
  if (std::ranges::find(endings, ending) != endings.end()) return;
  std::vector<std::string_view> named(endings);
  std::erase(named, "");
  throw InputError(fmt::format("{} {} must end in {}", option, printable(out.string()), fmt::join(named, " or ")));
}

}  // namespace alfi::cli
