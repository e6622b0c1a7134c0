// Adversarial variational optimization: Louppe, Hermans, Cranmer 2017, "Adversarial variational optimization of
// non-differentiable simulators", arXiv 1707.07113.
//
// A proposal q(θ|ψ), which is N(μ, σ²) of z (Problems::parameter) with ψ = (μ, log σ), begins at the prior and descends
//   U = E_q E_x~p(x|θ) [−d(x)] + γ H(q),
// where the critic d learns meanwhile what tells real observations from those of q, its log odds. So U is a divergence
// between the two, and the entropy H a penalty that lets q become narrow. The gradient is REINFORCE's,
//   E (−d(x) − b) ∂ log q(θ|ψ)/∂ψ,   b = E d (∂ log q)² / E (∂ log q)², the baseline of least variance, for each
//   number.
// Here each batch of simulations moves first the proposal, then the critic, which has not seen it before: simulations
// are what is scarce.
#include <algorithm>
#include <cmath>

#include "src/baselines/adam.hpp"
#include "src/baselines/critic.hpp"
#include "src/baselines/problems.hpp"

namespace alfi::baselines {
namespace {

using Matrix = Critic<float>::Matrix;
using Vector = Critic<float>::Vector;

constexpr int batch = 32, hidden = 16, critic_steps = 4;
constexpr float penalty = 1, entropy_penalty = 0.3F;
constexpr float critic_rate = 0.01F, decay = 0.5F, square_decay = 0.99F;
/// Returns the rate of the first iteration; it falls to 0 linearly. Adam's steps are about as large as their rate: all
/// together reach over the prior and narrow σ to e⁻⁵, whatever the budget, which makes them smaller, and no narrower,
/// where all is noise.
double first_rate(std::int64_t iterations) { return std::min(0.1, 10 / static_cast<double>(iterations)); }

/// Observations as the critic sees them: standardised by the real ones, those far from them drawn nearer, since a
/// proposal as wide as the prior makes some at a hundred deviations.
class View {
 public:
  View(const std::vector<float>& real, int X)
      : rows_(Eigen::Map<const Matrix>(real.data(), X, static_cast<Eigen::Index>(real.size()) / X)) {
    mean_ = rows_.rowwise().mean().array();
    deviation_ = (rows_.array().colwise() - mean_).square().rowwise().mean().sqrt();
    deviation_ = (deviation_ > 0).select(deviation_, 1);
    rows_ = of(rows_);
  }

  Matrix of(const Matrix& x) const {
    return ((x.array().colwise() - mean_).colwise() / deviation_).unaryExpr([](float z) { return std::asinh(z); });
  }
  /// A batch of the real ones, drawn with replacement.
  Matrix real(Random& random) const {
    Matrix x(rows_.rows(), batch);
    for (int i = 0; i < batch; ++i) x.col(i) = rows_.col(random.below(static_cast<int>(rows_.cols())));
    return x;
  }

 private:
  Matrix rows_;
  Vector mean_, deviation_;
};

/// The search of one episode.
class Search {
 public:
  Search(const Problems& problems, const std::vector<float>& real, Random random)
      : problems_(problems),
        D_(problems.D()),
        random_(random),
        view_(real, problems.X),
        critic_(problems.X, hidden, random_),
        critic_adam_(critic_.weights().size(), decay, square_decay),
        psi_(Vector::Zero(2 * D_)),
        proposal_adam_(2 * D_, decay, square_decay),
        noise_(D_, batch) {}

  float draw(int m, int d) {
    noise_(d, m) = static_cast<float>(random_.normal());
    const float z = psi_(d) + std::exp(psi_(D_ + d)) * noise_(d, m);
    return static_cast<float>(problems_.parameter(d, static_cast<double>(z)));
  }

  void move_proposal(const Matrix& x, float rate) {
    const Vector loss = -critic_(view_.of(x));
    Vector gradient(2 * D_);
    for (int p = 0; p < 2 * D_; ++p) {
      const auto noise = noise_.row(p % D_).array().transpose();
      const Vector score = p < D_ ? Vector(noise * std::exp(-psi_(p + D_))) : Vector(noise.square() - 1);
      const float baseline = (loss * score.square()).sum() / score.square().sum();
      gradient(p) = ((loss - baseline) * score).mean() + (p < D_ ? 0 : entropy_penalty);
    }
    proposal_adam_.step(gradient, rate, psi_);
  }

  void train_critic(const Matrix& x) {
    const Matrix generated = view_.of(x);
    for (int i = 0; i < critic_steps; ++i) {
      critic_.loss(view_.real(random_), generated, penalty, critic_gradient_);
      critic_adam_.step(critic_gradient_, critic_rate, critic_.weights());
    }
  }

  double estimate(int d) const { return problems_.parameter(d, static_cast<double>(psi_(d))); }

 private:
  const Problems& problems_;
  int D_;
  Random random_;
  View view_;
  Critic<float> critic_;
  Adam<float> critic_adam_;
  Vector psi_, critic_gradient_;
  Adam<float> proposal_adam_;
  Matrix noise_;
};

}  // namespace

std::vector<double> estimate_by_avo(const Problems& problems, Simulations& simulations) {
  const int D = problems.D(), X = problems.X, episodes = problems.episodes();
  std::vector<Search> searches;
  const std::vector<Random> random = problems.random();
  for (std::size_t e = 0; e < random.size(); ++e) searches.emplace_back(problems, problems.real[e], random[e]);
  const std::int64_t iterations = simulations.left() / batch;
  Matrix rows(X, batch);
  std::vector<float> x;
  for (std::int64_t i = 0; i < iterations; ++i) {
    const double left = 1 - static_cast<double>(i) / static_cast<double>(iterations);
    const std::span<float> theta = simulations.theta(batch);
    for (int b = 0; b < episodes; ++b)
      for (int m = 0; m < batch; ++m)
        for (int d = 0; d < D; ++d)
          theta[static_cast<std::size_t>((m * D + d) * tile_lanes + b)] =
              searches[static_cast<std::size_t>(b)].draw(m, d);
    simulations.draw(batch, 1);
    for (int b = 0; b < episodes; ++b) {
      for (int m = 0; m < batch; ++m) {
        simulations.observations(m, b, x);
        if (x.empty())
          rows.col(m).setZero();  // no number: the standardised mean stands for it
        else
          rows.col(m) = Eigen::Map<const Eigen::VectorXf>(x.data(), X);
      }
      Search& search = searches[static_cast<std::size_t>(b)];
      search.move_proposal(rows, static_cast<float>(first_rate(iterations) * left));
      search.train_critic(rows);
    }
  }
  std::vector<double> estimates;
  for (const Search& search : searches)
    for (int d = 0; d < D; ++d) estimates.push_back(search.estimate(d));
  return estimates;
}

}  // namespace alfi::baselines
