// Machine::combine: one posterior of several sets that share θ.
//
// With the prior p and posteriors q_k given each set, the posterior given all is ∝ p^(1 − K) Π q_k. On the machine's
// scale the prior is constant between its ends, or N(0, I), and so all is Gaussian: precisions add up, less K − 1 times
// the prior's.
#include <fmt/format.h>
#include <xxhash.h>

#include <Eigen/Dense>
#include <algorithm>
#include <string>
#include <utility>

#include "alfi/error.hpp"
#include "alfi/machine.hpp"
#include "kernels/choice_facts.hpp"
#include "src/machine/estimates.hpp"
#include "src/machine/fit.hpp"
#include "src/model/checkpoint.hpp"
#include "src/model/truncated_law.hpp"
#include "src/simulators/parameter_scale.hpp"

namespace alfi {
namespace {

using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

Eigen::MatrixXd precision_of(const Posterior& posterior) {
  const auto D = static_cast<Eigen::Index>(posterior.standard.mean.size());
  const auto deviation = Eigen::VectorXd::Map(posterior.standard.deviation.data(), D).asDiagonal();
  const Eigen::MatrixXd correlation = posterior.correlation.empty()
                                          ? Eigen::MatrixXd::Identity(D, D)
                                          : Eigen::MatrixXd(RowMajor::Map(posterior.correlation.data(), D, D));
  return (deviation * correlation * deviation).inverse();
}

/// Returns the precision of the prior on the machine's scale: 1 of a normal one, 0 of one that is constant.
Eigen::VectorXd prior_precision(const SimulatorInfo& simulator) {
  Eigen::VectorXd precision = Eigen::VectorXd::Zero(static_cast<Eigen::Index>(simulator.parameters.size()));
  for (Eigen::Index d = 0; d < precision.size(); ++d) {
    const ParameterInfo& p = simulator.parameters[static_cast<std::size_t>(d)];
    if (works_on_scores(p) || p.prior == Prior::normal)
      precision[d] = 1;
    else if (p.prior != Prior::uniform)
      throw InputError(fmt::format(
          "answers cannot be combined: the machine works on {} itself, whose prior is neither uniform nor normal; one "
          "trained with parameters.space: normal can",
          p.name));
  }
  return precision;
}

}  // namespace

Posterior Machine::combine(std::span<const Posterior> posteriors) const {
  if (posteriors.empty()) throw InputError("there are no answers to combine, at least one is needed");
  const SimulatorInfo& simulator = checkpoint_->plan.simulator;
  if (!has_density(configuration().proposal.family))
    throw InputError("proposal.family = point: estimates without a law cannot be combined");
  const Eigen::VectorXd prior = prior_precision(simulator);
  const Eigen::Index D = prior.size();
  Eigen::MatrixXd precision = -(static_cast<double>(posteriors.size()) - 1) * Eigen::MatrixXd(prior.asDiagonal());
  Eigen::VectorXd weighted = Eigen::VectorXd::Zero(D);
  Posterior all = posteriors.front();
  all.parameters.clear();
  all.warnings.clear();
  all.fit = combined_fit(posteriors);
  if (std::string poor = poor_fit_of_sets(posteriors, all.fit); !poor.empty())
    all.warnings.push_back({Doubt::poor_fit, std::move(poor)});
  all.used = 0;
  std::vector<std::uint64_t> seeds;
  for (const Posterior& posterior : posteriors) {
    const Eigen::MatrixXd of = precision_of(posterior);
    precision += of;
    weighted += of * Eigen::VectorXd::Map(posterior.standard.mean.data(), D);
    all.used += posterior.used;
    seeds.push_back(posterior.seed);
    for (const Warning& warning : posterior.warnings)
      if (warning.doubt != Doubt::poor_fit &&
          std::ranges::none_of(all.warnings, [&](const Warning& w) { return w.doubt == warning.doubt; }))
        all.warnings.push_back(warning);
  }
  const Eigen::LLT<Eigen::MatrixXd> factor(precision);
  if (factor.info() != Eigen::Success)
    throw InputError(
        fmt::format("the {} answers cannot be combined: together they are wider than the prior", posteriors.size()));
  const Eigen::VectorXd mean = factor.solve(weighted);
  const Eigen::MatrixXd covariance = factor.solve(Eigen::MatrixXd::Identity(D, D));
  const Eigen::VectorXd deviation = covariance.diagonal().cwiseSqrt();
  all.standard = {{mean.data(), mean.data() + D}, {deviation.data(), deviation.data() + D}};
  if (!all.correlation.empty())
    RowMajor::Map(all.correlation.data(), D, D) =
        deviation.cwiseInverse().asDiagonal() * covariance * deviation.cwiseInverse().asDiagonal();
  all.seed = XXH3_64bits(seeds.data(), seeds.size() * sizeof(std::uint64_t));
  add_estimates(law_of(all, simulator), simulator, all);
  return all;
}

}  // namespace alfi
