// Random numbers of one observation of one episode, one after the other: what a simulator is handed that is written for
// one episode. The n-th number is the same wherever it is computed.
#pragma once

#include "kernels/sim/variates.hpp"

namespace alfi::inline ALFI_ISA {

class Random {
 public:
  ALFI_HD Random(const Stream<float>& stream, std::uint32_t observation) : variates_(stream, observation) {}

  /// Draws from (0, 1).
  ALFI_HD float uniform() { return alfi::uniform<float>(word()); }
  /// Draws from N(0, 1).
  ALFI_HD float normal() {
    if (has_second_) {
      has_second_ = false;
      return second_;
    }
    const float radius = sqrt(-2.0f * log_of_normal(uniform_fine<float>(word())));
    float sin, cos;
    sincos_turns(alfi::uniform<float>(word()), sin, cos);
    second_ = radius * sin;
    has_second_ = true;
    return radius * cos;
  }
  /// Draws from the exponential law of mean 1.
  ALFI_HD float exponential() { return -log_of_normal(uniform_fine<float>(word())); }
  /// Draws from the gamma law of scale 1, for 1e-30 ≤ shape ≤ 1e30; else NaN.
  ALFI_HD float gamma(float shape) { return variates_.gamma(next_++, shape); }
  /// Draws from the beta law, for a and b from 1e-30 to 1e30; else NaN.
  ALFI_HD float beta(float a, float b) { return variates_.beta(next_++, a, b); }
  /// Draws a count of this mean, 0 ≤ mean ≤ e¹⁶; else NaN.
  ALFI_HD float poisson(float mean) { return variates_.poisson(next_++, mean); }
  /// Draws the number of successes of n tries, of probability p each: n whole, 0 ≤ n ≤ 2²⁴, and 0 ≤ p ≤ 1; else NaN.
  ALFI_HD float binomial(float n, float p) { return variates_.binomial(next_++, n, p); }
  /// Draws the number of failures before the first success, each try of probability p, 0 < p ≤ 1; else NaN.
  ALFI_HD float geometric(float p) { return variates_.geometric(next_++, p); }
  /// Draws a whole number below n, each alike; 0 where n < 1.
  ALFI_HD int below(int n) {
    return n < 1 ? 0 : static_cast<int>(variates_.below(next_++, static_cast<std::uint32_t>(n)));
  }
  /// Draws a place in weights (count), each with a probability in proportion to its weight ≥ 0; the last of those above
  /// 0 where rounding leaves none. −1 where all are 0.
  ALFI_HD int categorical(const float* weights, int count) {
    float left = 0;
    for (int i = 0; i < count; ++i) left += weights[i];
    left *= uniform();
    int place = -1;
    for (int i = 0; i < count; ++i) {
      if (!(weights[i] > 0)) continue;
      place = i;
      left -= weights[i];
      if (left < 0) break;
    }
    return place;
  }

 private:
  /// Returns the next word of a name's four.
  ALFI_HD std::uint32_t word() {
    if (left_ == 0) {
      words_ = variates_.words(next_++);
      left_ = 4;
    }
    return words_.word[4 - left_--];
  }

  Variates<float> variates_;
  PhiloxBlock<std::uint32_t> words_;
  std::uint32_t next_ = 0;
  int left_ = 0;
  bool has_second_ = false;
  float second_;
};

}  // namespace alfi::inline ALFI_ISA
