// Observations of parameters of one's own, a tile's lanes at a time, standardised as a machine sees them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "src/model/model.hpp"
#include "src/simulators/simulators.hpp"

namespace alfi {

/// The functions, units and normalisation it is given must outlive it.
class TileSimulations {
 public:
  /// Simulates observations (X) of θ (D); lane l's random numbers are those that the key names of episode `episode[l]`.
  TileSimulations(const HostSimulator& simulator, int X, std::span<const ParameterUnits> units, Transform transform,
                  const Normalisation& normalisation, PhiloxKey key,
                  std::span<const std::uint32_t, tile_lanes> episode);

  /// Returns θ of the next draw (parameters, D, 16), zeros to begin with.
  std::span<float> theta(int parameters);
  /// Draws `count` observations of each of them. No two draws share random numbers.
  void draw(int parameters, int count);
  /// Copies the observations of one parameter of one lane into x (count, X), without those that are no numbers.
  void observations(int parameter, int lane, std::vector<float>& x) const;

 private:
  const HostSimulator& simulator_;
  int X_;
  std::span<const ParameterUnits> parameter_units_;
  ObservationUnits<float> units_;
  PhiloxKey key_;
  std::uint32_t episode_[tile_lanes];
  std::uint32_t row_ = 0;
  int parameters_ = 0, count_ = 0;  // of the latest draw
  std::vector<float> theta_, x_;
};

}  // namespace alfi
