// Report of one set of real observations: a machine's answer, and how well it fits.
#pragma once

#include <string>
#include <vector>

#include "alfi/configuration.hpp"
#include "alfi/machine.hpp"
#include "alfi/simulators.hpp"
#include "src/model/truncated_law.hpp"
#include "src/report/figure.hpp"

namespace alfi::report {

struct DataSubject {
  std::string name;  ///< of the data, such as their file
  Configuration configuration;
  SimulatorInfo simulator;
  std::vector<float> data;  ///< (count, X)
  Posterior posterior;
  TruncatedLaw law;                           ///< that the posterior says
  std::vector<double> maximum_likelihood;     ///< (D); empty where it is not known
  std::vector<std::vector<float>> simulated;  ///< at draws of the posterior, each as many as were used
};

Figure posterior_figure(const DataSubject& subject);   ///< density, interval and maximum likelihood of each parameter
Figure prediction_figure(const DataSubject& subject);  ///< histograms of real and simulated observations
Figure fit_figure(const DataSubject& subject);         ///< energy distances of simulated sets and of the data

/// Draws all, in the order of the page.
std::vector<Figure> figures(const DataSubject& subject);

}  // namespace alfi::report
