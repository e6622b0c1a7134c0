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

// Included by name: what a path has in it no command line must carry.
constexpr const char *header_file = "alfi_header.inc", *constants_file = "alfi_constants.inc";

/// Returns the words of a rule for make, without what make has to be told of blanks, # and $.
std::vector<std::string> words_of_rule(const std::string& rule) {
  std::vector<std::string> words(1);
  for (std::size_t i = std::min(rule.size(), rule.find(':') + 1); i < rule.size(); ++i) {
    const char c = rule[i], next = i + 1 < rule.size() ? rule[i + 1] : '\0';
    const bool stands_for_next = c == '\\' ? next == ' ' || next == '#' || next == '\\' : c == '$' && next == '$';
    if (stands_for_next)
      words.back() += rule[++i];
    else if (c == '\\' && next == '\n')
      ++i;
    else if (c != ' ' && c != '\n')
      words.back() += c;
    else if (!words.back().empty())
      words.emplace_back();
  }
  if (words.back().empty()) words.pop_back();
  return words;
}

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
  std::ofstream(folder_ / header_file) << "#include \"" << header_.string() << "\"\n";
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
  std::vector<std::filesystem::path> files{header_};
  std::vector<std::string> own;
  for (const std::filesystem::path& place :
       {kit_ / "kernels", kit_ / "include", std::filesystem::path(ALFI_GENERATED), folder_})
    own.push_back(std::filesystem::weakly_canonical(place).string() + "/");
  for (const std::string& word : words_of_rule(run(arguments("module_entry", "baseline", {"-MM"}), "compiling").out)) {
    const std::filesystem::path file = (folder_ / word).lexically_normal();
    const std::string canonical = std::filesystem::weakly_canonical(file).string();
    if (file != header_ && std::ranges::none_of(own, [&](const std::string& of) { return canonical.starts_with(of); }))
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
  if (!child.found)
    device_fault_ = fmt::format("there is no {}", device_compiler_);
  else if (!done)
    device_fault_ =
        fmt::format("{} ends with exit code {}\n{}", device_compiler_, child.exit_code, trimmed(child.err, 4000));
  return done;
}

std::vector<std::string> Compilation::places() const {
  const std::string root = kit_.string();
  return {fmt::format("-DALFI_SIMULATOR_HEADER=\"{}\"", header_file),
          fmt::format("-DALFI_CONSTANTS=\"{}\"", constants_file),
          "-I.",
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
