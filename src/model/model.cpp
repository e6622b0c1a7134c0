#include "src/model/model.hpp"

#include <Eigen/Dense>
#include <cmath>

#include "kernels/lanes/random.hpp"
#include "src/model/parameters.hpp"

namespace alfi {
namespace {

/// Uniform numbers in (0, 1), one after the other, of one stream.
class Uniforms {
 public:
  Uniforms(PhiloxKey key, std::uint32_t row) : stream_{key, 0, row} {}

  double next() {
    if (used_ == 4) {
      block_ = stream_.block(n_++);
      used_ = 0;
    }
    return (static_cast<double>(block_.word[used_++]) + 0.5) * 0x1p-32;
  }

  double next_normal() {
    const double radius = std::sqrt(-2 * std::log(next()));
    return radius * std::cos(2 * 3.14159265358979323846 * next());
  }

 private:
  Stream<float> stream_;
  PhiloxBlock<std::uint32_t> block_{};
  std::uint32_t n_ = 0;
  int used_ = 4;
};

/// (rows, columns) with orthonormal rows or columns, whichever are fewer; uniform over such matrices: the Q of a normal
/// matrix, its columns turned so that R's diagonal is positive.
Eigen::MatrixXd orthogonal(int rows, int columns, Uniforms& uniforms) {
  const int tall = std::max(rows, columns), wide = std::min(rows, columns);
  Eigen::MatrixXd normal(tall, wide);
  for (int i = 0; i < tall; ++i)
    for (int j = 0; j < wide; ++j) normal(i, j) = uniforms.next_normal();
  const Eigen::HouseholderQR<Eigen::MatrixXd> qr(normal);
  Eigen::MatrixXd q = qr.householderQ() * Eigen::MatrixXd::Identity(tall, wide);
  for (int j = 0; j < wide; ++j)
    if (qr.matrixQR()(j, j) < 0) q.col(j) *= -1;
  if (rows < columns) return q.transpose();
  return q;
}

}  // namespace

std::vector<float> initial_weights(const Layout& layout, std::uint64_t seed) {
  std::vector<float> weights(static_cast<std::size_t>(layout.size), 0.0F);
  const PhiloxKey key = stream_key(seed, Phase::training, Purpose::weights, 0);
  std::uint32_t row = 0;
  for (const auto& [name, linear] : named_layers(layout)) {
    Uniforms uniforms(key, row++);
    const double bound = 1 / std::sqrt(static_cast<double>(linear.in));
    float* const matrix = weights.data() + linear.weight;
    if (name.find("rnn_layer") != std::string::npos) {
      const Eigen::MatrixXd q = orthogonal(linear.out, linear.in, uniforms);
      for (int i = 0; i < linear.out; ++i)
        for (int j = 0; j < linear.in; ++j) matrix[i * linear.in + j] = static_cast<float>(q(i, j));
    } else {
      for (int i = 0; i < linear.in * linear.out; ++i)
        matrix[i] = static_cast<float>(bound * (2 * uniforms.next() - 1));
    }
    for (int i = 0; i < linear.out; ++i)
      weights[static_cast<std::size_t>(linear.bias + i)] = static_cast<float>(bound * (2 * uniforms.next() - 1));
  }
  return weights;
}

}  // namespace alfi
