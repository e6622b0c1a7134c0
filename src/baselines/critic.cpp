// With h = tanh(z), tanh' = 1 − h² and tanh'' = −2 h (1 − h²). The slope of d in x is
//   e₂ = w₃,  δ₂ = tanh'(z₂) ∘ e₂,  e₁ = W₂ᵀ δ₂,  δ₁ = tanh'(z₁) ∘ e₁,  g = W₁ᵀ δ₁,
// and P = γ/2 E ‖g‖² goes back through these, then through the forward pass. A bar is the derivative of P.
#include "src/baselines/critic.hpp"

#include <cmath>

namespace alfi::baselines {

template <class R>
template <class Data>
struct Critic<R>::Parts {
  using View = Eigen::Map<std::conditional_t<std::is_const_v<Data>, const Matrix, Matrix>>;
  View W1, b1, W2, b2, w3, b3;

  Parts(Data* data, Eigen::Index X, Eigen::Index H)
      : W1(data, H, X),
        b1(data + H * X, H, 1),
        W2(data + H * (X + 1), H, H),
        b2(data + H * (X + 1 + H), H, 1),
        w3(data + H * (X + 2 + H), H, 1),
        b3(data + H * (X + 3 + H), 1, 1) {}
};

template <class R>
struct Critic<R>::Activations {
  Matrix h1, h2;  // (hidden, n)
  Vector d;       // (n)
};

namespace {

template <class Matrix>
auto slope(const Matrix& h) {
  return (1 - h.array().square()).matrix();
}

template <class R>
R softplus(R z) {
  return std::max(z, R(0)) + std::log1p(std::exp(-std::abs(z)));
}

template <class R>
R sigmoid(R z) {
  return 1 / (1 + std::exp(-z));
}

}  // namespace

template <class R>
Critic<R>::Critic(int X, int hidden, Random& random)
    : X_(X), hidden_(hidden), weights_(Vector::Zero(hidden * (X + hidden + 3) + 1)) {
  const Parts<R> parts(weights_.data(), X, hidden);
  const auto fill = [&](auto weights, int fan_in) {
    for (Eigen::Index i = 0; i < weights.size(); ++i)
      weights.data()[i] = static_cast<R>((2 * random.uniform() - 1) / std::sqrt(fan_in));
  };
  fill(parts.W1, X);
  fill(parts.W2, hidden);
  fill(parts.w3, hidden);
}

template <class R>
typename Critic<R>::Activations Critic<R>::forward(const Matrix& x) const {
  const Parts<const R> p(weights_.data(), X_, hidden_);
  Activations a;
  a.h1 = ((p.W1 * x).colwise() + p.b1.col(0)).array().tanh();
  a.h2 = ((p.W2 * a.h1).colwise() + p.b2.col(0)).array().tanh();
  a.d = (a.h2.transpose() * p.w3).array() + p.b3(0, 0);
  return a;
}

template <class R>
typename Critic<R>::Vector Critic<R>::operator()(const Matrix& x) const {
  return forward(x).d;
}

template <class R>
void Critic<R>::backward(const Matrix& x, const Activations& a, const Vector& output, Vector& gradient) const {
  const Parts<const R> p(weights_.data(), X_, hidden_);
  Parts<R> g(gradient.data(), X_, hidden_);
  g.w3 += a.h2 * output.matrix();
  g.b3(0, 0) += output.sum();
  const Matrix z2 = slope(a.h2).cwiseProduct(p.w3 * output.matrix().transpose());
  g.W2 += z2 * a.h1.transpose();
  g.b2 += z2.rowwise().sum();
  const Matrix z1 = slope(a.h1).cwiseProduct(p.W2.transpose() * z2);
  g.W1 += z1 * x.transpose();
  g.b1 += z1.rowwise().sum();
}

template <class R>
R Critic<R>::penalise(const Matrix& x, const Activations& a, R penalty, Vector& gradient) const {
  const Parts<const R> p(weights_.data(), X_, hidden_);
  Parts<R> g(gradient.data(), X_, hidden_);
  const Matrix slope1 = slope(a.h1), slope2 = slope(a.h2);
  const Matrix delta2 = slope2.array().colwise() * p.w3.col(0).array();
  const Matrix e1 = p.W2.transpose() * delta2;
  const Matrix delta1 = slope1.cwiseProduct(e1);
  const Matrix input = p.W1.transpose() * delta1;  // ∂d/∂x
  const R factor = penalty / static_cast<R>(x.cols());
  const Matrix input_bar = factor * input;

  g.W1 += delta1 * input_bar.transpose();
  const Matrix delta1_bar = p.W1 * input_bar;
  const Matrix e1_bar = slope1.cwiseProduct(delta1_bar);
  g.W2 += delta2 * e1_bar.transpose();
  const Matrix delta2_bar = p.W2 * e1_bar;
  g.w3 += slope2.cwiseProduct(delta2_bar).rowwise().sum();

  const Matrix z2_bar = (-2 * a.h2.array() * delta2.array() * delta2_bar.array()).matrix();
  g.W2 += z2_bar * a.h1.transpose();
  g.b2 += z2_bar.rowwise().sum();
  const Matrix z1_bar = (-2 * a.h1.array() * delta1.array() * delta1_bar.array()).matrix() +
                        slope1.cwiseProduct(p.W2.transpose() * z2_bar);
  g.W1 += z1_bar * x.transpose();
  g.b1 += z1_bar.rowwise().sum();
  return factor / 2 * input.squaredNorm();
}

template <class R>
R Critic<R>::loss(const Matrix& real, const Matrix& generated, R penalty, Vector& gradient) const {
  gradient.setZero(weights_.size());
  const Activations of_real = forward(real), of_generated = forward(generated);
  const auto n = static_cast<R>(real.cols()), m = static_cast<R>(generated.cols());
  backward(real, of_real, of_real.d.unaryExpr([&](R d) { return -sigmoid(-d) / n; }), gradient);
  backward(generated, of_generated, of_generated.d.unaryExpr([&](R d) { return sigmoid(d) / m; }), gradient);
  return of_real.d.unaryExpr([](R d) { return softplus(-d); }).sum() / n +
         of_generated.d.unaryExpr([](R d) { return softplus(d); }).sum() / m +
         penalise(real, of_real, penalty, gradient);
}

template class Critic<float>;
template class Critic<double>;

}  // namespace alfi::baselines
