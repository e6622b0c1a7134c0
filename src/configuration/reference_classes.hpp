// The classes of the published code that its configurations name: simulators and proposals, and what each is here.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <span>
#include <string_view>
#include <vector>

#include "alfi/choices.hpp"

namespace alfi::reference {

// The constructors of its simulators. A parameter is the seed of Python's random numbers, which the reference then does
// not draw from; or it becomes a parameter of ours; or it is part of our simulator and may have that value only.
struct Parameter {
  enum class Use { seed, ours, fixed };
  std::string_view name;
  Use use;
  std::string_view native = "";     // of ours
  std::vector<double> value = {};   // of fixed: one number, or one for each component of θ
  std::string_view otherwise = "";  // of ours: where it is not given
};

struct SimulatorClass {
  std::string_view name, native;
  std::vector<Parameter> parameters;  // in the constructor's order
  std::size_t by_position;  // number that may stand in a list; `device`, which the reference sets itself, is next
};

const std::vector<SimulatorClass>& simulator_classes();
std::span<const std::string_view> simulator_names();

struct ProposalClass {
  std::string_view name;
  Family native;
};

inline constexpr ProposalClass proposal_classes[] = {{"GaussianProposal", Family::gaussian},
                                                     {"FixedVarianceGaussianProposal", Family::gaussian_fixed},
                                                     {"ConstantProposal", Family::point}};
inline constexpr auto proposal_names = [] {
  std::array<std::string_view, std::size(proposal_classes)> names;
  std::ranges::transform(proposal_classes, names.begin(), &ProposalClass::name);
  return names;
}();

}  // namespace alfi::reference
