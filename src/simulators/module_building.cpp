#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <future>
#include <iterator>
#include <optional>
#include <sstream>
#include <vector>

#include "alfi/error.hpp"
#include "alfi/stamp.hpp"
#include "src/simulators/module.hpp"
#include "src/system/atomic_file.hpp"
#include "src/system/child.hpp"

namespace alfi {
namespace {

using namespace std::chrono_literals;

constexpr auto most_time = 600s;  // of one compilation

struct InstructionSetFlags {
  const char* name;
  std::vector<std::string> flags;
};

const std::vector<InstructionSetFlags>& instruction_set_flags() {
  static const std::vector<InstructionSetFlags> all{
      {"baseline", {}},
#ifdef ALFI_X86
      {"avx2", {"-mavx2", "-mfma"}},
      {"avx512", {"-mavx512f", "-mavx512dq", "-mavx512vl", "-mavx512bw", "-mfma"}},
#endif
  };
  return all;
}

std::string environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

/// Returns the folder with `kernels` and `include`: that of ALFI_KIT, beside the program's own, or alfi's source.
std::filesystem::path kit() {
  const std::string given = environment("ALFI_KIT");
  if (!given.empty()) return given;
  std::error_code hidden;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", hidden);
  std::filesystem::path installed = program.parent_path().parent_path() / "share" / "alfi";
  if (std::filesystem::exists(installed / "kernels" / "kit", hidden)) return installed;
  return ALFI_KIT;
}

std::string compiler() {
  const std::string given = environment("CXX");
  return given.empty() ? ALFI_CXX : given;
}

/// Returns the compiler for devices; empty where there is none.
std::string device_compiler() {
  const char* const given = std::getenv("NVCC");
  return given == nullptr ? ALFI_NVCC : given;
}

/// A folder of our own, gone with all that is in it.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = std::filesystem::temp_directory_path() / "alfi-module-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) throw RunError(fmt::format("{}: cannot be created", name));
    path_ = name;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// The compilation of a header in a folder.
class Compilation {
 public:
  Compilation(const std::filesystem::path& header, const std::filesystem::path& folder)
      : header_(header), folder_(folder), kit_(kit()), compiler_(compiler()), device_compiler_(device_compiler()) {
    if (!std::filesystem::exists(kit_ / "kernels" / "launch" / "module_set.cpp"))
      throw RunError(
          fmt::format("{}: the kernels that a simulator is compiled with are not there; ALFI_KIT names the "
                      "folder that has them",
                      kit_.string()));
  }

  /// Compiles and links all parts, and returns the module.
  std::filesystem::path module() {
    std::vector<std::string> link{compiler_, "-shared", "-o", "module.so"};
    std::ranges::copy(parts({}), std::back_inserter(link));
    run(link, "linking");
    return folder_ / "module.so";
  }

  /// Compiles all parts to one object file that registers itself; `fingerprint` is that of the sources.
  std::filesystem::path object(std::uint64_t fingerprint) {
    std::vector<std::string> link{compiler_, "-r", "-nostdlib", "-o", "simulator.o"};
    std::ranges::copy(parts({fmt::format("-DALFI_LINKED={}u", fingerprint)}), std::back_inserter(link));
    run(link, "linking");
    run({"objcopy", "--keep-global-symbol=alfi_none", "simulator.o"}, "linking");  // others may be linked beside it
    return folder_ / "simulator.o";
  }

  /// Says why what was compiled has no kernels for devices: the words of their compiler. Empty where it has, or where
  /// there is no such compiler.
  const std::string& device_fault() const { return device_fault_; }

  /// Compiles the trial program with sanitizers; returns nothing where the compiler has none.
  std::optional<std::filesystem::path> trial() const {
    const std::vector<std::string> flags{
        "-O1", "-g",   "-fno-omit-frame-pointer", "-fsanitize=address,undefined", "-fno-sanitize-recover=all",
        "-o",  "trial"};
    const ChildResult child = run_child(arguments("module_trial", "baseline", flags), "", folder_, most_time);
    if (!child.found || child.signal != 0 || child.exit_code != 0) return std::nullopt;
    return folder_ / "trial";
  }

