// A statement becomes an instruction: which handler runs it, and where its operands are.
#pragma once

#include <string>
#include <vector>

#include "tests/ptx/kernel.hpp"
#include "tests/ptx/registers.hpp"

namespace alfi::test::ptx {

/// The words of "@%p1 setp.lt.s32 %p2, %r1, 0".
struct Words {
  std::string guard;  ///< after the @
  std::string name;
  std::vector<std::string> operands;
  explicit Words(const std::string& statement);
};

/// Decodes all but branches, whose targets only the whole kernel knows: of these, the predicate.
Instruction decode(const Words& words, Registers& registers);

}  // namespace alfi::test::ptx
