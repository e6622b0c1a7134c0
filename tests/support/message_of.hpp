// The message of the exception a call throws, to be matched against what a person should read.
#pragma once

#include <gtest/gtest.h>

#include <string>

namespace alfi::test {

/// Fails the test and gives "" when nothing is thrown. Any other exception than E passes through and fails it too.
template <typename E, typename Call>
std::string message_of(Call call) {
  try {
    call();
  } catch (const E& error) {
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

}  // namespace alfi::test
