// Power that goes at random moments of a run, whose journal then says what a disk may have kept.
#include <set>

#include "tests/faults/campaign.hpp"
#include "tests/faults/disk.hpp"

namespace alfi::faults {
namespace {

namespace fs = std::filesystem;

/// Returns the final names, as paths in the folder, of files that were renamed and then lasted: their folder was
/// flushed before the power went.
std::set<std::string> promised(const std::vector<Entry>& entries, std::size_t end, const fs::path& folder) {
  std::set<std::string> names;
  std::multimap<std::uint64_t, std::string> renamed;
  for (std::size_t i = 0; i < end; ++i) {
    const Entry& entry = entries[i];
    if (entry.deed == Deed::renamed)
      renamed.emplace(entry.parent, fs::path(entry.new_path).lexically_relative(folder).string());
    if (entry.deed != Deed::flushed) continue;
    for (auto [one, last] = renamed.equal_range(entry.inode); one != last; ++one) names.insert(one->second);
  }
  return names;
}

std::string lose_power_at(const Scenario& scenario, const Disk& disk, const std::set<std::string>& names,
                          std::mt19937& random) {
  const fs::path place = scenario.folder().parent_path();
  fs::remove_all(place);
  disk.leave(place, random);
  const Files left = files_of(scenario.folder());
  for (const std::string& name : names)
    if (!left.contents.contains(name)) return name + " is lost";
  if (std::string wrong = half_written(left, scenario.before(), scenario.after()); !wrong.empty()) return wrong;
  return scenario.go_on();
}

}  // namespace

void lose_power(const Tools& tools, const fs::path& work, int count, std::uint32_t seed, Tally& tally) {
  const fs::path journal = work / "journal";
  std::mt19937 random(seed);
  for (const Scenario& scenario : scenarios(tools, work)) {
    scenario.set_up();
    const fs::path place = scenario.folder().parent_path();
    const Disk before(place);
    fs::remove(journal);
    run(scenario.call({"LD_PRELOAD=" + tools.journal, "FAULTS_JOURNAL=" + journal.string()}));
    const std::vector<Entry> entries = read_journal(journal);
    for (int i = 0; i < count && !entries.empty(); ++i) {
      const std::size_t end = random() % (entries.size() + 1);
      Disk disk = before;
      for (std::size_t k = 0; k < end; ++k) disk.apply(entries[k]);
      tally.add("loss of power: " + scenario.name(), "after entry " + std::to_string(end),
                lose_power_at(scenario, disk, promised(entries, end, scenario.folder()), random));
    }
  }
}

}  // namespace alfi::faults
