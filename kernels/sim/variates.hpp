// Random numbers of the usual laws, for lanes: each exact but for float's rounding.
//
// A call names its number. One name gives a lane one number, whichever the other lanes draw, so that a simulator may
// draw under masks, in any order. Different numbers need different names, also where their laws differ. A number that
// is drawn by rejection makes its attempts with keys of their own, so that it takes one name, too.
#pragma once

#include "kernels/sim/binomial.hpp"
#include "kernels/sim/normal.hpp"
#include "kernels/sim/poisson.hpp"

namespace alfi::inline ALFI_ISA {

/// Numbers of observation `observation` of each lane's episode.
template <class F>
class Variates {
 public:
  ALFI_HD Variates(const Stream<F>& stream, Uint<F> observation) : stream_(stream), observation_(observation) {}

  /// Returns the four words of a name.
  ALFI_HD PhiloxBlock<Uint<F>> words(Uint<F> name) const { return words(name, 0); }

  /// Draws from (0, 1).
  ALFI_HD F uniform(Uint<F> name) const { return alfi::uniform<F>(words(name).word[0]); }

  /// Draws from N(0, 1).
  ALFI_HD F normal(Uint<F> name) const { return normal_of(words(name)); }

  /// Draws from the exponential law of mean 1.
  ALFI_HD F exponential(Uint<F> name) const { return -log_of_normal(uniform_fine<F>(words(name).word[0])); }

  /// Draws from the gamma law of scale 1, for 1e-30 ≤ shape ≤ 1e30; else NaN.
  ALFI_HD F gamma(Uint<F> name, F shape) const {
    F log;
    return gamma(name, shape, log);
  }

  /// Draws from the beta law, for a and b from 1e-30 to 1e30; else NaN.
  ALFI_HD F beta(Uint<F> name, F a, F b) const {
    // X / (X + Y) of two gamma numbers; by their logarithms where a small shape makes them too small for float. The
    // second one's words are those of a name that cannot be given: its key is another.
    F log_x, log_y;
    const F x = gamma(name, a, log_x), y = Variates(stream_.other(most_attempts), observation_).gamma(name, b, log_y);
    return select((a >= 1.0f) & (b >= 1.0f), x / (x + y), sigmoid(log_x - log_y));
  }

  /// Draws a count of this mean, 0 ≤ mean ≤ e¹⁶; else NaN.
  ALFI_HD F poisson(Uint<F> name, F mean) const {
    const Mask<F> valid = (mean >= 0.0f) & (mean <= Poisson::largest_rate);
    const auto law = Poisson::law_of_rate<F>(select(valid, mean, F{}));
    Mask<F> pending = law.large;
    Array<F, 1> count = {};
    for (std::uint32_t attempt = 0;; ++attempt) {
      const PhiloxBlock<Uint<F>> block = words(name, attempt);
      if (attempt == 0 && any(!law.large)) {
        const Array<F, 1> u = {uniform_fine<F>(block.word[0])};
        Poisson::invert<1>(law, 1, u, count);
      }
      if (!any(pending)) break;
      Poisson::attempt(law, block.word[0], block.word[1], pending, count[0]);
    }
    return select(valid, count[0], not_a_number());
  }

  /// Draws the number of successes of n tries, of probability p each: n whole, 0 ≤ n ≤ 2²⁴, and 0 ≤ p ≤ 1; else NaN.
  ALFI_HD F binomial(Uint<F> name, F n, F p) const {
    const Binomial<F> law(n, p);
    Mask<F> pending = law.large();
    F count{};
    for (std::uint32_t attempt = 0;; ++attempt) {
      const PhiloxBlock<Uint<F>> block = words(name, attempt);
      if (attempt == 0) law.invert(uniform_fine<F>(block.word[0]), count);
      if (!any(pending)) break;
      law.attempt(block.word[0], block.word[1], pending, count);
    }
    return law.finish(count);
  }

  /// Draws the number of failures before the first success, each try of probability p, 0 < p ≤ 1; else NaN.
  ALFI_HD F geometric(Uint<F> name, F p) const {
    const F failures = floor(log_of_normal(uniform_fine<F>(words(name).word[0])) / log1p(-p));
    return select((p > 0.0f) & (p < 1.0f), failures, select(p == 1.0f, F{}, not_a_number()));
  }

