#include "src/model/episodes.hpp"

namespace alfi {

StepInput step_input(const Episodes& episodes, double beta) {
  const auto key = [&episodes](Purpose purpose, std::uint64_t step) {
    return stream_key(episodes.seed, episodes.phase, purpose, step);
  };
  // Fixed problems are the same at every step.
  const std::uint64_t step = episodes.step, problem = episodes.problems > 0 ? 0 : step;
  return {{key(Purpose::truth, problem), key(Purpose::real_count, problem), key(Purpose::real_set, problem),
           key(Purpose::start, step), key(Purpose::propose, step), key(Purpose::observe, step)},
          step * static_cast<std::uint64_t>(episodes.count),
          beta};
}

}  // namespace alfi
