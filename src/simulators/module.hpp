// Simulators compiled by themselves: loading a module, and compiling a header to one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "kernels/launch/module.hpp"

namespace alfi {

/// Says what contradicts itself in facts; else nothing.
std::string refused_facts(const SimulatorFacts& facts);

/// Loads a module, which stays in memory as long as the process. Throws InputError where the file is none, is damaged,
/// was compiled with the kernels of another version or for another processor, or says of itself what contradicts
/// itself; that is laid to `header`, which it was compiled from, where one is given.
const SimulatorModule* load_module(const std::filesystem::path& file, const std::filesystem::path& header = {});

/// A file that a module was compiled from, as it was then.
struct SourceFile {
  std::filesystem::path path;
  std::vector<std::byte> content;
};

/// A module compiled from a header, and a hash of all that it was compiled from: the header and what it includes beside
/// the system's and alfi's.
struct BuiltModule {
  std::filesystem::path file;
  std::uint64_t fingerprint;
  std::vector<SourceFile> sources;  ///< the header first
};

/// Compiles a header with these of its constants, or finds what was compiled from equal sources before, by this process
/// or in the user's cache. Throws InputError with the compiler's words where the header does not compile, RunError
/// where there is no compiler.
BuiltModule build_module(const std::filesystem::path& header, const std::map<std::string, double>& constants);

/// Compiles a header with AddressSanitizer and UndefinedBehaviorSanitizer and simulates at each θ (D, natural units) in
/// a program of its own. Returns what it complained of, or at which θ it did not return within some seconds; nothing
/// where all is well or the compiler has no sanitizers.
std::string try_header(const std::filesystem::path& header, const std::vector<std::vector<double>>& theta,
                       const std::map<std::string, double>& constants, int seconds = 20);

/// Compiles a header to this file, a module. Throws as build_module. Returns what the compiler for devices complained
/// of, if it did: the module then has no kernels for them.
std::string compile_module(const std::filesystem::path& header, const std::filesystem::path& file,
                           const std::map<std::string, double>& constants);

/// Compiles a header to an object file, which registers its simulator in the program that it is linked into. Throws and
/// returns as compile_module.
std::string compile_object(const std::filesystem::path& header, const std::filesystem::path& file,
                           const std::map<std::string, double>& constants);

}  // namespace alfi
