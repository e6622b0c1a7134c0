// The update of the weights on this machine's cores.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/launch/host_kernels.hpp"
#include "src/model/training_state.hpp"

namespace alfi {

/// Facts of a training that an update needs to know.
struct UpdatePlan {
  int episodes;      ///< B
  double clip_norm;  ///< 0: no clipping
  double average_decay;
};

/// Updates the state by the gradient whose partial sums and squares `optimizer` has a place for (the rest of it is
/// filled in here), and says what the step came to. `report` has what the tiles left; its sums are filled in here.
StepOutput update_on_host(const HostKernels& kernels, Optimizer<float> optimizer, const UpdatePlan& plan, float rate,
                          BatchReport<float> report, TrainingState& state);

}  // namespace alfi
