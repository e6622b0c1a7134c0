// Runs the summary of a step on made-up numbers, on any team.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/launch/report.hpp"

namespace alfi::test {

struct StepReport {
  std::vector<float> loss;
  std::vector<std::int32_t> clamped, left_out;
  UpdateCounts counts{5, 2};
  StepOutput output{};

  /// Concludes a step; launch(body) runs body(team) on every thread of a team.
  template <class Launch>
  void conclude(int episodes, float norm, Launch launch) {
    double loss_sums[sum_places];
    std::int64_t clamped_sums[sum_places], left_out_sums[sum_places];
    Optimizer<float> optimizer{};
    optimizer.norm = &norm;
    optimizer.counts = &counts;
    launch([&](const auto& team) {
      conclude_step(team, optimizer,
                    {.loss = loss.data(),
                     .clamped = clamped.data(),
                     .left_out = left_out.data(),
                     .loss_sums = loss_sums,
                     .clamped_sums = clamped_sums,
                     .left_out_sums = left_out_sums},
                    episodes, output);
    });
  }
};

/// Makes the report of 37 episodes in three tiles, numbered 0, 1, 2, …; the empty lanes hold zeros.
inline StepReport numbered_report() {
  StepReport step;
  for (int b = 0; b < 48; ++b) {
    step.loss.push_back(b < 37 ? 0.5F * static_cast<float>(b) : 0.0F);
    step.clamped.push_back(b < 37 ? b : 0);
    step.left_out.push_back(b < 37 ? 2 * b : 0);
  }
  return step;
}

}  // namespace alfi::test
