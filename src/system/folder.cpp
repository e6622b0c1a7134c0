#include "src/system/folder.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>
#include <memory>
#include <string_view>
#include <system_error>

#include "alfi/error.hpp"
#include "src/system/descriptor.hpp"

namespace alfi {
namespace {

RunError failure(const char* step, const std::filesystem::path& path, int error) {
  return RunError(fmt::format("cannot {} {}: {}", step, path.string(), std::generic_category().message(error)));
}

/// Returns the folder that holds a path's last name.
std::filesystem::path parent_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : ".";
}

}  // namespace

std::vector<std::string> names_in(const std::filesystem::path& folder) {
  const std::unique_ptr<DIR, int (*)(DIR*)> open(::opendir(folder.c_str()), ::closedir);
  if (!open && (errno == ENOENT || errno == ENOTDIR)) return {};
  if (!open) throw failure("read the folder", folder, errno);
  std::vector<std::string> names;
  while (true) {
    errno = 0;
    const dirent* const entry = ::readdir(open.get());
    if (entry == nullptr && errno != 0) throw failure("read the folder", folder, errno);
    if (entry == nullptr) return names;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
}

void create_folders(const std::filesystem::path& folder) {
  if (folder.empty() || std::filesystem::is_directory(folder)) return;
  if (!folder.has_filename()) return create_folders(folder.parent_path());  // "run/" is "run"
  const std::filesystem::path parent = parent_of(folder);
  if (std::filesystem::exists(parent) && !std::filesystem::is_directory(parent))
    throw failure("create the folder", folder, ENOTDIR);
  create_folders(parent);
  std::error_code error;
  std::filesystem::create_directory(folder, error);
  if (error) throw failure("create the folder", folder, error.value());
  flush_to_disk(parent);
}

void flush_to_disk(const std::filesystem::path& path) {
  const Descriptor file(uninterrupted([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC); }));
  if (!file.is_open() && errno == EACCES) return;
  if (!file.is_open() || !file.flush()) throw failure("flush to the disk", path, errno);
}

}  // namespace alfi
