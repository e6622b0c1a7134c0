#include "src/evaluation/energy_grid.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <random>
#include <utility>

#include "kernels/lanes/lanes.hpp"

namespace alfi {
namespace {

constexpr std::size_t random_directions = 4;

/// Returns the places of a direction's grid: of few directions many, as many as costs allow.
std::size_t places_of(std::size_t directions) { return std::clamp<std::size_t>(64 / directions, 6, 32); }

/// Counts the values that are not above `place`, 16 side by side: compilers leave the plain loop as it is.
int count_below(std::span<const float> values, float place) {
  using F = FloatLanes;
  constexpr std::size_t width = LaneTraits<F>::width;
  const std::size_t whole = values.size() / width * width;
  Int<F> counts{};
  for (std::size_t i = 0; i < whole; i += width) counts -= load<F>(values.data() + i) <= splat<F>(place);
  int count = 0;
  for (std::size_t lane = 0; lane < width; ++lane) count += counts[lane];
  for (std::size_t i = whole; i < values.size(); ++i) count += values[i] <= place ? 1 : 0;
  return count;
}

/// Makes unit vectors (X), which are always the same.
std::vector<std::vector<float>> random_vectors(std::size_t X) {
  std::mt19937 generator(1);  // the standard fixes its numbers, not its distributions'
  std::vector<std::vector<float>> vectors(random_directions, std::vector<float>(X));
  for (std::vector<float>& vector : vectors) {
    double squares = 0;
    for (float& c : vector) {
      c = static_cast<float>(generator()) * 0x1p-31F - 1;
      squares += static_cast<double>(c) * static_cast<double>(c);
    }
    for (float& c : vector) c /= static_cast<float>(std::sqrt(squares));
  }
  return vectors;
}

}  // namespace

EnergyGrid::EnergyGrid(std::span<const float> pool, int X) : X_(static_cast<std::size_t>(X)) {
  for (std::size_t k = 0; k < X_; ++k) directions_.push_back({k, {}, {}, {}, {}});
  if (X_ > 1)
    for (std::vector<float>& vector : random_vectors(X_)) directions_.push_back({0, std::move(vector), {}, {}, {}});
  const std::size_t places = places_of(directions_.size());
  for (Direction& direction : directions_) {
    std::vector<float> sorted = along(direction, pool);
    std::sort(sorted.begin(), sorted.end());
    for (std::size_t j = 0; j < places; ++j) {
      const float place = sorted[(2 * j + 1) * sorted.size() / (2 * places)];
      if (direction.places.empty() || place > direction.places.back()) direction.places.push_back(place);
    }
    const std::vector<float>& at = direction.places;
    for (std::size_t j = 0; j < at.size(); ++j) {
      const auto below = std::upper_bound(sorted.begin(), sorted.end(), at[j]) - sorted.begin();
      direction.below.push_back(static_cast<double>(below) / static_cast<double>(sorted.size()));
      const float left = j == 0 ? sorted.front() : at[j - 1], right = j + 1 == at.size() ? sorted.back() : at[j + 1];
      direction.width.push_back(0.5 * (static_cast<double>(right) - static_cast<double>(left)));
    }
  }
}

std::vector<float> EnergyGrid::along(const Direction& direction, std::span<const float> x) const {
  std::vector<float> values(x.size() / X_);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::span<const float> row = x.subspan(i * X_, X_);
    if (direction.of.empty())
      values[i] = row[direction.axis];
    else
      for (std::size_t k = 0; k < X_; ++k) values[i] += direction.of[k] * row[k];
  }
  return values;
}

EnergyGrid::Measure EnergyGrid::of(std::span<const float> x) const {
  Measure measure{0, {}};
  for (const Direction& direction : directions_) {
    const std::vector<float> values = along(direction, x);
    double last = 0, last_of_pool = 0;  // parts up to the cell
    const auto add_cell = [&](double part, double of_pool) {
      if (of_pool > last_of_pool) measure.parts.push_back((part - last) / std::sqrt(of_pool - last_of_pool));
      last = part;
      last_of_pool = of_pool;
    };
    for (std::size_t j = 0; j < direction.places.size(); ++j) {
      const double part =
          static_cast<double>(count_below(values, direction.places[j])) / static_cast<double>(values.size());
      const double gap = part - direction.below[j];
      measure.distance += 2 * direction.width[j] * gap * gap / static_cast<double>(directions_.size());
      add_cell(part, direction.below[j]);
    }
    add_cell(1, 1);
  }
  return measure;
}

}  // namespace alfi
