// The compilation of a simulator's header, by the user's compilers, in a folder that is gone with it.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "src/system/child.hpp"

namespace alfi {

class Compilation {
 public:
  /// Longest time that a part may take, and what was compiled may run.
  static constexpr std::chrono::seconds most_time{600};

  /// Names the compilers in use, for one who keeps what they made.
  static std::string compilers();

  /// Throws RunError where alfi's kernels, which the header is compiled with, are not there. The header's path must be
  /// absolute, the constants some that its facts have.
  Compilation(const std::filesystem::path& header, const std::map<std::string, double>& constants);
  Compilation(const Compilation&) = delete;
  Compilation& operator=(const Compilation&) = delete;
  ~Compilation();

  const std::filesystem::path& folder() const { return folder_; }

  /// Compiles and links all parts, and returns the module. Throws InputError with the compiler's words, RunError where
  /// there is no compiler.
  std::filesystem::path module();
  /// Compiles all parts to one object file that registers itself; `fingerprint` is that of the sources. Throws as
  /// module.
  std::filesystem::path object(std::uint64_t fingerprint);
  /// Says why what was compiled has no kernels for devices: the words of their compiler. Empty where it has, or where
  /// there is no such compiler.
  const std::string& device_fault() const { return device_fault_; }

  /// Compiles the trial program with sanitizers; returns nothing where the compiler has none.
  std::optional<std::filesystem::path> trial() const;
  /// Returns the header and the files it includes beside the system's and alfi's.
  std::vector<std::filesystem::path> sources() const;

 private:
  /// Compiles all parts and returns their object files. `more` are flags of the table of contents.
  std::vector<std::string> parts(std::vector<std::string> more);
  /// Translates the kernels for devices to PTX that all of them can run, device.ptx. A header that a device cannot run
  /// still simulates on the host.
  bool translate_for_devices();
  /// Returns flags that say where the header is, and what it includes.
  std::vector<std::string> places() const;
  std::vector<std::string> arguments(const std::string& source, const std::string& set,
                                     const std::vector<std::string>& more) const;
  void compile(const std::string& source, const std::string& set, std::vector<std::string> flags,
               const std::string& object) const;
  ChildResult run(const std::vector<std::string>& command, const char* doing) const;

  std::filesystem::path header_, folder_, kit_;
  std::string compiler_, device_compiler_, device_fault_;
};

}  // namespace alfi
