// A running program that is asked, one question at a time. Nothing that it does can hold its asker up for longer than
// the limit: while a question is written an answer is read, and what it says on standard error.
#pragma once

#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/simulators/program_log.hpp"
#include "src/system/kept_child.hpp"

namespace alfi {

/// Misdeed of a program that did not answer, as the end of a sentence about it: "ended with exit code 1".
class Misbehaviour : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The asker's wish that an answer be waited for no longer.
class NoLongerWanted {};

class Conversation {
 public:
  /// Takes all that came back so far and says whether it is the whole answer. Throws Misbehaviour where it is none.
  using Answer = std::function<bool(std::string_view got)>;

  /// Starts the program. It may be silent for at most `limit`. Where `given_up` returns true while it is waited for,
  /// the waiting ends with NoLongerWanted.
  Conversation(const std::vector<std::string>& command, std::chrono::duration<double> limit, ProgramLog& log,
               std::function<bool()> given_up)
      : child_(command), limit_(limit), log_(log), given_up_(std::move(given_up)) {}

  /// Writes a question and reads its answer. Throws Misbehaviour where there is none.
  void ask(std::string_view question, const Answer& answer);

  /// Lets the program end by itself.
  void let_go() { child_.let_go(); }
  /// Ends the program at once.
  void kill() { child_.kill(); }

 private:
  using Clock = std::chrono::steady_clock;

  /// Writes what can be written of the question, and returns the rest.
  std::string_view write(std::string_view question);
  /// Reads a piece into `got_`, and says whether there was one.
  bool read();
  void read_log();
  /// Waits until something can be read or, `writing`, be written.
  void wait(bool writing, Clock::time_point deadline);
  /// Returns the misbehaviour: how the program ended, if it has, else these words.
  Misbehaviour instead(const std::string& words);

  KeptChild child_;
  std::chrono::duration<double> limit_;
  ProgramLog& log_;
  std::function<bool()> given_up_;
  std::vector<char> piece_ = std::vector<char>(1 << 16);
  std::string got_;
  bool out_closed_ = false, err_closed_ = false, ended_ = false;
};

}  // namespace alfi
