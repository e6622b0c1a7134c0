// A program that stays: it is written to and read from while it lives, and does not outlive this process.
//
// Between this process and the program stands a keeper, a fork of this process that holds none of its files. It waits
// for the program and for the end of a pipe that only this process writes to. Whichever comes first, it ends the
// program and all that the program started, whatever ended this process.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace alfi {

class KeptChild {
 public:
  /// Starts a program, found along PATH. Throws InputError where it cannot be started, RunError where the system has no
  /// room for it.
  explicit KeptChild(const std::vector<std::string>& command);
  KeptChild(const KeptChild&) = delete;
  KeptChild& operator=(const KeptChild&) = delete;
  /// Lets go of it and waits until it has ended.
  ~KeptChild();

  /// Pipes to its standard input and from its standard output and error; none of them waits.
  int in() const { return in_; }
  int out() const { return out_; }
  int err() const { return err_; }
  /// Pipe that can be read from once the program has ended.
  int end() const { return status_; }

  /// Returns how it ended, "ended with exit code 1"; empty while it lives.
  std::string ending();

  /// Closes its standard input. It then has half a second to end before it is killed.
  void let_go();
  /// Kills it and waits until it has ended.
  void kill();

 private:
  void wait();

  pid_t keeper_ = 0;
  int in_ = -1, out_ = -1, err_ = -1, life_ = -1, status_ = -1;
  std::string ending_;
};

}  // namespace alfi
