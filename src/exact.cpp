#include "src/exact.hpp"

namespace alfi {

std::unique_ptr<ExactInference> make_exact_inference(std::string_view simulator) {
  if (simulator == "poisson") return make_exact_poisson();
  if (simulator == "gaussian") return make_exact_gaussian();
  if (simulator == "weinberg") return make_exact_weinberg();
  if (simulator == "multi_distribution") return make_exact_multi_distribution();
  return nullptr;
}

}  // namespace alfi
