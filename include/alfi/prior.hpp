// Laws that a parameter's prior can be.
#pragma once

#include "alfi/choices.hpp"

namespace alfi {

inline constexpr double infinity = __builtin_inf();

/// The prior of a parameter. It is 0 outside of [low, high]; a normal one has them four deviations below and above its
/// mean. `first` and `second` are the law's parameters, where low and high do not tell.
struct PriorLaw {
  Prior prior;
  double low, high;
  double first = 0, second = 0;

  constexpr bool operator==(const PriorLaw&) const = default;

  /// Returns the mean of a uniform or normal law.
  constexpr double mean() const { return prior == Prior::normal ? first : 0.5 * (low + high); }
  /// Returns the deviation of a uniform or normal law.
  constexpr double deviation() const {
    return prior == Prior::normal ? second : (high - low) * 0.28867513459481288225;  // 1/√12 of its width
  }
};
constexpr PriorLaw uniform(double low, double high) { return {Prior::uniform, low, high}; }
constexpr PriorLaw normal(double mean, double deviation) {
  return {Prior::normal, mean - 4 * deviation, mean + 4 * deviation, mean, deviation};
}
/// Makes the law whose logarithm is uniform.
constexpr PriorLaw log_uniform(double low, double high) { return {Prior::log_uniform, low, high}; }
/// Makes the law whose logarithm is normal.
constexpr PriorLaw log_normal(double mean_of_log, double deviation_of_log) {
  return {Prior::log_normal, 0, infinity, mean_of_log, deviation_of_log};
}
/// Makes a normal law, cut to [low, high].
constexpr PriorLaw truncated_normal(double mean, double deviation, double low, double high) {
  return {Prior::truncated_normal, low, high, mean, deviation};
}
constexpr PriorLaw beta(double a, double b) { return {Prior::beta, 0, 1, a, b}; }
constexpr PriorLaw gamma(double shape, double scale) { return {Prior::gamma, 0, infinity, shape, scale}; }
constexpr PriorLaw exponential(double rate) { return {Prior::exponential, 0, infinity, rate, 0}; }

}  // namespace alfi
