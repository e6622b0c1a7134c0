// The report's figures, a file for each kind of question.
#pragma once

#include <vector>

#include "alfi/configuration.hpp"
#include "alfi/simulators.hpp"
#include "src/evaluation/diagnostics.hpp"
#include "src/minimisation/optimisation.hpp"
#include "src/report/figure.hpp"
#include "src/report/metrics.hpp"

namespace alfi::report {

/// Subject of a report.
struct Subject {
  Configuration configuration;
  SimulatorInfo simulator;
  Metrics metrics;
  Diagnostics diagnostics;
};

Figure training_figure(const Subject& subject);      ///< loss and validation
Figure before_after_figure(const Subject& subject);  ///< answers of initial weights and of trained ones
Figure error_by_iteration_figure(const Subject& subject);
Figure error_boxes_figure(const Subject& subject);  ///< beside maximum likelihood and the exact posterior
Figure recovery_figure(const Subject& subject);     ///< truth against estimate
Figure starts_figure(const Subject& subject);       ///< influence of the start
Figure calibration_figure(const Subject& subject);  ///< SBC, difference of distribution functions
Figure coverage_figure(const Subject& subject);
Figure contraction_figure(const Subject& subject);   ///< z-score against contraction
Figure observations_figure(const Subject& subject);  ///< histograms of real and regenerated ones
Figure energy_figure(const Subject& subject);        ///< their energy distances
Figure proposal_figure(const Subject& subject);      ///< D = 2: the density on its way, animated

/// Draws all that apply, in the order of the page.
std::vector<Figure> figures(const Subject& subject);

/// Subject of a report on a machine that minimises.
struct MinimisationSubject {
  Configuration configuration;
  Metrics metrics;
  Optimisation optimisation;
  MinimiserPaths paths;
};

/// Draws training and loss by iteration, and for two dimensions the ways over contours.
std::vector<Figure> figures(const MinimisationSubject& subject);

}  // namespace alfi::report
