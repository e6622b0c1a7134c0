// The exceptions every public call may throw.
//
// A message names the field, the value it had and what is allowed, so that it can be shown to a person as it is.
#pragma once

#include <stdexcept>
#include <string>

namespace alfi {

/// Base of everything alfi throws on purpose.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The call or its input is wrong: a configuration, a file, an argument. The command line exits with 2.
class InputError : public Error {
 public:
  using Error::Error;
};

/// The input was fine and the run failed: a full disk, diverged training. The command line exits with 1.
class RunError : public Error {
 public:
  using Error::Error;
};

}  // namespace alfi
