#include "src/model/standardise.hpp"

#include "kernels/sim/transform.hpp"

namespace alfi {

std::vector<float> standardise(std::span<const float> x, Transform transform, const Normalisation& normalisation) {
  std::vector<float> standard(x.size());
  const std::size_t X = normalisation.mean.size();
  for (std::size_t i = 0; i < x.size(); ++i)
    standard[i] = (transformed<float>(transform, x[i]) - normalisation.mean[i % X]) * normalisation.scale[i % X];
  return standard;
}

}  // namespace alfi
