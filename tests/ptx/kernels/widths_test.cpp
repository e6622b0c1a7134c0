// Encoders of every class of widths, in every precision: those a tensor core's width divides and their neighbours.
#include <gtest/gtest.h>

#include "tests/ptx/kernels/runs.hpp"

namespace alfi::test {
namespace {

TEST(PtxWidths, TrainToTheBitsOfTheHost) {
  constexpr int hidden_widths[] = {1, 16, 17, 32, 40, 64, 65, 100, 128};
  constexpr int code_widths[] = {1, 16, 37, 64, 70, 128};
  for (const Precision precision : {Precision::fp32, Precision::tf32x3, Precision::bf16})
    for (const int hidden : hidden_widths)
      for (const int code : code_widths) {
        const bool wide = hidden > 64 || code > 64;
        if (wide && precision != Precision::bf16) continue;  // wider ones have no kernels on tensor cores
        expect_bits_of_lanes(
            run_of_widths((hidden + code) % 2 == 0 ? "poisson" : "multi_distribution", hidden, code, precision));
      }
}

}  // namespace
}  // namespace alfi::test
