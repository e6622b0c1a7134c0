#include "src/system/atomic_file.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <thread>

#include "alfi/error.hpp"
#include "tests/support/message_of.hpp"
#include "tests/support/sanitized.hpp"
#include "tests/support/temporary_folder.hpp"

namespace alfi {
namespace {

using test::message_of;
using test::TemporaryFolder;
using testing::HasSubstr;

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string text_of(const std::filesystem::path& path) {
  const std::vector<std::byte> bytes = read_file(path);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::ptrdiff_t entries_in(const std::filesystem::path& folder) {
  return std::distance(std::filesystem::directory_iterator(folder), {});
}

/// While it lives, files of this process cannot grow beyond `bytes`: a write fails as on a full disk, part of it done.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : old_handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &old_limit_);
    const rlimit limit{bytes, old_limit_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &old_limit_);
    std::signal(SIGXFSZ, old_handler_);
  }

 private:
  rlimit old_limit_{};
  void (*old_handler_)(int);
};

TEST(AtomicFile, CreatesAndReplaces) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "file";
  for (const std::string& content : {std::string("one"), std::string(300'000, 'x'), std::string()}) {
    write_file_atomically(path, bytes_of(content));
    EXPECT_EQ(text_of(path), content);
    EXPECT_EQ(entries_in(folder.path()), 1);
  }
}

TEST(AtomicFile, LeavesPermissionsToTheUmask) {
  const TemporaryFolder folder;
  const mode_t old_mask = ::umask(027);
  write_file_atomically(folder.path() / "file", bytes_of("x"));
  ::umask(old_mask);
  struct stat status {};
  ASSERT_EQ(::stat((folder.path() / "file").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0640U);
}

TEST(AtomicFile, WritesInTheCurrentFolder) {
  const TemporaryFolder folder;
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path());
  write_file_atomically("file", bytes_of("x"));
  std::filesystem::current_path(before);
  EXPECT_EQ(text_of(folder.path() / "file"), "x");
}

TEST(AtomicFile, StepsAroundLeftovers) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "file";
  // A killed process of the same number left temporaries behind. The counter of names starts at 0 in every process.
  for (int i = 0; i < 200; ++i)
    folder.write(".alfi-" + std::to_string(::getpid()) + "-" + std::to_string(i) + ".tmp", "old");
  write_file_atomically(path, bytes_of("new"));
  EXPECT_EQ(text_of(path), "new");
  EXPECT_EQ(entries_in(folder.path()), 201);
}

TEST(AtomicFile, FailureInTheMiddleOfWritingKeepsTheOldFile) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "file";
  write_file_atomically(path, bytes_of("old"));
  std::string message;
  {
    const FileSizeLimit limit(5000);
    message = message_of<RunError>([&] { write_file_atomically(path, bytes_of(std::string(100'000, 'x'))); });
  }
  EXPECT_THAT(message, testing::AllOf(HasSubstr(path.string()), HasSubstr("writing"), HasSubstr("File too large")));
  EXPECT_EQ(text_of(path), "old");
  EXPECT_EQ(entries_in(folder.path()), 1);
}

TEST(AtomicFile, NamesPathAndCauseWhereNothingCanBeCreated) {
  const TemporaryFolder folder;
  const auto path = folder.write("file", "old");
  EXPECT_THAT(message_of<RunError>([&] { write_file_atomically(path / "below", bytes_of("x")); }),
              testing::AllOf(HasSubstr((path / "below").string()), HasSubstr("Not a directory")));
  EXPECT_THAT(message_of<RunError>([&] { write_file_atomically(folder.path() / "no" / "file", bytes_of("x")); }),
              HasSubstr("No such file or directory"));
  EXPECT_EQ(text_of(path), "old");
}

TEST(AtomicFile, RemovesTheTemporaryWhenRenamingFails) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "taken";
  std::filesystem::create_directory(path);
  EXPECT_THAT(message_of<RunError>([&] { write_file_atomically(path, bytes_of("x")); }), HasSubstr("renaming"));
  EXPECT_EQ(entries_in(folder.path()), 1);
  EXPECT_TRUE(std::filesystem::is_directory(path));
}

TEST(AtomicFile, RefusesAReadOnlyFolder) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may write into any folder; see ReadOnlyAndFullDisks";
  const TemporaryFolder folder;
  const auto path = folder.write("file", "old");
  ::chmod(folder.path().c_str(), 0555);
  const std::string message = message_of<RunError>([&] { write_file_atomically(path, bytes_of("x")); });
  ::chmod(folder.path().c_str(), 0755);
  EXPECT_THAT(message, testing::AllOf(HasSubstr(path.string()), HasSubstr("Permission denied")));
  EXPECT_EQ(text_of(path), "old");
}

/// In a process of its own with its own mounts: a file system of 64 KiB at `folder`, first full, then read-only. The
/// exit status tells what went wrong: 0 nothing, 77 mounting is not allowed here.
int on_a_tiny_disk(const std::filesystem::path& folder) {
  if (::unshare(CLONE_NEWNS) != 0 && ::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return 77;
  ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
  if (::mount("tmpfs", folder.c_str(), "tmpfs", 0, "size=64k") != 0) return 77;
  const auto path = folder / "file";
  const auto refused_with = [&](std::size_t size, const char* cause) {
    try {
      write_file_atomically(path, bytes_of(std::string(size, 'x')));
    } catch (const RunError& error) {
      return std::string_view(error.what()).find(cause) != std::string_view::npos && text_of(path) == "old" &&
             entries_in(folder) == 1;
    }
    return false;
  };
  write_file_atomically(path, bytes_of("old"));
  if (!refused_with(100'000, "No space left on device")) return 1;
  if (::mount(nullptr, folder.c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr) != 0) return 2;
  if (!refused_with(1, "Read-only file system")) return 3;
  return 0;
}

TEST(AtomicFile, ReadOnlyAndFullDisksKeepTheOldFile) {
  const TemporaryFolder folder;
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    int result = 4;
    try {
      result = on_a_tiny_disk(folder.path());
    } catch (...) {
    }
    ::_exit(result);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == 77) GTEST_SKIP() << "no file system may be mounted here";
  EXPECT_EQ(WEXITSTATUS(status), 0) << "1: full disk, 2: remounting, 3: read-only disk, 4: another error";
}

// A reader at any moment, also after a kill at any moment, sees one whole content.
TEST(AtomicFile, KilledWriterLeavesAWholeFile) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "file";
  const std::string contents[] = {std::string(200'000, 'a'), std::string(200'000, 'b')};
  write_file_atomically(path, bytes_of(contents[0]));
  for (int round = 0; round < 10; ++round) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      for (unsigned i = 0;; ++i) write_file_atomically(path, bytes_of(contents[i % 2]));
    }
    for (int look = 0; look <= round; ++look) {
      std::this_thread::sleep_for(std::chrono::microseconds(700));
      EXPECT_THAT(contents, testing::Contains(text_of(path)));
    }
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    EXPECT_THAT(contents, testing::Contains(text_of(path)));
  }
}

TEST(ReadFile, RefusesWhatIsNoFile) {
  const TemporaryFolder folder;
  EXPECT_THAT(message_of<InputError>([&] { read_file(folder.path() / "none"); }),
              testing::AllOf(HasSubstr("none"), HasSubstr("No such file")));
  EXPECT_THAT(message_of<InputError>([&] { read_file(folder.path()); }), HasSubstr("folder"));
  EXPECT_THAT(message_of<InputError>([&] { read_file("/dev/zero"); }), HasSubstr("device"));
}

TEST(ReadFile, ReadsPipesToTheirEnd) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "pipe";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const std::string content(200'000, 'p');
  std::thread writer([&] { std::ofstream(path) << content; });
  EXPECT_EQ(text_of(path), content);
  writer.join();
}

TEST(ReadFile, FilesTooLargeForMemoryAreAnError) {
  if (test::sanitized)
    GTEST_SKIP() << "sanitizers reserve more address space than the limit set here, and stop at failed allocations";
  const TemporaryFolder folder;
  const auto path = folder.write("sparse", "x");
  std::filesystem::resize_file(path, std::uintmax_t{1} << 33);
  rlimit old_limit{};
  ::getrlimit(RLIMIT_AS, &old_limit);
  const rlimit limit{rlim_t{1} << 32, old_limit.rlim_max};
  ::setrlimit(RLIMIT_AS, &limit);
  const std::string message = message_of<RunError>([&] { read_file(path); });
  ::setrlimit(RLIMIT_AS, &old_limit);
  EXPECT_THAT(message, testing::AllOf(HasSubstr(path.string()), HasSubstr("memory")));
}

}  // namespace
}  // namespace alfi
