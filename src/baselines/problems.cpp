#include "src/baselines/problems.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

#include "src/simulators/parameter_scale.hpp"

namespace alfi::baselines {

std::vector<Random> Problems::random() const {
  std::vector<Random> random;
  random.reserve(static_cast<std::size_t>(episodes()));
  for (int b = 0; b < episodes(); ++b) random.emplace_back(key, first + b);
  return random;
}

double Problems::parameter(int d, double z) const { return standard_of_score(priors[static_cast<std::size_t>(d)], z); }

namespace {

/// Numbers the lanes as the tile's episodes are; those without one repeat the last.
std::array<std::uint32_t, tile_lanes> episode_numbers(const Problems& problems) {
  std::array<std::uint32_t, tile_lanes> numbers{};
  for (int lane = 0; lane < tile_lanes; ++lane)
    numbers[static_cast<std::size_t>(lane)] =
        static_cast<std::uint32_t>(problems.first + std::min(lane, problems.episodes() - 1));
  return numbers;
}

}  // namespace

Simulations::Simulations(const HostSimulator& simulator, Transform transform, const Normalisation& normalisation,
                         PhiloxKey key, const Problems& problems, std::int64_t calls,
                         std::function<void(std::int64_t)> spent)
    : simulations_(simulator, problems.X, problems.parameters, transform, normalisation, key,
                   episode_numbers(problems)),
      episodes_(problems.episodes()),
      left_(calls),
      spent_(std::move(spent)) {}

void Simulations::draw(int parameters, int count) {
  const std::int64_t calls = std::int64_t{parameters} * count;
  if (calls > left_)
    throw std::logic_error(fmt::format("a baseline asks for {} observations; it has {} left", calls, left_));
  left_ -= calls;
  simulations_.draw(parameters, count);
  spent_(calls * episodes_);
}

}  // namespace alfi::baselines
