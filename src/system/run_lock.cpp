#include "src/system/run_lock.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "alfi/error.hpp"

namespace alfi {

RunLock::RunLock(const std::filesystem::path& run) : folder_(::open(run.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  if (folder_ < 0)
    throw RunError(fmt::format("{}: cannot be locked: {}", run.string(), std::generic_category().message(errno)));
  if (::flock(folder_, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return;
  ::close(folder_);
  throw InputError(fmt::format("{}: another training is at work in this folder", run.string()));
}

RunLock::~RunLock() { ::close(folder_); }

}  // namespace alfi
