#include "src/model/training_state.hpp"

#include "src/model/model.hpp"

namespace alfi {

TrainingState initial_state(const Layout& layout, std::uint64_t seed) {
  TrainingState state;
  state.weights = state.average = initial_weights(layout, seed);
  state.first_moment.assign(state.weights.size(), 0.0F);
  state.second_moment.assign(state.weights.size(), 0.0F);
  return state;
}

}  // namespace alfi
