#include "src/backends/host/host_update.hpp"

#include "src/backends/update_factors.hpp"

namespace alfi {

StepOutput update_on_host(const HostKernels& kernels, Optimizer<float> optimizer, const UpdatePlan& plan, float rate,
                          BatchReport<float> report, TrainingState& state) {
  double loss_sums[sum_places];
  std::int64_t clamped_sums[sum_places], left_out_sums[sum_places];
  report.loss_sums = loss_sums;
  report.clamped_sums = clamped_sums;
  report.left_out_sums = left_out_sums;
  UpdateCounts counts{state.updates, state.skipped};
  const UpdateFactors factors = update_factors(state.updates, plan.average_decay);
  float norm = 0;
  optimizer.weights = state.weights.data();
  optimizer.first_moment = state.first_moment.data();
  optimizer.second_moment = state.second_moment.data();
  optimizer.average = state.average.data();
  optimizer.norm = &norm;
  optimizer.counts = &counts;
  optimizer.factors = &factors;
  optimizer.first_update = &state.updates;
  optimizer.clip_norm = static_cast<float>(plan.clip_norm);
  StepOutput output{};
  kernels.sum_partials(optimizer);
  kernels.update(optimizer, rate, report, plan.episodes, output);
  state.updates = counts.applied;
  state.skipped = counts.skipped;
  return output;
}

}  // namespace alfi
