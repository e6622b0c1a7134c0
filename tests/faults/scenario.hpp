// The programs that faults are made in: small trainings, an evaluation, inferences, each in a folder that is set up
// anew.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tests/faults/judge.hpp"
#include "tests/faults/program.hpp"

namespace alfi::faults {

/// Programs and libraries that a campaign uses.
struct Tools {
  std::string alfi, failing_calls, journal;
};

/// A call of alfi with the folder that it works in, before it and after it.
class Scenario {
 public:
  /// Prepares `place`/before, runs the call there, and keeps what it made as the right result.
  Scenario(std::string name, const Tools& tools, const std::filesystem::path& place,
           std::vector<std::string> arguments);

  const std::string& name() const { return name_; }
  const std::filesystem::path& folder() const { return folder_; }
  const Files& before() const { return before_; }
  const Files& after() const { return after_; }
  const Ending& clean() const { return clean_; }

  /// Puts the folder back to what it was before.
  void set_up() const;
  /// Returns the call, in the folder, with these words of the environment.
  Call call(std::vector<std::string> environment = {}) const;
  /// Calls alfi again without a fault, to go on with what is there. Returns what then is wrong, "" if nothing.
  std::string go_on() const;

 private:
  std::string name_;
  std::filesystem::path kept_, folder_;
  std::vector<std::string> arguments_;
  Files before_, after_;
  Ending clean_;
};

/// Lists all scenarios, set up in `work`.
std::vector<Scenario> scenarios(const Tools& tools, const std::filesystem::path& work);
/// Returns a training of some tenths of a second, to be killed.
Scenario long_training(const Tools& tools, const std::filesystem::path& work);

}  // namespace alfi::faults
