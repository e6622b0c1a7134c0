// Facts that a simulator says of itself, in its struct: name, parameters with units and priors, observations,
// constants, price.
//
//   static constexpr auto facts = simulator("poisson", "counts with an unknown rate")
//                                     .parameter("log_rate", "log counts", uniform(0.2, 7))
//                                     .observations(1, whole(0, infinity), "counts");
//
// The host reads facts at run time. Device code reads them in constant expressions alone.
#pragma once

#include "alfi/prior.hpp"

namespace alfi {

/// In the place of a number that only a configuration says.
inline constexpr int any_size = 0;

/// Parameters a simulator of any size can have at most: a kernel is handed θ of a sample as an argument.
inline constexpr int most_parameters = 64;

/// Numbers in [low, high], whole ones if `is_whole`.
struct NumberKind {
  bool is_whole;
  double low, high;
};
constexpr NumberKind real(double low, double high) { return {false, low, high}; }
constexpr NumberKind whole(double low, double high) { return {true, low, high}; }

struct ParameterFacts {
  const char *name, *unit;
  PriorLaw law;
  bool repeated;  ///< there are as many as the simulator's constant says, with their number behind the name
};

struct ObservationFacts {
  int dimension;  ///< X; any_size: as many numbers as θ has
  NumberKind kind;
  const char* meaning;  ///< a plural noun
};

/// A constant that a configuration may give: a whole number in [least, most].
struct ConstantFacts {
  const char *name, *meaning;
  int least, most, usual;
};

struct SimulatorFacts {
  static constexpr int most_kinds = most_parameters, most_constants = 1;

  const char *name, *description;
  ParameterFacts parameters[most_kinds];
  int parameter_count;  ///< kinds of parameters, where one of them is repeated
  ObservationFacts observation;
  ConstantFacts constants[most_constants];
  int constant_count;
  /// Operations a core could have done with nothing but fma in the time it draws a number of an observation, by
  /// bench/kernel_benchmarks.cpp with AVX-512.
  double number_price;
  bool is_finite;  ///< observations are numbers wherever θ is in the domain

  /// Returns the number D of parameters; any_size where one is repeated.
  constexpr int dimension() const {
    for (int i = 0; i < parameter_count; ++i)
      if (parameters[i].repeated) return any_size;
    return parameter_count;
  }

  constexpr PriorLaw law(int kind) const { return parameters[kind].law; }

  constexpr SimulatorFacts parameter(const char* called, const char* unit, PriorLaw law) const {
    return with_parameter({.name = called, .unit = unit, .law = law, .repeated = false});
  }
  constexpr SimulatorFacts repeated_parameter(const char* called, const char* unit, PriorLaw law) const {
    return with_parameter({.name = called, .unit = unit, .law = law, .repeated = true});
  }
  constexpr SimulatorFacts observations(int numbers, NumberKind kind, const char* meaning) const {
    SimulatorFacts more = *this;
    more.observation = {numbers, kind, meaning};
    return more;
  }
  constexpr SimulatorFacts constant(const char* called, const char* meaning, int least, int most, int usual) const {
    SimulatorFacts more = *this;
    more.constants[more.constant_count++] = {
        .name = called, .meaning = meaning, .least = least, .most = most, .usual = usual};
    return more;
  }
  /// Promises that observations are numbers wherever θ is in the domain: none is looked for that is not.
  constexpr SimulatorFacts always_finite() const {
    SimulatorFacts more = *this;
    more.is_finite = true;
    return more;
  }
  constexpr SimulatorFacts price(double of_a_number) const {
    SimulatorFacts more = *this;
    more.number_price = of_a_number;
    return more;
  }

 private:
  constexpr SimulatorFacts with_parameter(ParameterFacts added) const {
    SimulatorFacts more = *this;
    more.parameters[more.parameter_count++] = added;
    return more;
  }
};

constexpr SimulatorFacts simulator(const char* name, const char* description) {
  SimulatorFacts facts{};
  facts.name = name;
  facts.description = description;
  return facts;
}

}  // namespace alfi
