#include "src/model/model.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "src/model/parameters.hpp"
#include "src/model/plan.hpp"
#include "tests/support/small_configuration.hpp"

namespace alfi {
namespace {

TEST(Model, InitialWeightsFollowTheirLaws) {
  Configuration configuration = test::small_configuration();
  configuration.networks = {};
  const Layout layout = Plan(configuration).layout;
  const std::vector<float> weights = initial_weights(layout, 1);
  for (const auto& [name, linear] : named_layers(layout)) {
    const double bound = 1 / std::sqrt(linear.in);
    const float* const w = weights.data() + linear.weight;
    if (name.find("rnn_layer") != std::string::npos) {
      // Fewer rows than columns: the rows are orthonormal, up to rounding to float (1e-6 is about 70 products' worth).
      for (int i = 0; i < linear.out; ++i)
        for (int j = 0; j <= i; ++j) {
          double product = 0;
          for (int k = 0; k < linear.in; ++k)
            product += static_cast<double>(w[i * linear.in + k]) * w[j * linear.in + k];
          EXPECT_NEAR(product, i == j ? 1 : 0, 1e-6) << name;
        }
    } else {
      double squares = 0, largest = 0;
      const int size = linear.in * linear.out;
      for (int i = 0; i < size; ++i) {
        squares += static_cast<double>(w[i]) * w[i];
        largest = std::max(largest, std::abs(static_cast<double>(w[i])));
      }
      EXPECT_LE(largest, bound) << name;
      // Variance bound²/3 of a uniform law; its estimate's relative deviation is √(4/5 / size); five of them.
      EXPECT_NEAR(squares / size / (bound * bound / 3), 1, 5 * std::sqrt(0.8 / size)) << name;
    }
    for (int i = 0; i < linear.out; ++i) EXPECT_LE(std::abs(weights[static_cast<std::size_t>(linear.bias + i)]), bound);
  }
  EXPECT_EQ(weights, initial_weights(layout, 1));
  EXPECT_NE(weights, initial_weights(layout, 2));
}

}  // namespace
}  // namespace alfi
