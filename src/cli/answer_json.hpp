// Answers as JSON objects.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "alfi/machine.hpp"

namespace alfi::cli {

/// A line of an answer: a parameter, or e to the power of one that is a logarithm. NaN where a number is not known.
struct AnswerLine {
  std::string name, unit;
  double estimate, deviation, lower, upper, maximum_likelihood;
};

/// Makes the lines of an answer; `maximum_likelihood` (D) may be empty.
std::vector<AnswerLine> lines_of(const Posterior& posterior, const std::vector<double>& maximum_likelihood);

/// Says what machine answered.
nlohmann::ordered_json json_of(const Machine& machine);
/// Appends an answer to a set of `count` observations. What is NaN becomes null.
void append_answer(nlohmann::ordered_json& json, int count, const Posterior& posterior,
                   const std::vector<AnswerLine>& lines);

}  // namespace alfi::cli
