// The switches of a whole program on the substitute, in its environment:
//
//   SUBSTITUTE_DEVICES=N           number of devices; 0: as on a machine without one. 1 unless given
//   SUBSTITUTE_MULTIPROCESSORS=N   of each device
//   SUBSTITUTE_MEMORY=BYTES        of each device
//   SUBSTITUTE_FAULT=CALL:N:ERROR  the N-th call of this name, from 0, fails with this cudaError_t, a number; without a
//                                  name the N-th of all calls
//   SUBSTITUTE_CHECK=1             kernels must neither race nor read what nothing wrote; what is found at fault is
//                                  printed, and the exit code is 1
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <sstream>

#include "tests/substitute/substitute.hpp"

namespace alfi::substitute {
namespace {

template <class Number>
void read(const char* name, Number& number) {
  if (const char* const text = std::getenv(name)) std::istringstream(text) >> number;
}

Fault read_fault(const std::string& text) {
  Fault fault;
  std::istringstream stream(text);
  int error = 0;
  char colon;
  std::getline(stream, fault.call, ':');
  stream >> fault.number >> colon >> error;
  fault.error = static_cast<cudaError_t>(error);
  return fault;
}

/// Ends the program with an error where something was found.
void judge() {
  const std::vector<std::string> found = findings();
  if (found.empty()) return;
  constexpr std::size_t shown = 20;
  for (std::size_t i = 0; i < std::min(shown, found.size()); ++i) std::fprintf(stderr, "found: %s\n", found[i].c_str());
  if (found.size() > shown) std::fprintf(stderr, "found: %zu more\n", found.size() - shown);
  std::fflush(nullptr);
  _exit(1);
}

[[maybe_unused]] const bool steered = [] {
  Settings settings;
  settings.devices = 1;
  read("SUBSTITUTE_DEVICES", settings.devices);
  read("SUBSTITUTE_MULTIPROCESSORS", settings.multiprocessors);
  read("SUBSTITUTE_MEMORY", settings.memory);
  if (const char* const text = std::getenv("SUBSTITUTE_FAULT")) settings.fault = read_fault(text);
  const bool checked = std::getenv("SUBSTITUTE_CHECK") != nullptr;
  settings.fresh = settings.races = checked;
  reset(settings);
  if (checked) std::atexit(judge);
  return true;
}();

}  // namespace
}  // namespace alfi::substitute
