#include "src/report/figures.hpp"

namespace alfi::report {

std::vector<Figure> figures(const Subject& subject) {
  std::vector<Figure> all{training_figure(subject), error_by_iteration_figure(subject), error_boxes_figure(subject),
                          recovery_figure(subject), before_after_figure(subject)};
  if (subject.simulator.parameters.size() == 2) all.push_back(proposal_figure(subject));
  for (const auto make :
       {starts_figure, calibration_figure, coverage_figure, contraction_figure, observations_figure, energy_figure})
    all.push_back(make(subject));
  return all;
}

}  // namespace alfi::report
