#include "src/evaluation/left_out.hpp"

#include <algorithm>

#include "src/numerics/statistics.hpp"
#include "src/simulators/parameter_scale.hpp"

namespace alfi {

LeftOutByTenth::LeftOutByTenth(const std::vector<ParameterInfo>& parameters) : counts_(parameters.size()) {
  for (const ParameterInfo& p : parameters) {
    ends_.emplace_back();
    for (std::size_t i = 0; i < ends_.back().size(); ++i)
      ends_.back()[i] = standard_of_score(p, normal_quantile(static_cast<double>(i + 1) / tenths));
  }
}

void LeftOutByTenth::add(const std::vector<double>& truth, const TileInput<float>& input, int lane) {
  const std::lock_guard<std::mutex> guard(mutex_);
  for (std::size_t d = 0; d < truth.size(); ++d) {
    const auto tenth = std::upper_bound(ends_[d].begin(), ends_[d].end(), truth[d]) - ends_[d].begin();
    Counts& counts = counts_[d][static_cast<std::size_t>(tenth)];
    counts.left_out += static_cast<std::int64_t>(input.left_out[lane]);
    counts.all += static_cast<std::int64_t>(input.left_out[lane] + input.count[lane]);
  }
}

std::vector<std::vector<double>> LeftOutByTenth::by_tenth() const {
  std::vector<std::vector<double>> parts;
  for (const auto& counts : counts_) {
    parts.emplace_back();
    for (const Counts& c : counts) parts.back().push_back(static_cast<double>(c.left_out) / static_cast<double>(c.all));
  }
  return parts;
}

}  // namespace alfi
