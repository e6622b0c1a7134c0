#include "src/training/validation_history.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>

namespace alfi {
namespace {

/// Error, in units of that at the start, up to which it is not called worse: the loss is what is trained, and the mean
/// error of some hundred episodes scatters by a few percent.
constexpr double most_error = 1.1;

}  // namespace

void ValidationHistory::add(std::int64_t step, const Validation& validation) {
  entries_.push_back({step, validation});
  const Entry* const before = best();
  if (std::isfinite(validation.loss) && (before == nullptr || validation.loss < before->validation.loss))
    best_ = static_cast<int>(entries_.size()) - 1;
}

std::string ValidationHistory::worse() const {
  if (entries_.empty() || entries_.front().step != 0) return {};
  const Validation &begin = entries_.front().validation, &end = entries_.back().validation;
  std::vector<std::string> parts;
  const auto compare = [&](const char* what, double before, double after, double allowed) {
    if (!(after <= before * allowed))
      parts.push_back(fmt::format("validation {} is {:.4g}, at the start it was {:.4g}", what, after, before));
  };
  compare("loss", begin.loss, end.loss, 1);
  compare("error", begin.error, end.error, most_error);
  return fmt::format("{}", fmt::join(parts, "; "));
}

}  // namespace alfi
