#include "src/baselines/problems.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "src/engine/failures.hpp"
#include "src/simulators/parameter_scale.hpp"

namespace alfi::baselines {

std::vector<Random> Problems::random() const {
  std::vector<Random> random;
  random.reserve(static_cast<std::size_t>(episodes()));
  for (int b = 0; b < episodes(); ++b) random.emplace_back(key, first + b);
  return random;
}

double Problems::parameter(int d, double z) const { return standard_of_score(priors[static_cast<std::size_t>(d)], z); }

Simulations::Simulations(const HostSimulator& simulator, Transform transform, const Normalisation& normalisation,
                         PhiloxKey key, const Problems& problems, std::int64_t calls,
                         std::function<void(std::int64_t)> spent)
    : simulator_(simulator),
      X_(problems.X),
      episodes_(problems.episodes()),
      parameter_units_(problems.parameters),
      units_{transform, normalisation.mean.data(), normalisation.scale.data()},
      key_(key),
      left_(calls),
      spent_(std::move(spent)) {
  for (int lane = 0; lane < tile_lanes; ++lane)
    episode_[lane] = static_cast<std::uint32_t>(problems.first + std::min(lane, episodes_ - 1));
}

std::span<float> Simulations::theta(int parameters) {
  theta_.resize(static_cast<std::size_t>(parameters * tile_lanes) * parameter_units_.size());
  return theta_;
}

void Simulations::draw(int parameters, int count) {
  const std::int64_t calls = std::int64_t{parameters} * count;
  if (calls > left_)
    throw std::logic_error(fmt::format("a baseline asks for {} observations; it has {} left", calls, left_));
  left_ -= calls;
  parameters_ = parameters;
  count_ = count;
  const int rows = parameters * count * tile_lanes;
  x_.resize(static_cast<std::size_t>(X_ * rows));
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
  spent_(calls * episodes_);
}

void Simulations::observations(int parameter, int episode, std::vector<float>& x) const {
  const int rows = parameters_ * count_ * tile_lanes;
  x.resize(static_cast<std::size_t>(count_ * X_));
  for (int n = 0; n < count_; ++n)
    for (int k = 0; k < X_; ++k)
      x[static_cast<std::size_t>(n * X_ + k)] =
          x_[static_cast<std::size_t>(k * rows + (parameter * count_ + n) * tile_lanes + episode)];
  keep_numbers(x, X_);
}

}  // namespace alfi::baselines
