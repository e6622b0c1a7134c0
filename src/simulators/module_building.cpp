#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <memory>
#include <mutex>
#include <optional>
#include <sstream>
#include <vector>

#include "alfi/error.hpp"
#include "alfi/stamp.hpp"
#include "src/simulators/compilation.hpp"
#include "src/simulators/module.hpp"
#include "src/system/atomic_file.hpp"

namespace alfi {
namespace {

std::string environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::filesystem::path header_at(const std::filesystem::path& header) {
  std::error_code hidden;
  const auto status = std::filesystem::status(header, hidden);
  if (status.type() == std::filesystem::file_type::none)
    throw InputError(fmt::format("cannot read {}: {}", header.string(), hidden.message()));
  if (!std::filesystem::is_regular_file(status))
    throw InputError(fmt::format("{}: there is no such header of a simulator; a run has a copy in its folder simulator",
                                 header.string()));
  if (header.string().find_first_of("\"\n") != std::string::npos)
    throw InputError(fmt::format("{}: a header's path must have no quotation marks or ends of lines", header.string()));
  return std::filesystem::absolute(header).lexically_normal();
}

/// Returns the folder that compiled modules are kept in; none where it cannot be written.
std::optional<std::filesystem::path> cache() {
  const std::string given = environment("XDG_CACHE_HOME"), home = environment("HOME");
  if (given.empty() && home.empty()) return std::nullopt;
  const std::filesystem::path folder =
      (given.empty() ? std::filesystem::path(home) / ".cache" : std::filesystem::path(given)) / "alfi" / "simulators";
  std::error_code refused;
  std::filesystem::create_directories(folder, refused);
  if (refused || ::access(folder.c_str(), W_OK) != 0) return std::nullopt;
  return folder;
}

std::vector<SourceFile> read_sources(const std::vector<std::filesystem::path>& files) {
  std::vector<SourceFile> sources;
  for (const std::filesystem::path& file : files) sources.push_back({file, read_file(file)});
  return sources;
}

std::uint64_t hash_of(const std::vector<SourceFile>& sources) {
  std::uint64_t hash = 0;
  for (const SourceFile& source : sources)
    hash = XXH3_64bits_withSeed(source.content.data(), source.content.size(), hash);
  return hash;
}

std::vector<std::filesystem::path> lines_of(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::vector<std::filesystem::path> lines;
  for (std::string line; std::getline(in, line);) lines.emplace_back(line);
  return lines;
}

bool all_exist(const std::vector<std::filesystem::path>& files) {
  return std::ranges::all_of(files, [](const auto& file) { return std::filesystem::exists(file); });
}

/// A module that this process has compiled, where no cache keeps it.
struct OfThisProcess {
  std::string name;
  BuiltModule built;
  std::unique_ptr<Compilation> folder;  ///< that its file is in
};
std::mutex of_this_process_mutex;
std::deque<OfThisProcess>& of_this_process() {
  static std::deque<OfThisProcess> all;
  return all;
}

/// Finds a module of this name whose sources are as they were.
std::optional<BuiltModule> built_by_this_process(const std::string& name) {
  const std::lock_guard guard(of_this_process_mutex);
  for (const OfThisProcess& one : of_this_process()) {
    std::vector<std::filesystem::path> files;
    for (const SourceFile& source : one.built.sources) files.push_back(source.path);
    if (one.name == name && all_exist(files) && hash_of(read_sources(files)) == one.built.fingerprint) return one.built;
  }
  return std::nullopt;
}

void place(const std::filesystem::path& module, const std::filesystem::path& file) {
  const std::vector<std::byte> bytes = read_file(module);
  write_file_atomically(file, bytes);
}

}  // namespace

std::string compile_module(const std::filesystem::path& header, const std::filesystem::path& file,
                           const std::map<std::string, double>& constants) {
  Compilation compilation(header_at(header), constants);
  place(compilation.module(), file);
  return compilation.device_fault();
}

std::string try_header(const std::filesystem::path& header, const std::vector<std::vector<double>>& theta,
                       const std::map<std::string, double>& constants, int seconds) {
  const Compilation compilation(header_at(header), constants);
  const auto trial = compilation.trial();
  if (!trial) return {};
  std::string input;
  for (const std::vector<double>& one : theta) input += fmt::format("{}\n", fmt::join(one, " "));
  const ChildResult child =
      run_child({trial->string(), std::to_string(seconds)}, input, compilation.folder(), Compilation::most_time);
  if (child.signal == 0 && child.exit_code == 0) return {};
  const auto last = static_cast<std::size_t>(std::count(child.out.begin(), child.out.end(), '\n'));
  const std::string where =
      last == 0 || last > theta.size() ? "" : fmt::format(" at θ = ({:.6g})", fmt::join(theta[last - 1], ", "));
  if (child.signal == SIGALRM) return fmt::format("simulate does not return{}", where);
  // The line that says what is wrong, and the first place in the user's own file.
  std::istringstream lines(child.err);
  std::string what, place;
  const std::string name = header.filename().string() + ":";
  for (std::string line; std::getline(lines, line);) {
    if (what.empty() && (line.find("ERROR: ") != line.npos || line.find("runtime error: ") != line.npos)) what = line;
    if (place.empty() && line.find(name) != line.npos) place = line.substr(line.find(name));
  }
  if (what.empty()) what = fmt::format("signal {}, exit code {}", child.signal, child.exit_code);
  return fmt::format("A sanitizer stops it{}: {}{}", where, what,
                     place.empty() || what.find(place) != what.npos ? "" : ", in " + place);
}

std::string compile_object(const std::filesystem::path& header, const std::filesystem::path& file,
                           const std::map<std::string, double>& constants) {
  Compilation compilation(header_at(header), constants);
  place(compilation.object(hash_of(read_sources(compilation.sources()))), file);
  return compilation.device_fault();
}

BuiltModule build_module(const std::filesystem::path& given, const std::map<std::string, double>& constants) {
  const std::filesystem::path header = header_at(given);
  std::string identity = header.string() + '\n' + ALFI_STAMP + '\n' + Compilation::compilers();
  for (const auto& [constant, value] : constants) identity += fmt::format("\n{}={:a}", constant, value);
  const std::string name = fmt::format("{:016x}", XXH3_64bits(identity.data(), identity.size()));
  const std::optional<std::filesystem::path> kept = cache();
  const auto file_of = [&](const std::filesystem::path& folder, std::uint64_t hash) {
    return folder / fmt::format("{}-{:016x}.alfi.so", name, hash);
  };
  if (kept) {
    // The list says which files a module was compiled from, its name what was in them.
    const std::vector<std::filesystem::path> files = lines_of(*kept / (name + ".sources"));
    if (!files.empty() && all_exist(files)) {
      std::vector<SourceFile> sources = read_sources(files);
      const std::uint64_t hash = hash_of(sources);
      if (std::filesystem::is_regular_file(file_of(*kept, hash)))
        return {file_of(*kept, hash), hash, std::move(sources)};
    }
  }
  if (auto before = built_by_this_process(name)) return *std::move(before);
  auto compilation = std::make_unique<Compilation>(header, constants);
  const std::vector<std::filesystem::path> files = compilation->sources();
  BuiltModule built{.file = {}, .fingerprint = 0, .sources = read_sources(files)};
  built.fingerprint = hash_of(built.sources);
  built.file = compilation->module();
  if (hash_of(read_sources(files)) != built.fingerprint)
    throw InputError(fmt::format("{}: was changed while it was compiled; try again", header.string()));
  if (kept) {
    try {
      const std::filesystem::path file = file_of(*kept, built.fingerprint);
      place(built.file, file);
      std::string list;
      for (const std::filesystem::path& source : files) list += source.string() + '\n';
      write_file_atomically(*kept / (name + ".sources"), std::as_bytes(std::span(list)));
      built.file = file;
      return built;
    } catch (const RunError&) {
      // The disk is full: it is compiled anew by the next process.
    }
  }
  const std::lock_guard guard(of_this_process_mutex);
  of_this_process().push_back({name, built, std::move(compilation)});
  return built;
}

}  // namespace alfi
