#include "src/system/folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <string>

#include "alfi/error.hpp"
#include "tests/support/message_of.hpp"
#include "tests/support/temporary_folder.hpp"

namespace alfi {
namespace {

using test::message_of;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

TEST(Folder, ListsNamesAndNoneWhereThereIsNoFolder) {
  const test::TemporaryFolder folder;
  folder.write("a", "1");
  folder.write(".b", "2");
  EXPECT_THAT(names_in(folder.path()), UnorderedElementsAre("a", ".b"));
  EXPECT_THAT(names_in(folder.path() / "none"), IsEmpty());
  EXPECT_THAT(names_in(folder.path() / "a"), IsEmpty());
}

// Without a free number for an open file a folder of checkpoints was taken for one without any.
TEST(Folder, IsNotEmptyWhereItCannotBeRead) {
  const test::TemporaryFolder folder;
  folder.write("a", "1");
  rlimit old_limit{};
  ::getrlimit(RLIMIT_NOFILE, &old_limit);
  const rlimit limit{0, old_limit.rlim_max};
  const auto list = [&] {
    ::setrlimit(RLIMIT_NOFILE, &limit);
    try {
      (void)names_in(folder.path());
    } catch (...) {
      ::setrlimit(RLIMIT_NOFILE, &old_limit);  // sanitizers open files where an error is looked at
      throw;
    }
    ::setrlimit(RLIMIT_NOFILE, &old_limit);
  };
  const std::string message = message_of<RunError>(list);
  EXPECT_THAT(message, AllOf(HasSubstr(folder.path().string()), HasSubstr("Too many open files")));
}

TEST(Folder, IsCreatedWithThoseAboveIt) {
  const test::TemporaryFolder folder;
  create_folders(folder.path() / "a" / "b" / "");
  create_folders(folder.path() / "a" / "b");
  EXPECT_TRUE(std::filesystem::is_directory(folder.path() / "a" / "b"));
  folder.write("file", "");
  EXPECT_THAT(message_of<RunError>([&] { create_folders(folder.path() / "file" / "c"); }),
              HasSubstr((folder.path() / "file").string()));
}

}  // namespace
}  // namespace alfi
