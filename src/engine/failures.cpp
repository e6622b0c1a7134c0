#include "src/engine/failures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "alfi/error.hpp"
#include "src/simulators/parameter_scale.hpp"

namespace alfi {
namespace {

constexpr std::size_t named = 3;

}  // namespace

void Failures::add(const std::vector<double>& theta, int failed, int all) {
  const std::lock_guard<std::mutex> guard(mutex_);
  failed_ += failed;
  all_ += all;
  if (failed == 0) return;
  // In an order of their own, so that threads do not decide which are named.
  const auto worse = [](const Failed& a, const Failed& b) {
    return a.failed != b.failed ? a.failed > b.failed : a.theta < b.theta;
  };
  Failed added{failed, all, theta};
  worst_.insert(std::upper_bound(worst_.begin(), worst_.end(), added, worse), added);
  if (worst_.size() > named) worst_.pop_back();
}

void Failures::refuse_most(const std::string& where) const {
  if (2 * failed_ <= all_) return;
  std::string message = fmt::format("{:.1f} % of the observations {} are no numbers, such as",
                                    100 * static_cast<double>(failed_) / static_cast<double>(all_), where);
  for (const Failed& failed : worst_) {
    message += fmt::format("{} {} of {} at", &failed == worst_.data() ? "" : ",", failed.failed, failed.all);
    for (std::size_t d = 0; d < failed.theta.size(); ++d)
      message += fmt::format("{} {} = {:.6g}", d == 0 ? "" : ",", parameters_[d].name,
                             natural_of(parameters_[d], failed.theta[d]));
  }
  throw RunError(message + ". A simulator that fails there should have another prior or a domain (clamp)");
}

std::vector<double> truth_of(const Tile<float>& tile, int D, int lane) {
  std::vector<double> theta;
  for (int d = 0; d < D; ++d) theta.push_back(static_cast<double>(tile.truth[d * tile_lanes + lane]));
  return theta;
}

void keep_numbers(std::vector<float>& x, int X) {
  const auto is_number = [](float value) { return std::isfinite(value); };
  if (std::all_of(x.begin(), x.end(), is_number)) return;  // nothing need be moved
  const auto columns = static_cast<std::size_t>(X);
  std::size_t kept = 0;
  for (std::size_t row = 0; row < x.size(); row += columns) {
    const auto begin = x.begin() + static_cast<std::ptrdiff_t>(row), end = begin + X;
    if (!std::all_of(begin, end, is_number)) continue;
    std::copy(begin, end, x.begin() + static_cast<std::ptrdiff_t>(kept));
    kept += columns;
  }
  x.resize(kept);
}

}  // namespace alfi
