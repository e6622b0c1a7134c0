// The header of one's own that a run was trained with: its copy, and finding it again.
#include "src/model/simulator_of_run.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "alfi/error.hpp"
#include "alfi/machine.hpp"
#include "alfi/trainer.hpp"
#include "tests/support/decay.hpp"
#include "tests/support/message_of.hpp"
#include "tests/support/own_cache.hpp"
#include "tests/support/temporary_folder.hpp"

namespace alfi {
namespace {

using namespace test;
using testing::HasSubstr;
namespace fs = std::filesystem;

// A run has a copy of its header; where neither is there, it is said how to name another.
TEST(HeaderOfRun, IsFoundAgain) {
  const OwnCache cache;
  TemporaryFolder folder;
  const fs::path home = folder.path() / "home", header = home / "own.hpp", run = folder.path() / "run";
  fs::create_directory(home);
  fs::copy_file(decay_header, header);
  Configuration c = decay_configuration();
  c.simulator.source = header.string();
  train(c, run);
  const std::vector<float> x{1, 2, 0.7F, 4, 1.5F, 3, 0.9F};
  const auto answer = [&](const fs::path& simulator = {}) {
    return Machine::load(run, simulator).infer(x, 7).parameters[0].mean;
  };
  const double expected = answer();
  EXPECT_TRUE(fs::exists(run / "simulator" / "own.hpp"));

  // Changed it is another simulator: the copy is taken, and the run does not go on with the new one.
  write(header, bytes_of(header) + "// changed\n");
  EXPECT_EQ(answer(), expected);
  EXPECT_THAT(message_of<InputError>([&] {
                TrainingOptions options;
                options.resume = true;
                train(c, run, options);
              }),
              HasSubstr("the simulator was changed since the run began"));
  write(header, "no simulator any more\n");
  EXPECT_EQ(answer(), expected);
  fs::remove_all(home);
  EXPECT_EQ(answer(), expected);
  fs::rename(run / "simulator" / "own.hpp", folder.path() / "elsewhere.hpp");
  const std::string message = message_of<InputError>([&] { answer(); });
  EXPECT_THAT(message, HasSubstr("own.hpp is not there. "));
  EXPECT_THAT(message, HasSubstr("--simulator PATH says where it is"));
  EXPECT_EQ(answer(folder.path() / "elsewhere.hpp"), expected);
  EXPECT_THAT(message_of<InputError>([&] { answer(folder.path() / "none.hpp"); }), HasSubstr("none.hpp is not there"));
  write(folder.path() / "other.hpp", bytes_of(folder.path() / "elsewhere.hpp") + "\n");
  EXPECT_THAT(message_of<InputError>([&] { answer(folder.path() / "other.hpp"); }), HasSubstr("was changed since"));
}

// Included files lie to the copy as they lay to the header; the folders have what a shell would take apart.
TEST(HeaderOfRun, IsFoundAgainWithWhatItIncludes) {
  const OwnCache cache;
  TemporaryFolder folder;
  const fs::path home = folder.path() / "a $b #c", header = home / "own.hpp", run = folder.path() / "run";
  fs::create_directories(home / "parts");
  fs::create_directory(home / "versions");
  std::string text = bytes_of(decay_header);
  text.insert(text.find("#include"), "#include \"../parts/own.hpp\"\n");
  write(home / "versions" / "third.hpp", text);
  write(home / "parts" / "own.hpp", "constexpr float factor = 1;\n");
  fs::create_directory(home / "used");
  fs::create_symlink("../versions/third.hpp", home / "used" / "own.hpp");
  Configuration c = decay_configuration();
  c.simulator.source = (home / "used" / "own.hpp").string();
  train(c, run);
  const std::vector<float> x{1, 2, 0.7F, 4, 1.5F, 3, 0.9F};
  const double expected = Machine::load(run).infer(x, 7).parameters[0].mean;
  fs::remove_all(home);
  EXPECT_EQ(Machine::load(run).infer(x, 7).parameters[0].mean, expected);
}

// A run may be replaced by one that is trained with its own copy.
TEST(HeaderOfRun, OutlivesItsReplacement) {
  const OwnCache cache;
  TemporaryFolder folder;
  const fs::path run = folder.path() / "run";
  Configuration c = decay_configuration();
  train(c, run);
  c.simulator.source = (run / "simulator" / "decay.hpp").string();
  TrainingOptions options;
  options.force = true;
  EXPECT_TRUE(train(c, run, options).finished);
  EXPECT_EQ(bytes_of(run / "simulator" / "decay.hpp"), bytes_of(decay_header));
}

}  // namespace
}  // namespace alfi
