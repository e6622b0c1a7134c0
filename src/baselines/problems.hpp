// Problems that a baseline is given: those of a tile, and a simulator whose calls are counted. Parameters and
// observations are standardised, as a machine sees them: the prior's mean is 0, its deviation 1.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "src/baselines/random.hpp"
#include "src/engine/tile_simulations.hpp"

namespace alfi::baselines {

struct Problems {
  std::span<const ParameterInfo> priors;       ///< (D)
  std::span<const ParameterUnits> parameters;  ///< (D)
  int X, first;                                ///< `first` is the number of the tile's first episode
  std::vector<std::vector<float>> real;        ///< x* (R, X) of each episode
  PhiloxKey key;

  int D() const { return static_cast<int>(parameters.size()); }
  int episodes() const { return static_cast<int>(real.size()); }
  /// Returns the random numbers of each episode, from their beginnings.
  std::vector<Random> random() const;
  /// Returns parameter d, standardised, at which its prior has the distribution function that N(0, 1) has at z.
  /// Searches go over z: there the prior is N(0, 1), where they begin, and they do not leave it.
  double parameter(int d, double z) const;
};

/// Observations of parameters of the tile's episodes, which are its lanes; each is counted.
class Simulations {
 public:
  /// Allows at most `calls` observations an episode. `spent` is told of every draw, by its observations of all
  /// episodes; what it throws ends the method.
  Simulations(const HostSimulator& simulator, Transform transform, const Normalisation& normalisation, PhiloxKey key,
              const Problems& problems, std::int64_t calls, std::function<void(std::int64_t)> spent);

  /// Returns how many observations an episode may still make.
  std::int64_t left() const { return left_; }

  /// Returns θ of the next draw (parameters, D, 16), zeros to begin with.
  std::span<float> theta(int parameters) { return simulations_.theta(parameters); }
  /// Draws `count` observations of each of them. Throws std::logic_error for more than are left.
  void draw(int parameters, int count);
  /// Copies the observations of one parameter of one episode into x (count, X), without those that are no numbers.
  void observations(int parameter, int episode, std::vector<float>& x) const {
    simulations_.observations(parameter, episode, x);
  }

 private:
  TileSimulations simulations_;
  int episodes_;
  std::int64_t left_;
  std::function<void(std::int64_t)> spent_;
};

/// A method: its estimates (episodes, D).
using Method = std::vector<double> (*)(const Problems&, Simulations&);

/// Estimates by separable natural evolution strategies on the energy distance to the real observations.
std::vector<double> estimate_by_nes(const Problems& problems, Simulations& simulations);
/// Estimates by adversarial variational optimization.
std::vector<double> estimate_by_avo(const Problems& problems, Simulations& simulations);
/// Estimates by rejection ABC on the energy distance.
std::vector<double> estimate_by_abc(const Problems& problems, Simulations& simulations);

}  // namespace alfi::baselines