  /// Draws a whole number below n ≥ 1, each alike (Lemire 2019, "Fast random integer generation in an interval").
  ALFI_HD Uint<F> below(Uint<F> name, std::uint32_t n) const {
    const std::uint32_t rest = (0u - n) % n;  // of 2³² over n: as many products are too many
    Uint<F> number{};
    Mask<F> pending = Mask<F>{} == Mask<F>{};
    for (std::uint32_t attempt = 0; any(pending); ++attempt) {
      const PhiloxBlock<Uint<F>> block = words(name, attempt);
      for (int i = 0; i < 4; ++i) {
        Uint<F> high, low;
        multiply_wide(block.word[i], n, high, low);
        const Mask<F> taken = pending & (low >= rest);
        number = select(taken, high, number);
        pending = pending & !taken;
      }
    }
    return number;
  }

 private:
  static constexpr float least_shape = 1e-30f, largest_shape = 1e30f;
  /// Beyond any number of attempts: half of all are accepted, or more.
  static constexpr std::uint32_t most_attempts = 1u << 16;

  static ALFI_HD F not_a_number() { return splat<F>(__builtin_nanf("")); }

  ALFI_HD PhiloxBlock<Uint<F>> words(Uint<F> name, std::uint32_t attempt) const {
    return stream_.other(attempt).block_of_each(observation_, name);
  }

  static ALFI_HD F normal_of(const PhiloxBlock<Uint<F>>& block) {
    F sin, cos;
    sincos_turns(alfi::uniform<F>(block.word[1]), sin, cos);
    return sqrt(-2.0f * log_of_normal(uniform_fine<F>(block.word[0]))) * cos;
  }

  /// Draws by Marsaglia and Tsang 2000, "A simple method for generating gamma variables": d (1 + w)³ with w = x / 3√d,
  /// x ~ N(0, 1) and d = shape − 1/3 is accepted with probability exp(x²/2 + d − d (1 + w)³ + 3 d log(1 + w)), which is
  /// exp(3 d (log(1 + w) − w + w²/2 − w³/3)): of the fourth order in w, so that nothing cancels where d is large. For
  /// shape < 1 it is a number of shape + 1 times u^(1/shape). `log` is the number's logarithm.
  ALFI_HD F gamma(Uint<F> name, F shape, F& log) const {
    const Mask<F> small = shape < 1.0f;
    const F d = select(small, shape + 1.0f, shape) - 0x1.555556p-2f;
    const F slope = 1.0f / (3.0f * sqrt(d));
    Mask<F> pending = (shape >= least_shape) & (shape <= largest_shape);
    F value = not_a_number(), power{};
    log = not_a_number();
    for (std::uint32_t attempt = 0; any(pending); ++attempt) {
      const PhiloxBlock<Uint<F>> block = words(name, attempt);
      if (attempt == 0) power = select(small, log_of_normal(uniform_fine<F>(block.word[3])) / shape, F{});
      const F w = slope * normal_of(block), base = w + 1.0f;
      const F log_base = log1p(max(w, splat<F>(-0x1.fffffep-1f)));
      const F excess = log_base - w + w * w * fma(w, splat<F>(-0x1.555556p-2f), splat<F>(0.5f));
      // −w⁴ (1/4 − w/5 + w²/6 − …)
      const F near = -(w * w) * (w * w) *
                     polynomial(w, 0.25f, -0.2f, 1.0f / 6, -1.0f / 7, 0.125f, -1.0f / 9, 0.1f, -1.0f / 11, 1.0f / 12,
                                -1.0f / 13, 1.0f / 14, -1.0f / 15);
      const F most = 3.0f * d * select(abs(w) < 0.25f, near, excess);
      const Mask<F> accepted = pending & (base > 0.0f) & (log_of_normal(uniform_fine<F>(block.word[2])) <= most);
      // d + d (3 w + 3 w² + w³), where 1 + w would lose w's last digits.
      const F cube = select(abs(w) < 0.25f, fma(d * w, fma(w, w + 3.0f, splat<F>(3.0f)), d), d * base * base * base);
      value = select(accepted, select(power < 0.0f, cube * exp(power), cube), value);
      log = select(accepted, alfi::log(d) + 3.0f * log_base + power, log);
      pending = pending & !accepted;
    }
    return value;
  }

  Stream<F> stream_;
  Uint<F> observation_;
};

}  // namespace alfi::inline ALFI_ISA
