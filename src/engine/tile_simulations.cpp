#include "src/engine/tile_simulations.hpp"

#include <algorithm>

#include "src/engine/failures.hpp"

namespace alfi {

TileSimulations::TileSimulations(const HostSimulator& simulator, int X, std::span<const ParameterUnits> units,
                                 Transform transform, const Normalisation& normalisation, PhiloxKey key,
                                 std::span<const std::uint32_t, tile_lanes> episode)
    : simulator_(simulator),
      X_(X),
      parameter_units_(units),
      units_{transform, normalisation.mean.data(), normalisation.scale.data()},
      key_(key) {
  std::ranges::copy(episode, episode_);
}

std::span<float> TileSimulations::theta(int parameters) {
  theta_.resize(static_cast<std::size_t>(parameters * tile_lanes) * parameter_units_.size());
  return theta_;
}

void TileSimulations::draw(int parameters, int count) {
  parameters_ = parameters;
  count_ = count;
  const int rows = parameters * count * tile_lanes;
  x_.resize(static_cast<std::size_t>(X_) * static_cast<std::size_t>(rows));
  simulator_.simulate(simulator_.context, units_,
                      {.key = key_,
                       .episode = episode_,
                       .first_row = row_,
                       .parameters = parameters,
                       .count = count,
                       .D = static_cast<int>(parameter_units_.size()),
                       .units = parameter_units_.data(),
                       .pieces = 1,
                       .theta = theta_.data(),
                       .clamped = nullptr,
                       .x = {x_.data(), rows}});
  row_ += static_cast<std::uint32_t>(parameters);
}

void TileSimulations::observations(int parameter, int lane, std::vector<float>& x) const {
  const std::size_t rows = x_.size() / static_cast<std::size_t>(X_);
  x.resize(static_cast<std::size_t>(count_) * static_cast<std::size_t>(X_));
  auto value = x.begin();
  for (int n = 0; n < count_; ++n)
    for (int k = 0; k < X_; ++k)
      *value++ = x_[static_cast<std::size_t>(k) * rows +
                    static_cast<std::size_t>((parameter * count_ + n) * tile_lanes + lane)];
  keep_numbers(x, X_);
}

}  // namespace alfi
