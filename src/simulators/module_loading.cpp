#include <dlfcn.h>
#include <elf.h>
#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <set>

#include "alfi/error.hpp"
#include "alfi/stamp.hpp"
#include "src/simulators/module.hpp"
#include "src/simulators/parameter_scale.hpp"
#include "src/system/atomic_file.hpp"

namespace alfi {
namespace {

constexpr int most_numbers = 4096;  // of an observation: every network must fit the fast memory of one core

#if defined(__x86_64__)
constexpr int this_machine = EM_X86_64;
#elif defined(__aarch64__)
constexpr int this_machine = EM_AARCH64;
#else
constexpr int this_machine = EM_NONE;
#endif

InputError refused(const std::filesystem::path& file, const std::string& why) {
  return InputError(fmt::format("{}: {}", file.string(), why));
}

/// Refuses what the loader must not see: a file that is no shared object is named in its own words, and one cut short
/// would end the process.
void require_whole(const std::filesystem::path& file, const std::vector<std::byte>& bytes) {
  Elf64_Ehdr header;
  const std::string no_module = "is no module; alfi simulator build makes one from a header";
  if (bytes.size() < sizeof header) throw refused(file, no_module);
  std::memcpy(&header, bytes.data(), sizeof header);
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64 ||
      header.e_type != ET_DYN)
    throw refused(file, no_module);
  if (header.e_machine != this_machine)
    throw refused(file, "was compiled for another processor; build it again from its header on this machine");
  const auto fits = [&](std::uint64_t offset, std::uint64_t size) {
    return offset <= bytes.size() && size <= bytes.size() - offset;
  };
  bool whole = fits(header.e_shoff, std::uint64_t{header.e_shnum} * header.e_shentsize) &&
               fits(header.e_phoff, std::uint64_t{header.e_phnum} * sizeof(Elf64_Phdr));
  for (int i = 0; whole && i < header.e_phnum; ++i) {
    Elf64_Phdr segment;
    std::memcpy(&segment, bytes.data() + header.e_phoff + static_cast<std::size_t>(i) * sizeof segment, sizeof segment);
    whole = fits(segment.p_offset, segment.p_filesz);
  }
  if (!whole) throw refused(file, "is cut short; build it again from its header");
}

}  // namespace

std::string refused_facts(const SimulatorFacts& facts) {
  if (facts.name == nullptr || *facts.name == '\0') return "it has no name";
  if (facts.parameter_count < 1) return "it has no parameter";
  std::set<std::string> names;
  for (int i = 0; i < facts.parameter_count; ++i) {
    const ParameterFacts& parameter = facts.parameters[i];
    if (parameter.name == nullptr || *parameter.name == '\0') return fmt::format("parameter {} has no name", i + 1);
    if (!names.insert(parameter.name).second) return fmt::format("two parameters have the name {}", parameter.name);
    const std::string prior = refused_prior(parameter.law);
    if (!prior.empty()) return fmt::format("the prior of {} {}", parameter.name, prior);
  }
  if (facts.observation.dimension < 1 || facts.observation.dimension > most_numbers)
    return fmt::format("an observation has {} numbers; it must have from 1 to {}", facts.observation.dimension,
                       most_numbers);
  if (!(facts.observation.kind.low < facts.observation.kind.high))
    return fmt::format("observations reach from {} to {}; the first must be below the second",
                       facts.observation.kind.low, facts.observation.kind.high);
  for (int i = 0; i < facts.constant_count; ++i) {
    const ConstantFacts& c = facts.constants[i];
    if (c.name == nullptr || *c.name == '\0') return fmt::format("constant {} has no name", i + 1);
    if (!names.insert(c.name).second)
      return fmt::format("two of its parameters and constants have the name {}", c.name);
    if (!(std::isfinite(c.low) && c.low <= c.usual && c.usual <= c.high && std::isfinite(c.high)))
      return fmt::format("the constant {} is usually {}, of {} to {}; it must be between two finite numbers", c.name,
                         c.usual, c.low, c.high);
  }
  return {};
}

const SimulatorModule* load_module(const std::filesystem::path& file, const std::filesystem::path& header) {
  const std::vector<std::byte> bytes = read_file(file);
  require_whole(file, bytes);
  void* const library = ::dlopen(std::filesystem::absolute(file).c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw refused(file, fmt::format("cannot be loaded: {}", ::dlerror()));
  const auto* const stamp = static_cast<const char*>(::dlsym(library, module_stamp_name));
  const auto* const module = static_cast<const SimulatorModule*>(::dlsym(library, module_name));
  if (stamp == nullptr || module == nullptr)
    throw refused(file, "is a library, but no module; alfi simulator build makes one from a header");
  if (std::strcmp(stamp, ALFI_STAMP) != 0)
    throw refused(file, "was compiled with another version of alfi; build it again from its header");
  const std::string contradiction = refused_facts(module->facts);
  if (!contradiction.empty())
    throw refused(header.empty() ? file : header, "its facts contradict themselves: " + contradiction);
  return module;
}

}  // namespace alfi
