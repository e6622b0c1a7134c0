// Adam (Kingma and Ba 2015, arXiv 1412.6980) on a few numbers.
#pragma once

#include <Eigen/Core>

namespace alfi::baselines {

template <class R>
class Adam {
 public:
  using Vector = Eigen::Array<R, Eigen::Dynamic, 1>;

  Adam(Eigen::Index size, R decay, R square_decay)
      : decay_(decay), square_decay_(square_decay), mean_(Vector::Zero(size)), square_(Vector::Zero(size)) {}

  /// Moves x by −rate · (mean gradient) / (root of its mean square).
  void step(const Vector& gradient, R rate, Vector& x) {
    mean_ += (1 - decay_) * (gradient - mean_);
    square_ += (1 - square_decay_) * (gradient.square() - square_);
    left_ *= decay_;
    square_left_ *= square_decay_;
    x -= rate * (mean_ / (1 - left_)) / ((square_ / (1 - square_left_)).sqrt() + R(1e-8));
  }

 private:
  R decay_, square_decay_;
  R left_ = 1, square_left_ = 1;  // of the zeros at the beginning
  Vector mean_, square_;
};

}  // namespace alfi::baselines
