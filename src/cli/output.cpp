#include "src/cli/output.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <system_error>

#include "alfi/error.hpp"
#include "src/cli/stop.hpp"
#include "src/system/folder.hpp"

namespace alfi::cli {
namespace {

void check(bool written) {
  if (written) return;
  if (errno == EPIPE) throw ReaderGone{};
  throw RunError(fmt::format("standard output cannot be written: {}", std::strerror(errno)));
}

}  // namespace

void open_standard_streams() {
  for (const int number : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(number, F_GETFD) >= 0) continue;
    // The lowest free number, which is this one. An output that can only be read from refuses what is written.
    if (::open("/dev/null", number == STDERR_FILENO ? O_WRONLY : O_RDONLY) < 0) ::_exit(1);
  }
}

void write_output(std::string_view text) {
  check(std::fwrite(text.data(), 1, text.size(), stdout) == text.size());
  check(std::fflush(stdout) == 0);
}

void flush_output() {
  check(static_cast<bool>(std::cout.flush()));
  check(std::fflush(stdout) == 0 && std::ferror(stdout) == 0);
}

void write_file(const std::filesystem::path& path, const std::function<void(std::ostream&)>& body) {
  std::filesystem::path partial = path;
  partial += ".partial";
  const auto check_file = [&](const std::ofstream& file) {
    if (!file) throw RunError(fmt::format("{}: cannot be written: {}", path.string(), std::strerror(errno)));
  };
  const RemovedWhenKilled removed(partial);
  try {
    std::ofstream file(partial, std::ios::binary);
    check_file(file);
    body(file);
    file.close();
    check_file(file);
    flush_to_disk(partial);  // its name must not be on the disk before its content
    std::filesystem::rename(partial, path);
  } catch (...) {
    std::error_code ignored;
    std::filesystem::remove(partial, ignored);
    throw;
  }
  flush_to_disk(path.has_parent_path() ? path.parent_path() : ".");
}

}  // namespace alfi::cli
