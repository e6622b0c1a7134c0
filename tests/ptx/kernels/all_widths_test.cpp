// Encoders of all widths that kernels on tensor cores are for.
#include <gtest/gtest.h>

#include "tests/ptx/kernels/runs.hpp"

namespace alfi::test {
namespace {

TEST(PtxWidths, OfHiddenLayersAllTrainToTheBitsOfTheHost) {
  for (const Precision precision : {Precision::tf32x3, Precision::bf16})
    for (int hidden = 1; hidden <= (precision == Precision::bf16 ? 128 : 64); ++hidden)
      expect_bits_of_lanes(run_of_widths("poisson", hidden, 1 + hidden * 37 % 64, precision));
}

TEST(PtxWidths, OfCodesAllTrainToTheBitsOfTheHost) {
  for (const Precision precision : {Precision::tf32x3, Precision::bf16})
    for (int code = 1; code <= (precision == Precision::bf16 ? 128 : 64); ++code)
      expect_bits_of_lanes(run_of_widths("multi_distribution", 1 + code * 29 % 64, code, precision));
}

}  // namespace
}  // namespace alfi::test
