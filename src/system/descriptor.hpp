// Open files and folders by their numbers.
#pragma once

#include <unistd.h>

#include <cerrno>
#include <utility>

namespace alfi {

/// Repeats a system call that a signal interrupted.
template <typename Call>
auto uninterrupted(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

/// An open file, closed at the end of its scope. Negative: opening failed, errno says why.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { close(); }

  int number() const { return number_; }
  bool is_open() const { return number_ >= 0; }

  /// Returns false where the system reports at closing that earlier writes were lost (network file systems do).
  bool close() {
    // Linux releases the number even when close is interrupted: it must not be closed again.
    const int number = std::exchange(number_, -1);
    return number < 0 || ::close(number) == 0 || errno == EINTR;
  }

  /// Flushes its data to the disk, a folder's names. Returns false where that fails.
  bool flush() const {
    // EINVAL: a file system that has no notion of flushing a folder. Nothing more can be done there.
    return uninterrupted([&] { return ::fsync(number_); }) == 0 || errno == EINVAL;
  }

 private:
  int number_;
};

}  // namespace alfi
