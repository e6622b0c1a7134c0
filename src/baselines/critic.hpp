// The critic of adversarial variational optimization: a network that tells real observations from generated ones,
//   z₁ = W₁ x + b₁,  z₂ = W₂ tanh(z₁) + b₂,  d = w₃ · tanh(z₂) + b₃,
// d being the log odds of "real". Its loss, with the gradient penalty R₁ of Mescheder, Geiger, Nowozin 2018 (arXiv
// 1801.04406), is
//   L = E_real log(1 + e^−d) + E_generated log(1 + e^d) + γ/2 E_real ‖∂d/∂x‖².
#pragma once

#include <Eigen/Core>

#include "src/baselines/random.hpp"

namespace alfi::baselines {

/// R is float, or double for tests.
template <class R>
class Critic {
 public:
  using Matrix = Eigen::Matrix<R, Eigen::Dynamic, Eigen::Dynamic>;
  using Vector = Eigen::Array<R, Eigen::Dynamic, 1>;

  /// Makes a critic of observations (X); `hidden` units a layer. Weights are uniform in ±1/√fan_in, biases 0.
  Critic(int X, int hidden, Random& random);

  /// Returns d of each column of x (X, n).
  Vector operator()(const Matrix& x) const;
  /// Returns L of real (X, n) and generated (X, m) observations, and overwrites `gradient`, that of the weights.
  R loss(const Matrix& real, const Matrix& generated, R penalty, Vector& gradient) const;

  /// Returns all weights: W₁, b₁, W₂, b₂, w₃, b₃, by columns.
  Vector& weights() { return weights_; }

 private:
  /// Views of the parts of weights or of a gradient.
  template <class Data>
  struct Parts;
  struct Activations;

  Activations forward(const Matrix& x) const;
  /// Adds the gradient of Σ slope · d.
  void backward(const Matrix& x, const Activations& activations, const Vector& slope, Vector& gradient) const;
  /// Returns γ/2 E ‖∂d/∂x‖² and adds its gradient.
  R penalise(const Matrix& x, const Activations& activations, R penalty, Vector& gradient) const;

  int X_, hidden_;
  Vector weights_;
};

}  // namespace alfi::baselines