  /// Returns the header and the files it includes beside the system's and alfi's.
  std::vector<std::filesystem::path> sources() const {
    const ChildResult child = run(arguments("module_entry", "baseline", {"-MM", "-MG"}), "reading");
    std::string text = child.out;
    for (std::size_t at = 0; (at = text.find("\\\n", at)) != text.npos;) text.replace(at, 2, " ");
    std::istringstream words(text.substr(std::min(text.size(), text.find(':') + 1)));
    const std::string own = std::filesystem::weakly_canonical(kit_).string() + "/";
    std::vector<std::filesystem::path> files{header_};
    for (std::string word; words >> word;) {
      const std::filesystem::path file = std::filesystem::weakly_canonical(word);
      if (!file.string().starts_with(own) && file != header_ && file.filename() != "stamp.hpp") files.push_back(file);
    }
    return files;
  }

 private:
  /// Compiles all parts and returns their object files. `more` are flags of the table of contents.
  std::vector<std::string> parts(std::vector<std::string> more) {
    std::vector<std::future<void>> running;
    running.push_back(std::async(std::launch::async, [&] {
      if (translate_for_devices()) more.push_back("-DALFI_DEVICE_CODE=\"device.ptx\"");
      compile("module_entry", "baseline", more, "entry.o");
    }));
    std::vector<std::string> objects{"entry.o"};
    for (const auto& [name, flags] : instruction_set_flags()) {
      objects.push_back(fmt::format("{}.o", name));
      running.push_back(std::async(std::launch::async, [this, set = name, set_flags = flags] {
        const std::string object = fmt::format("{}.o", set), whole = fmt::format("{}-whole.o", set);
        compile("module_set", set, set_flags, whole);
        // An inline function has a copy in each set, by one name: without this the linker would take one of them for
        // all.
        run({compiler_, "-r", "-nostdlib", "-Wl,--force-group-allocation", whole, "-o", object}, "linking");
        run({"objcopy", fmt::format("--keep-global-symbol=alfi_functions_{}", set), object}, "linking");
      }));
    }
    // The header's own complaint comes first: all parts have it.
    for (std::future<void>& part : running) part.wait();
    for (std::future<void>& part : running) part.get();
    return objects;
  }

  /// Translates the kernels for devices to PTX that all of them can run, device.ptx. A header that a device cannot run
  /// still simulates on the host.
  bool translate_for_devices() {
    if (device_compiler_.empty()) return false;
    std::vector<std::string> command{device_compiler_,
                                     "-std=c++20",
                                     "-O3",
                                     "--fmad=false",
                                     "--expt-relaxed-constexpr",
                                     "-ccbin=" + compiler_,
                                     "-w",
                                     "-Werror=cross-execution-space-call",  // else warned of, and nothing is called
                                     "-ptx",
                                     "-arch=compute_80"};
    std::ranges::copy(places(), std::back_inserter(command));
    command.insert(command.end(), {"-o", "device.ptx", (kit_ / "kernels" / "launch" / "module_device.cu").string()});
    const ChildResult child = run_child(command, "", folder_, most_time);
    const bool done = child.found && child.signal == 0 && child.exit_code == 0;
    if (!done) device_fault_ = child.found ? trimmed(child.err, 4000) : fmt::format("there is no {}", device_compiler_);
    return done;
  }

  /// Returns where the header is, and what it includes.
  std::vector<std::string> places() const {
    const std::string root = kit_.string();
    return {fmt::format("-DALFI_SIMULATOR_HEADER=\"{}\"", header_.string()), "-I" + root, "-I" + root + "/include",
            "-I" + root + "/kernels/kit", std::string("-I") + ALFI_GENERATED};
  }

  std::vector<std::string> arguments(const std::string& source, const std::string& set,
                                     const std::vector<std::string>& more) const {
    std::vector<std::string> all{compiler_,
                                 "-std=c++20",
                                 "-O3",
                                 "-fno-math-errno",
                                 "-fno-trapping-math",
                                 "-ffp-contract=off",
                                 "-fPIC",
                                 "-fvisibility=hidden",
                                 "-w",
#ifdef ALFI_X86
                                 "-DALFI_X86",
#endif
                                 "-DALFI_ISA=" + set};
    std::ranges::copy(places(), std::back_inserter(all));
    all.insert(all.end(), more.begin(), more.end());
    all.push_back((kit_ / "kernels" / "launch" / (source + ".cpp")).string());
    return all;
  }

  void compile(const std::string& source, const std::string& set, std::vector<std::string> flags,
               const std::string& object) const {
    flags.insert(flags.end(), {"-c", "-o", object});
    run(arguments(source, set, flags), "compiling");
  }

