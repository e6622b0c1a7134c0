#include "src/backends/update_factors.hpp"

#include <algorithm>
#include <cmath>

namespace alfi {

UpdateFactors update_factors(std::int64_t updates, double decay) {
  const auto k = static_cast<double>(updates + 1);
  return {static_cast<float>(1 / (1 - std::pow(adam_beta1, k))), static_cast<float>(1 / (1 - std::pow(adam_beta2, k))),
          static_cast<float>(std::min(decay, k / (k + 9)))};
}

}  // namespace alfi
