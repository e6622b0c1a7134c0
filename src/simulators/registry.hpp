// Simulators that are not in the kernels' list: of modules, programs and functions. They are loaded or registered while
// the process runs, and stay as long as it does.
#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "alfi/configuration.hpp"
#include "kernels/launch/module.hpp"
#include "src/simulators/module.hpp"

namespace alfi {

struct LoadedSimulator {
  std::string identity;  ///< what it is known by; the last of several counts
  SimulatorFacts facts;
  std::vector<SimulatorFunctions> sets;  ///< or one without an instruction set, which serves in all
  int table = 0;                         ///< as in SimulatorModule
  const char* device_code = nullptr;     ///< as in SimulatorModule
  std::uint64_t fingerprint = 0;         ///< hash of what it was made of
  int waiting = 0;                       ///< threads that may wait for it while others compute
  std::function<void(const std::filesystem::path&)> keep_log = {};  ///< of a program
  std::function<void(std::function<bool()>)> stop_when = {};        ///< of a program
  std::vector<SourceFile> sources = {};                             ///< of a header, which is the first
  std::shared_ptr<const void> owner = {};

  /// Says whether it is called with batches, whatever the instruction set.
  bool is_called() const { return sets.front().instruction_set == nullptr; }
};

/// Used by any thread.
class LoadedSimulators {
 public:
  static LoadedSimulators& all();

  /// Returns the number of a module's simulator, from Simulators::size on. Loads it where it is not yet there.
  int number_of_module(BuiltModule module);
  /// Returns the number of a program's simulator. Nothing is started before it is simulated.
  int number_of_program(const Configuration::Simulator& simulator);
  void add_function(Simulator simulator);
  /// Adds a simulator that is linked into the program, known by its name as a function is.
  void add_linked(const SimulatorModule& module, std::uint64_t fingerprint);

  /// Returns the number of the function or linked simulator of this name; −1 where there is none.
  int registered(const std::string& name);
  /// Lists the names of functions and linked simulators.
  std::vector<std::string_view> registered();

  /// Returns the number after the last one's.
  int end();
  const LoadedSimulator& at(int number);

 private:
  /// Returns the number of the last one of this identity, −1 where there is none; for who holds the mutex.
  int find(const std::string& identity) const;
  int add(LoadedSimulator simulator);
  int add_module(const std::string& identity, const SimulatorModule& module, std::uint64_t fingerprint,
                 std::vector<SourceFile> sources);

  std::mutex mutex_;
  std::deque<LoadedSimulator> loaded_;
};

}  // namespace alfi
