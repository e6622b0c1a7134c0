// Warnings of an answer but that of its fit, which a machine of random weights may deserve.
#pragma once

#include <vector>

#include "alfi/machine.hpp"

namespace alfi::test {

inline std::vector<Warning> other_warnings(const Posterior& posterior) {
  std::vector<Warning> others = posterior.warnings;
  std::erase_if(others, [](const Warning& warning) { return warning.doubt == Doubt::poor_fit; });
  return others;
}

}  // namespace alfi::test
