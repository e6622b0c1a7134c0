#include "src/simulators/compilation.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <future>
#include <iomanip>
#include <iterator>
#include <sstream>

#include "alfi/error.hpp"

namespace alfi {
namespace {

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

/// Makes a temporary folder.
std::filesystem::path own_folder() {
  std::string name = std::filesystem::temp_directory_path() / "alfi-module-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) throw RunError(fmt::format("{}: cannot be created", name));
  return name;
}

constexpr const char* constants_file = "constants.inc";

}  // namespace

std::string Compilation::compilers() { return compiler() + '\n' + device_compiler(); }

Compilation::Compilation(const std::filesystem::path& header, const std::map<std::string, double>& constants)
    : header_(header), kit_(kit()), compiler_(compiler()), device_compiler_(device_compiler()) {
  if (!std::filesystem::exists(kit_ / "kernels" / "launch" / "module_set.cpp"))
    throw RunError(
        fmt::format("{}: the kernels that a simulator is compiled with are not there; ALFI_KIT names the "
                    "folder that has them",
                    kit_.string()));
  folder_ = own_folder();
  std::ofstream file(folder_ / constants_file);
  for (const auto& [name, value] : constants) file << '{' << std::quoted(name) << fmt::format(", {:a}}},\n", value);
}

Compilation::~Compilation() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::filesystem::path Compilation::module() {
  std::vector<std::string> link{compiler_, "-shared", "-o", "module.so"};
  std::ranges::copy(parts({}), std::back_inserter(link));
  run(link, "linking");
  return folder_ / "module.so";
}

std::filesystem::path Compilation::object(std::uint64_t fingerprint) {
  std::vector<std::string> link{compiler_, "-r", "-nostdlib", "-o", "simulator.o"};
  std::ranges::copy(parts({fmt::format("-DALFI_LINKED={}u", fingerprint)}), std::back_inserter(link));
  run(link, "linking");
  run({"objcopy", "--keep-global-symbol=alfi_none", "simulator.o"}, "linking");  // others may be linked beside it
  return folder_ / "simulator.o";
}

std::optional<std::filesystem::path> Compilation::trial() const {
  const std::vector<std::string> flags{
      "-O1", "-g",   "-fno-omit-frame-pointer", "-fsanitize=address,undefined", "-fno-sanitize-recover=all",
      "-o",  "trial"};
  const ChildResult child = run_child(arguments("module_trial", "baseline", flags), "", folder_, most_time);
  if (!child.found || child.signal != 0 || child.exit_code != 0) return std::nullopt;
  return folder_ / "trial";
}

std::vector<std::filesystem::path> Compilation::sources() const {
  const ChildResult child = run(arguments("module_entry", "baseline", {"-MM", "-MG"}), "reading");
  std::string text = child.out;
  for (std::size_t at = 0; (at = text.find("\\\n", at)) != text.npos;) text.replace(at, 2, " ");
  std::istringstream words(text.substr(std::min(text.size(), text.find(':') + 1)));
  const std::string own = std::filesystem::weakly_canonical(kit_).string() + "/";
  std::vector<std::filesystem::path> files{header_};
  for (std::string word; words >> word;) {
    const std::filesystem::path file = std::filesystem::weakly_canonical(word);
    if (!file.string().starts_with(own) && file != header_ && file.filename() != "stamp.hpp" &&
        file.filename() != constants_file)
      files.push_back(file);
  }
  return files;
}

std::vector<std::string> Compilation::parts(std::vector<std::string> more) {
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

bool Compilation::translate_for_devices() {
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

std::vector<std::string> Compilation::places() const {
  const std::string root = kit_.string();
  return {fmt::format("-DALFI_SIMULATOR_HEADER=\"{}\"", header_.string()),
          fmt::format("-DALFI_CONSTANTS=\"{}\"", (folder_ / constants_file).string()),
          "-I" + root,
          "-I" + root + "/include",
          "-I" + root + "/kernels/kit",
          std::string("-I") + ALFI_GENERATED};
}

std::vector<std::string> Compilation::arguments(const std::string& source, const std::string& set,
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

void Compilation::compile(const std::string& source, const std::string& set, std::vector<std::string> flags,
                          const std::string& object) const {
  flags.insert(flags.end(), {"-c", "-o", object});
  run(arguments(source, set, flags), "compiling");
}

ChildResult Compilation::run(const std::vector<std::string>& command, const char* doing) const {
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

}  // namespace alfi
