// A simulator that is a program: workers that stay alive and are asked over pipes.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "alfi/configuration.hpp"
#include "alfi/simulators.hpp"
#include "src/simulators/conversation.hpp"
#include "src/simulators/program_log.hpp"

namespace alfi {

/// Returns the numbers of the words that are paths. A relative one that was a file beside its configuration is
/// absolute.
std::vector<std::size_t> file_words(const std::vector<std::string>& program);

/// Returns what a configured program is, without the function. It is named after its last word that is a path, else its
/// first word.
Simulator described_program(const Configuration::Simulator& simulator);

/// Returns a hash of its words, of what is in those that are files, and of its facts. Paths of files are not part of
/// it.
std::uint64_t program_fingerprint(const Configuration::Simulator& simulator);

class Program {
 public:
  explicit Program(const Configuration::Simulator& simulator);
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  /// Ends all workers.
  ~Program();

  /// Asks a worker, which is started where it is not there yet. Called from any thread; waits where all are busy. One
  /// that misbehaves is started again and asked the same, three times. Throws RunError then, or where the program says
  /// that it cannot; InputError where it cannot be started; Abandoned where a stop was asked for.
  void simulate(const SimulatorBatch& batch);

  /// Asks `stop` while a worker is waited for, from now on: where it returns true, the worker is ended and nothing is
  /// simulated.
  void stop_when(std::function<bool()> stop) { stop_ = std::move(stop); }

  /// Keeps what workers write to standard error in this file from now on.
  void keep_log(const std::filesystem::path& file) { log_.keep_in(file); }

 private:
  using Worker = std::unique_ptr<Conversation>;

  /// Waits for a worker; an empty one is still to be started.
  Worker take();
  /// Gives a worker back, if it still lives. Throws what there is no answer for where it has not answered.
  void give_back(Worker worker, bool answered);
  /// Asks this worker, or another one in its place, until there is an answer.
  void ask(Worker& worker, const SimulatorBatch& batch);
  void start(Worker& worker);
  static void end(Worker& worker);
  /// Ends all asking, where one question has no answer.
  void give_up(std::exception_ptr trouble);
  /// Says that an answer need not be waited for: another question has none, or a stop was asked for.
  bool no_longer_wanted() const { return given_up_ || (stop_ && stop_()); }
  std::string complaint(const std::string& misbehaviour, const SimulatorBatch& batch) const;

  const std::vector<std::string> command_;
  const int workers_;
  const std::chrono::duration<double> limit_;
  const Protocol protocol_;
  std::vector<std::string> parameters_;
  const int X_;
  ProgramLog log_;
  std::function<bool()> stop_;

  std::mutex mutex_;
  std::condition_variable freed_;
  std::vector<Worker> idle_;
  int taken_ = 0;               ///< workers that are asked now
  int inside_ = 0;              ///< threads that ask or wait
  std::exception_ptr trouble_;  ///< why one question has no answer; of all inside
  std::atomic<bool> given_up_ = false;
  std::atomic<std::int64_t> next_id_ = 0;
};

}  // namespace alfi
