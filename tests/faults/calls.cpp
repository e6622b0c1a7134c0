// Calls to the system that fail, one after the other.
#include <array>
#include <sstream>

#include "tests/faults/campaign.hpp"

namespace alfi::faults {
namespace {

namespace fs = std::filesystem;

/// Returns the words that a message about this call must have one of: the file's name or, where that is no final one,
/// its folder's.
bool names_the_file(const std::string& message, const std::string& failed) {
  if (failed.empty()) return true;
  const fs::path path = failed;
  return message.find(path.filename().string()) != std::string::npos ||
         (path.has_parent_path() && message.find(path.parent_path().string()) != std::string::npos);
}

std::string wrong_ending(const Ending& ending, const std::string& failed) {
  if (!ending.in_time) return "hangs";
  if (ending.signal != 0) return "ended by signal " + std::to_string(ending.signal) + ": " + ending.err;
  if (ending.code == 0) return "";
  if (ending.err.find("alfi: error: ") == std::string::npos) return "fails without a message: " + ending.err;
  if (!names_the_file(ending.err, failed)) return "does not name " + failed + ": " + ending.err;
  return "";
}

/// Returns what is wrong with a scenario's ending and folder, "" if nothing.
std::string judge(const Scenario& scenario, const Ending& ending, const std::string& failed) {
  if (std::string wrong = wrong_ending(ending, failed); !wrong.empty()) return wrong;
  const Files now = files_of(scenario.folder());
  if (std::string wrong = half_written(now, scenario.before(), scenario.after()); !wrong.empty()) return wrong;
  if (!now.temporary.empty()) return "leaves " + now.temporary.front();
  if (!ending.good()) return scenario.go_on();
  if (std::string wrong = difference(now, scenario.after()); !wrong.empty()) return "says nothing, and " + wrong;
  if (timeless(ending.out) != timeless(scenario.clean().out)) return "says nothing, and prints something else";
  return "";
}

void fail_one(const Scenario& scenario, const Tools& tools, const fs::path& report, const std::string& kind,
              long number, Tally& tally) {
  scenario.set_up();
  const Ending ending = run(scenario.call({"LD_PRELOAD=" + tools.failing_calls, "FAULTS_REPORT=" + report.string(),
                                           "FAULTS_KIND=" + kind, "FAULTS_AT=" + std::to_string(number)}));
  std::istringstream told(content_of(report));
  std::string word, failed;
  told >> word;
  std::getline(told >> std::ws, failed);
  if (kind == "allocation") failed.clear();
  tally.add(scenario.name() + ": " + kind, std::to_string(number) + " " + failed, judge(scenario, ending, failed));
}

}  // namespace

void fail_calls(const Tools& tools, const fs::path& work, long first, long stride, Tally& tally) {
  const fs::path report = work / "report";
  for (const Scenario& scenario : scenarios(tools, work)) {
    scenario.set_up();
    run(scenario.call({"LD_PRELOAD=" + tools.failing_calls, "FAULTS_REPORT=" + report.string()}));
    std::istringstream counts(content_of(report));
    std::string kind;
    for (long calls = 0; counts >> kind >> calls;)
      for (long number = 1; number <= calls; number += number < first ? 1 : stride)
        fail_one(scenario, tools, report, kind, number, tally);
  }
}

}  // namespace alfi::faults
