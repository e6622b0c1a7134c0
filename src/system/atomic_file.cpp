#include "src/system/atomic_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <new>
#include <string>
#include <system_error>

#include "alfi/error.hpp"
#include "src/system/descriptor.hpp"

namespace alfi {
namespace {

std::string error_text(int error) { return std::generic_category().message(error); }

/// A file of a fresh name in an open folder, removed at the end of its scope unless it was renamed.
class TemporaryFile {
 public:
  explicit TemporaryFile(const Descriptor& folder) : folder_(folder), file_(create()) {}
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (file_was_created_) ::unlinkat(folder_.number(), name_.c_str(), 0);
  }

  Descriptor& file() { return file_; }

  bool rename_to(const std::string& name) {
    if (::renameat(folder_.number(), name_.c_str(), folder_.number(), name.c_str()) != 0) return false;
    file_was_created_ = false;
    return true;
  }

 private:
  int create() {
    static std::atomic<unsigned> created{0};
    // mkstemp would do the naming, but makes the file private (0600) where the user's umask should decide.
    while (true) {
      name_ = fmt::format(".alfi-{}-{}.tmp", ::getpid(), created++);
      const int number = uninterrupted(
          [&] { return ::openat(folder_.number(), name_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666); });
      file_was_created_ = number >= 0;
      if (file_was_created_ || errno != EEXIST) return number;
    }
  }

  const Descriptor& folder_;
  std::string name_;
  bool file_was_created_ = false;
  Descriptor file_;
};

bool write_all(int file, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = uninterrupted([&] { return ::write(file, bytes.data(), bytes.size()); });
    if (written < 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

std::vector<std::byte> read_file(const std::filesystem::path& path) try {
  const auto refuse = [&](const std::string& why) {
    return InputError(fmt::format("cannot read {}: {}", path.string(), why));
  };
  const Descriptor file(uninterrupted([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC); }));
  if (!file.is_open()) throw refuse(error_text(errno));
  struct stat status {};
  if (::fstat(file.number(), &status) != 0) throw refuse(error_text(errno));
  if (S_ISDIR(status.st_mode)) throw refuse("it is a folder, a file is needed");
  if (!S_ISREG(status.st_mode) && !S_ISFIFO(status.st_mode)) throw refuse("it is no file but a device");

  // One byte more than the size, so that a file that kept its size is read and its end seen without growing the buffer.
  std::vector<std::byte> content(static_cast<std::size_t>(status.st_size) + 1);
  std::size_t filled = 0;
  while (true) {
    const ssize_t got =
        uninterrupted([&] { return ::read(file.number(), content.data() + filled, content.size() - filled); });
    if (got < 0) throw RunError(fmt::format("reading {} failed: {}", path.string(), error_text(errno)));
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
    if (filled == content.size()) content.resize(std::max<std::size_t>(2 * filled, 4096));
  }
  content.resize(filled);
  return content;
} catch (const std::bad_alloc&) {
  throw RunError(fmt::format("reading {} failed: it does not fit into memory", path.string()));
}

std::string trouble_of(const std::filesystem::filesystem_error& error) {
  return fmt::format("{}: {}", error.path1().string(), error.code().message());
}

void write_file_atomically(const std::filesystem::path& path, std::span<const std::byte> bytes) {
  const auto failure = [&](const char* step) {
    return RunError(fmt::format("cannot write {}: {}: {}", path.string(), step, error_text(errno)));
  };
  const std::filesystem::path folder_path = path.has_parent_path() ? path.parent_path() : ".";
  // Opened first: a folder that cannot be flushed later is better found while the old file is untouched.
  const Descriptor folder(
      uninterrupted([&] { return ::open(folder_path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
  if (!folder.is_open()) throw failure("opening its folder");

  TemporaryFile temporary(folder);
  if (!temporary.file().is_open()) throw failure("creating a temporary file beside it");
  if (!write_all(temporary.file().number(), bytes)) throw failure("writing");
  if (!temporary.file().flush()) throw failure("flushing to the disk");
  if (!temporary.file().close()) throw failure("closing");
  if (!temporary.rename_to(path.filename().string())) throw failure("renaming the finished file");
  if (!folder.flush()) throw failure("flushing its folder");
}

}  // namespace alfi
