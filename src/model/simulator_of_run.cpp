#include "src/model/simulator_of_run.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <string_view>
#include <system_error>

#include "alfi/error.hpp"
#include "src/simulators/module.hpp"
#include "src/simulators/program.hpp"
#include "src/simulators/simulators.hpp"
#include "src/system/atomic_file.hpp"
#include "src/system/folder.hpp"

namespace alfi {
namespace {

std::string text_of(std::uint64_t fingerprint) { return fmt::format("{:016x}", fingerprint); }

std::filesystem::path copies_in(const std::filesystem::path& run) { return run / "simulator"; }

/// Returns the deepest folder that all these files are in.
std::filesystem::path common_folder(std::span<const SourceFile> sources) {
  std::filesystem::path folder = sources.front().path.parent_path();
  for (const SourceFile& source : sources)
    while (source.path.lexically_relative(folder).string().starts_with("..")) folder = folder.parent_path();
  return folder;
}

/// Lists a run's copies of a header by its name: another file may have it, too.
std::vector<std::filesystem::path> copies_of(const std::filesystem::path& run, const std::filesystem::path& header) {
  std::vector<std::filesystem::path> copies;
  std::error_code missing;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(copies_in(run), missing))
    if (entry.path().filename() == header.filename()) copies.push_back(entry.path());
  std::ranges::sort(copies);
  return copies;
}

/// A place where a run's simulator may be, and the override that leads there.
struct Candidate {
  std::vector<std::filesystem::path> files;
  std::string assignment;
};

std::vector<std::string> names_of(const std::vector<std::filesystem::path>& files) {
  return {files.begin(), files.end()};
}

std::string in_quotes(const std::string& text) {
  YAML::Emitter out;
  out << YAML::DoubleQuoted << text;
  return out.c_str();
}

/// Lists the places of a header or module, the likeliest first.
std::vector<Candidate> places_of_file(const char* key, const std::filesystem::path& trained,
                                      const SimulatorPlaces& places) {
  std::vector<std::filesystem::path> files{places.given};
  if (places.given.empty()) {
    files = {trained};
    if (std::string_view(key) == "source") {
      const std::vector<std::filesystem::path> copies = copies_of(places.run, trained);
      files.insert(files.end(), copies.begin(), copies.end());
    }
  }
  std::vector<Candidate> candidates;
  for (const std::filesystem::path& file : files)
    candidates.push_back(
        {{file}, fmt::format("simulator.{}={}", key, in_quotes(std::filesystem::absolute(file).string()))});
  return candidates;
}

/// Returns the one place of a program. A given path is that of its file or of the folder of its files.
Candidate place_of_program(std::vector<std::string> words, const std::filesystem::path& given) {
  Candidate candidate;
  const std::vector<std::size_t> files = file_words(words);
  for (const std::size_t i : files) {
    const std::filesystem::path trained = words[i];
    std::error_code hidden;
    if (std::filesystem::exists(given / trained.filename(), hidden))
      words[i] = std::filesystem::absolute(given / trained.filename()).string();
    else if (!given.empty() && (files.size() == 1 || given.filename() == trained.filename()))
      words[i] = std::filesystem::absolute(given).string();
    candidate.files.emplace_back(words[i]);
  }
  for (std::string& word : words) word = in_quotes(word);
  candidate.assignment = fmt::format("simulator.program=[{}]", fmt::join(words, ", "));
  return candidate;
}

/// Throws unless a function of this fingerprint is registered.
void require_function(const std::string& name, const std::string& fingerprint, const std::filesystem::path& run) {
  const std::vector<std::string_view> all = registered_simulators();
  if (std::find(all.begin(), all.end(), name) == all.end())
    throw InputError(
        fmt::format("{}: it was trained with the simulator {}, a function of a program that uses the "
                    "library; alfi::register_simulator makes it known",
                    run.string(), name));
  if (text_of(simulator_fingerprint(simulator_number(name))) != fingerprint)
    throw InputError(
        fmt::format("{}: the facts of the simulator {} were changed since it was trained with", run.string(), name));
}

}  // namespace

void keep_simulator(const std::filesystem::path& run, const Plan& plan) {
  if (plan.minimises) return;
  keep_simulator_log(plan.number, run / "simulator.log");
  const std::span<const SourceFile> sources = simulator_sources(plan.number);
  for (const SourceFile& source : sources) {
    const std::filesystem::path copy = copies_in(run) / source.path.lexically_relative(common_folder(sources));
    create_folders(copy.parent_path());
    write_file_atomically(copy, source.content);
  }
}

std::string fingerprint_of(const Plan& plan) {
  return plan.minimises || is_built_in(plan.number) ? "" : text_of(simulator_fingerprint(plan.number));
}

std::vector<std::string> find_simulator_of_run(const std::string& configuration, const std::string& fingerprint,
                                               const SimulatorPlaces& places) {
  const YAML::Node simulator = YAML::Load(configuration)["simulator"];
  std::vector<Candidate> candidates;
  for (const char* const key : {"source", "module"})
    if (simulator[key]) candidates = places_of_file(key, simulator[key].Scalar(), places);
  if (simulator["program"])
    candidates = {place_of_program(simulator["program"].as<std::vector<std::string>>(), places.given)};
  if (candidates.empty()) {
    require_function(simulator["name"].Scalar(), fingerprint, places.run);
    return {};
  }
  std::string seen;
  for (const Candidate& candidate : candidates) {
    const auto is_missing = [](const std::filesystem::path& file) {
      std::error_code hidden;
      return !std::filesystem::exists(file, hidden);
    };
    const auto missing = std::find_if(candidate.files.begin(), candidate.files.end(), is_missing);
    if (missing != candidate.files.end()) {
      seen += fmt::format("; {} is not there", missing->string());
      continue;
    }
    try {
      if (fingerprint_of(parse_configuration(configuration, {candidate.assignment})) == fingerprint)
        return {candidate.assignment};
      seen += fmt::format("; {} was changed since", fmt::join(names_of(candidate.files), ", "));
    } catch (const InputError& error) {  // it does not compile, or load
      seen += fmt::format("; {}", error.what());
    }
  }
  throw InputError(
      fmt::format("{}: the simulator it was trained with is not found{}. --simulator PATH says where it is",
                  places.run.string(), seen));
}

}  // namespace alfi
