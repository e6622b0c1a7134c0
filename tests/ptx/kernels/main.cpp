// Runs tests of the kernels' PTX where there is any; exit code 77: there is none.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/ptx/device_kernels.hpp"

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (const std::string trouble = alfi::test::PtxKernels::trouble(); !trouble.empty()) {
    fmt::print("skipped: {}\n", trouble);
    constexpr int skipped = 77;
    return skipped;
  }
  return RUN_ALL_TESTS();
}
