#include "src/cli/answer_json.hpp"

#include <cmath>

#include "src/machine/fit.hpp"
#include "src/simulators/simulators.hpp"

namespace alfi::cli {

std::vector<AnswerLine> lines_of(const Posterior& posterior, const std::vector<double>& maximum_likelihood) {
  std::vector<AnswerLine> lines, powers;
  for (std::size_t d = 0; d < posterior.parameters.size(); ++d) {
    const ParameterEstimate& p = posterior.parameters[d];
    const double most_likely = maximum_likelihood.empty() ? std::nan("") : maximum_likelihood[d];
    lines.push_back({p.name, p.unit, p.mean, p.deviation, p.lower, p.upper, most_likely});
    if (p.name.starts_with("log_"))
      powers.push_back({p.name.substr(4), p.unit.starts_with("log ") ? p.unit.substr(4) : p.unit, std::exp(p.mean),
                        std::nan(""), std::exp(p.lower), std::exp(p.upper), std::exp(most_likely)});
  }
  lines.insert(lines.end(), powers.begin(), powers.end());
  return lines;
}

nlohmann::ordered_json json_of(const Machine& machine) {
  return {{"simulator", simulator_name(machine.configuration().simulator)}, {"step", machine.step()}};
}

void append_answer(nlohmann::ordered_json& json, int count, const Posterior& posterior,
                   const std::vector<AnswerLine>& lines) {
  json["observations"] = count;
  json["used"] = posterior.used;
  json["replicates"] = posterior.replicates;
  json["level"] = posterior.level;
  json["truncated"] = posterior.truncated;
  json["parameters"] = nlohmann::ordered_json::array();
  for (const AnswerLine& line : lines)
    json["parameters"].push_back({{"name", line.name},
                                  {"unit", line.unit},
                                  {"estimate", line.estimate},
                                  {"deviation", line.deviation},
                                  {"lower", line.lower},
                                  {"upper", line.upper},
                                  {"maximum_likelihood", line.maximum_likelihood}});
  json["correlation"] = nullptr;
  const std::size_t D = posterior.parameters.size();
  for (auto row = posterior.correlation.begin(); row != posterior.correlation.end(); row += std::ptrdiff_t(D))
    json["correlation"].push_back(std::vector<double>(row, row + std::ptrdiff_t(D)));
  for (const auto& [name, number] : numbers_of(posterior.fit)) json["fit"][name] = number;
  json["warnings"] = nlohmann::ordered_json::array();
  for (const Warning& warning : posterior.warnings) json["warnings"].push_back(warning.text);
}

}  // namespace alfi::cli
