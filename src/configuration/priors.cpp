#include "src/configuration/priors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <string_view>
#include <vector>

#include "src/configuration/kinds.hpp"
#include "src/formats/yaml.hpp"

namespace alfi::configuration {
namespace {

/// A kind of prior: its name, its numbers, and the way from these to the law and back.
struct Form {
  Prior prior;
  std::string_view name, numbers;
  std::size_t count;
  PriorLaw (*law)(std::span<const double>);
  std::vector<double> (*numbers_of)(const PriorLaw&);
};

std::vector<double> ends(const PriorLaw& law) { return {law.low, law.high}; }
std::vector<double> both(const PriorLaw& law) { return {law.first, law.second}; }

using Numbers = std::span<const double>;

const Form forms[] = {
    {Prior::uniform, "uniform", "low, high", 2, [](Numbers n) { return uniform(n[0], n[1]); }, ends},
    {Prior::normal, "normal", "mean, deviation", 2, [](Numbers n) { return normal(n[0], n[1]); },
     [](const PriorLaw& law) {
       return std::vector{law.mean(), law.deviation()};
     }},
    {Prior::log_uniform, "log_uniform", "low, high", 2, [](Numbers n) { return log_uniform(n[0], n[1]); }, ends},
    {Prior::log_normal, "log_normal", "mean, deviation", 2, [](Numbers n) { return log_normal(n[0], n[1]); }, both},
    {Prior::truncated_normal, "truncated_normal", "mean, deviation, low, high", 4,
     [](Numbers n) { return truncated_normal(n[0], n[1], n[2], n[3]); },
     [](const PriorLaw& law) {
       return std::vector{law.first, law.second, law.low, law.high};
     }},
    {Prior::beta, "beta", "a, b", 2, [](Numbers n) { return beta(n[0], n[1]); }, both},
    {Prior::gamma, "gamma", "shape, scale", 2, [](Numbers n) { return gamma(n[0], n[1]); }, both},
    {Prior::exponential, "exponential", "rate", 1, [](Numbers n) { return exponential(n[0]); },
     [](const PriorLaw& law) { return std::vector{law.first}; }},
};

}  // namespace

bool read_prior(const YAML::Node& node, PriorLaw& law) {
  if (!node.IsMap() || node.size() != 1) return false;
  const YAML::Node name = node.begin()->first, value = node.begin()->second;
  const auto form = std::find_if(std::begin(forms), std::end(forms),
                                 [&](const Form& f) { return name.IsScalar() && f.name == name.Scalar(); });
  if (form == std::end(forms)) return false;
  std::vector<double> numbers(form->count);
  if (form->count == 1 && value.IsScalar()) {
    if (!read_number(value, numbers[0])) return false;
  } else {
    if (!value.IsSequence() || value.size() != form->count) return false;
    for (std::size_t i = 0; i < form->count; ++i)
      if (!read_number(value[i], numbers[i])) return false;
  }
  law = form->law(numbers);
  return true;
}

void emit_prior(YAML::Emitter& out, const PriorLaw& law) {
  const auto form =
      std::find_if(std::begin(forms), std::end(forms), [&](const Form& f) { return f.prior == law.prior; });
  out << YAML::Flow << YAML::BeginMap << std::string(form->name) << YAML::BeginSeq;
  for (const double number : form->numbers_of(law)) out << shortest(number);
  out << YAML::EndSeq << YAML::EndMap;
}

std::string prior_forms() {
  std::string text;
  for (const Form& form : forms) text += fmt::format("{}{}: [{}]", text.empty() ? "" : ", ", form.name, form.numbers);
  return text;
}

}  // namespace alfi::configuration
