#include "src/evaluation/more_iterations.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/choice_facts.hpp"
#include "src/evaluation/replicates.hpp"

namespace alfi {
namespace {

/// Each takes as long as an answer. What ruins a machine is seen in any of them.
constexpr int problems = 16;
/// Nats by which the mean loss may rise, and part by which the mean error of a machine without a density may.
constexpr double most_nats = 0.5, most_error = 0.25;

/// Trained iterations, twice as many and so on, and those asked for.
std::vector<int> tried_iterations(int trained, int asked) {
  std::vector<int> tried;
  for (std::int64_t t = trained; t < asked; t *= 2) tried.push_back(static_cast<int>(t));
  tried.push_back(asked);
  return tried;
}

}  // namespace

MoreIterations try_more_iterations(Engine& engine, std::span<const float> weights) {
  const Plan& plan = engine.plan();
  const int T = plan.configuration.evaluation.iterations, D = plan.shape.D;
  const std::vector<int> tried = tried_iterations(plan.configuration.episode.iterations, T);
  const bool density = has_density(plan.configuration.proposal.family);
  std::vector<std::vector<double>> judged(problems, std::vector<double>(tried.size()));
  engine.rollout(evaluation_rollouts(plan, problems), T, weights, [&](const FinishedTile& finished) {
    const TileAnswers answers(plan, finished);
    for (int i = 0; i < answers.problems(); ++i) {
      std::vector<double> truth;
      for (int d = 0; d < D; ++d) truth.push_back(answers.truth(i, d));
      for (std::size_t k = 0; k < tried.size(); ++k)
        judged[static_cast<std::size_t>(answers.first() + i)][k] =
            density ? answers.answer(i, tried[k]).loss(truth) : answers.error(i, tried[k]);
    }
  });
  std::vector<double> mean(tried.size(), 0);
  for (const std::vector<double>& of_problem : judged)
    for (std::size_t k = 0; k < tried.size(); ++k) mean[k] += of_problem[k] / problems;
  std::vector<std::string> parts;
  for (std::size_t k = 0; k < tried.size(); ++k) parts.push_back(fmt::format("{:.4g} after {}", mean[k], tried[k]));
  const double most = density ? mean.front() + most_nats : mean.front() * (1 + most_error);
  return {!(mean.back() <= most), fmt::format("Of {} problems its mean {} is {} iterations.", problems,
                                              density ? "loss, nats," : "error", fmt::join(parts, ", "))};
}

}  // namespace alfi