  ChildResult run(const std::vector<std::string>& command, const char* doing) const {
    ChildResult child = run_child(command, "", folder_, most_time);
    if (!child.found)
      throw RunError(
          fmt::format("{}: there is no {} here, which compiles simulators; Debian's package is g++. "
                      "CXX names another compiler",
                      header_.string(), command.front()));
    if (child.signal != 0 || child.exit_code != 0)
      throw InputError(fmt::format("{}: {} fails:\n{}", header_.string(), doing, trimmed(child.err, 4000)));
    return child;
  }

  std::filesystem::path header_, folder_, kit_;
  std::string compiler_, device_compiler_, device_fault_;
};

std::filesystem::path header_at(const std::filesystem::path& header) {
  std::error_code hidden;
  if (!std::filesystem::is_regular_file(header, hidden))
    throw InputError(fmt::format("{}: there is no such header of a simulator", header.string()));
  if (header.string().find('"') != std::string::npos)
    throw InputError(fmt::format("{}: a header's path must have no quotation marks", header.string()));
  return std::filesystem::canonical(header);
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

std::uint64_t hash_of(const std::vector<std::filesystem::path>& sources) {
  std::uint64_t hash = 0;
  for (const std::filesystem::path& source : sources) {
    const std::vector<std::byte> bytes = read_file(source);
    hash = XXH3_64bits_withSeed(bytes.data(), bytes.size(), hash);
  }
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

void place(const std::filesystem::path& module, const std::filesystem::path& file) {
  const std::vector<std::byte> bytes = read_file(module);
  write_file_atomically(file, bytes);
}

}  // namespace

std::string compile_module(const std::filesystem::path& header, const std::filesystem::path& file) {
  const TemporaryFolder folder;
  Compilation compilation(header_at(header), folder.path());
  place(compilation.module(), file);
  return compilation.device_fault();
}

std::string try_header(const std::filesystem::path& header, const std::vector<std::vector<double>>& theta,
                       int seconds) {
  const TemporaryFolder folder;
  const auto trial = Compilation(header_at(header), folder.path()).trial();
  if (!trial) return {};
  std::string input;
  for (const std::vector<double>& one : theta) input += fmt::format("{}\n", fmt::join(one, " "));
  const ChildResult child = run_child({trial->string(), std::to_string(seconds)}, input, folder.path(), most_time);
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

std::string compile_object(const std::filesystem::path& header, const std::filesystem::path& file) {
  const TemporaryFolder folder;
  Compilation compilation(header_at(header), folder.path());
  place(compilation.object(hash_of(compilation.sources())), file);
  return compilation.device_fault();
}

BuiltModule build_module(const std::filesystem::path& given) {
  const std::filesystem::path header = header_at(given);
  const std::string identity = header.string() + '\n' + ALFI_STAMP + '\n' + compiler() + '\n' + device_compiler();
  const std::string name = fmt::format("{:016x}", XXH3_64bits(identity.data(), identity.size()));
  const std::optional<std::filesystem::path> kept = cache();
  const auto file_of = [&](const std::filesystem::path& folder, std::uint64_t hash) {
    return folder / fmt::format("{}-{:016x}.alfi.so", name, hash);
  };
  if (kept) {
    // The list says which files a module was compiled from, its name what was in them.
    const std::vector<std::filesystem::path> sources = lines_of(*kept / (name + ".sources"));
    if (!sources.empty() && all_exist(sources)) {
      const std::uint64_t hash = hash_of(sources);
      if (std::filesystem::exists(file_of(*kept, hash))) return {file_of(*kept, hash), hash, sources};
    }
  }
  const TemporaryFolder folder;
  Compilation compilation(header, folder.path());
  const std::vector<std::filesystem::path> sources = compilation.sources();
  const std::uint64_t hash = hash_of(sources);
  const std::filesystem::path module = compilation.module();
  if (hash_of(sources) != hash)
    throw InputError(fmt::format("{}: was changed while it was compiled; try again", header.string()));
  static std::deque<TemporaryFolder> of_this_process;  // where there is no cache
  const std::filesystem::path file = file_of(kept ? *kept : of_this_process.emplace_back().path(), hash);
  place(module, file);
  if (kept) {
    std::string list;
    for (const std::filesystem::path& source : sources) list += source.string() + '\n';
    write_file_atomically(*kept / (name + ".sources"), std::as_bytes(std::span(list)));
  }
  return {file, hash, sources};
}

}  // namespace alfi
