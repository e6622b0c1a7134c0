#include "src/exact.hpp"

#include <fmt/format.h>

#include "alfi/error.hpp"

namespace alfi {

std::unique_ptr<ExactInference> make_exact_inference(std::string_view simulator) {
  if (simulator == "poisson") return make_exact_poisson();
  if (simulator == "gaussian") return make_exact_gaussian();
  if (simulator == "weinberg") return make_exact_weinberg();
  throw InputError(fmt::format(
      "simulator: exact inference is not known for '{}' (allowed: gaussian, poisson, weinberg)", simulator));
}

}  // namespace alfi
