// campaign calls FIRST STRIDE | kills COUNT SEED | power COUNT SEED: makes faults in small runs of alfi and judges what
// is left. Nothing may be lost, be half-written under its final name, crash or hang; what failed says which file it
// failed on, and goes on when called again.
#include "tests/faults/campaign.hpp"

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>

#include "tests/support/temporary_folder.hpp"

namespace alfi::faults {

void Tally::add(const std::string& kind, const std::string& fault, const std::string& wrong) {
  Counts& counts = kinds_[kind];
  ++counts.faults;
  if (wrong.empty()) return;
  ++counts.wrong;
  std::printf("%s, %s: %s\n", kind.c_str(), fault.c_str(), wrong.c_str());
  std::fflush(stdout);
}

int Tally::print() const {
  int wrong = 0;
  for (const auto& [kind, counts] : kinds_) {
    std::printf("%-40s %6d faults, %d not borne\n", kind.c_str(), counts.faults, counts.wrong);
    wrong += counts.wrong;
  }
  return wrong;
}

}  // namespace alfi::faults

int main(int argc, char** argv) try {
  using namespace alfi::faults;
  if (argc != 4) {
    std::fprintf(stderr, "usage: campaign calls FIRST STRIDE | kills COUNT SEED | power COUNT SEED\n");
    return 2;
  }
  const Tools tools{ALFI_CLI, ALFI_FAILING_CALLS, ALFI_JOURNAL};
  const std::string what = argv[1];
  const long one = std::atol(argv[2]), two = std::atol(argv[3]);
  const alfi::test::TemporaryFolder work;
  Tally tally;
  if (what == "calls") fail_calls(tools, work.path(), one, two, tally);
  if (what == "kills")
    kill_trainings(tools, work.path(), static_cast<int>(one), static_cast<std::uint32_t>(two), tally);
  if (what == "power") lose_power(tools, work.path(), static_cast<int>(one), static_cast<std::uint32_t>(two), tally);
  return tally.print() == 0 ? 0 : 1;
} catch (const std::exception& error) {
  std::fprintf(stderr, "campaign: %s\n", error.what());
  return 2;
}
