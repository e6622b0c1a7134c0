#include "src/formats/percent.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace alfi {
namespace {

TEST(Percent, HasNoExponentAndTellsNearlyAllFromAll) {
  EXPECT_EQ(percent_text(0.95, 6), "95 %");
  EXPECT_EQ(percent_text(0.999, 6), "99.9 %");
  EXPECT_EQ(percent_text(1e-9, 6), "0.0000001 %");
  EXPECT_EQ(percent_text(1 - 1e-7), "99.99999 %");
  EXPECT_EQ(percent_text(1), "100 %");
  EXPECT_EQ(percent_text(0), "0 %");
  EXPECT_EQ(percent_text(0.333), "33 %");
  EXPECT_EQ(percent_text(0.00001), "0.001 %");
  EXPECT_EQ(percent_text(std::nan("")), "-");
}

}  // namespace
}  // namespace alfi
