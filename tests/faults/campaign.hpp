// The three campaigns, and what they count.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "tests/faults/scenario.hpp"

namespace alfi::faults {

/// Counts of one campaign, and its findings as they come.
class Tally {
 public:
  /// Counts a fault and how the program ended; prints what is wrong with what is left, if anything.
  void add(const std::string& kind, const std::string& fault, const std::string& wrong);
  /// Prints a line a kind. Returns the number of faults that were not borne.
  int print() const;

 private:
  struct Counts {
    int faults = 0, wrong = 0;
  };
  std::map<std::string, Counts> kinds_;
};

/// Fails each call of the scenarios up to `first`, and of later ones every `stride`-th.
void fail_calls(const Tools& tools, const std::filesystem::path& work, long first, long stride, Tally& tally);
/// Kills trainings at `count` random moments.
void kill_trainings(const Tools& tools, const std::filesystem::path& work, int count, std::uint32_t seed, Tally& tally);
/// Takes the power away at `count` random moments.
void lose_power(const Tools& tools, const std::filesystem::path& work, int count, std::uint32_t seed, Tally& tally);

}  // namespace alfi::faults
