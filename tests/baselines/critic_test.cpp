#include "src/baselines/critic.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "src/baselines/adam.hpp"

namespace alfi::baselines {
namespace {

using Network = Critic<double>;

Network::Matrix normals(int X, int n, double mean, Random& random) {
  Network::Matrix x(X, n);
  for (int i = 0; i < x.size(); ++i) x.data()[i] = mean + random.normal();
  return x;
}

/// L from its definition: ∂d/∂x by differences.
double defined_loss(const Network& critic, const Network::Matrix& real, const Network::Matrix& generated,
                    double penalty) {
  constexpr double h = 1e-5;
  double loss = 0;
  const Network::Vector of_real = critic(real), of_generated = critic(generated);
  for (const double d : of_real) loss += std::log(1 + std::exp(-d)) / static_cast<double>(real.cols());
  for (const double d : of_generated) loss += std::log(1 + std::exp(d)) / static_cast<double>(generated.cols());
  for (int k = 0; k < real.rows(); ++k) {
    Network::Matrix above = real, below = real;
    above.row(k).array() += h;
    below.row(k).array() -= h;
    loss += penalty / 2 * ((critic(above) - critic(below)) / (2 * h)).square().mean();
  }
  return loss;
}

TEST(Critic, HasTheLossItIsDefinedByAndItsGradient) {
  Random random({5, 6}, 0);
  for (const int X : {1, 3})
    for (const double penalty : {0.0, 7.0}) {
      Network critic(X, 5, random);
      critic.weights() *= 2;
      const auto real = normals(X, 6, 0.2, random), generated = normals(X, 4, -0.5, random);
      Network::Vector gradient, unused;
      // Second differences of 1e-5: 1e-10 · the third derivative, and rounding of 1e-16 / 1e-5.
      EXPECT_NEAR(critic.loss(real, generated, penalty, gradient), defined_loss(critic, real, generated, penalty),
                  1e-8);
      ASSERT_EQ(gradient.size(), critic.weights().size());
      for (Eigen::Index i = 0; i < gradient.size(); ++i) {
        constexpr double h = 1e-5;
        const double weight = critic.weights()(i);
        critic.weights()(i) = weight + h;
        const double above = critic.loss(real, generated, penalty, unused);
        critic.weights()(i) = weight - h;
        const double below = critic.loss(real, generated, penalty, unused);
        critic.weights()(i) = weight;
        EXPECT_NEAR(gradient(i), (above - below) / (2 * h), 1e-7) << "weight " << i << ", X = " << X;
      }
    }
}

TEST(Critic, LearnsTheLogOdds) {
  Random random({5, 6}, 1);
  Network critic(1, 16, random);
  Adam<double> adam(critic.weights().size(), 0.9, 0.999);
  Network::Vector gradient;
  for (int i = 0; i < 600; ++i) {
    critic.loss(normals(1, 128, 0.5, random), normals(1, 128, -0.5, random), 0, gradient);
    adam.step(gradient, 0.01, critic.weights());
  }
  // log N(x; ½, 1) − log N(x; −½, 1) = x. The noise of the last batches is below 0.2.
  for (const double x : {-1.0, 0.0, 1.0}) EXPECT_NEAR(critic(Network::Matrix::Constant(1, 1, x))(0), x, 0.3);
}

}  // namespace
}  // namespace alfi::baselines
