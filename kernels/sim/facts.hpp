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

/// A constant that a configuration may give: a number in [low, high], a whole one if `is_whole`. A header's are
/// compiled in: `value` is the one that was given, or the usual one.
struct ConstantFacts {
  const char *name, *meaning;
  bool is_whole;
  double low, high, usual, value;
};

/// Constants that a configuration gave a header that is being compiled; a last one without a name.
struct GivenConstant {
  const char* name;
  double value;
};
inline constexpr GivenConstant given_constants[] = {
#ifdef ALFI_CONSTANTS
#include ALFI_CONSTANTS
#endif
    {nullptr, 0}};

constexpr bool same_name(const char* a, const char* b) {
  while (*a != '\0' && *a == *b) ++a, ++b;
  return *a == *b;
}
constexpr double given_or(const char* name, double usual) {
  for (const GivenConstant& given : given_constants)
    if (given.name != nullptr && same_name(given.name, name)) return given.value;
  return usual;
}

template <class T>
inline constexpr bool is_whole_number = T(0.5f) == T(0);

/// Is not defined, so that a constant expression cannot ask for a constant that there is not.
double there_is_no_constant_of_this_name();

struct SimulatorFacts {
  static constexpr int most_kinds = most_parameters, most_constants = 16;

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
  /// Adds a constant, a whole one where its three numbers are of whole types.
  template <class Low, class High, class Usual>
  constexpr SimulatorFacts constant(const char* called, const char* meaning, Low low, High high, Usual usual) const {
    SimulatorFacts more = *this;
    more.constants[more.constant_count++] = {
        .name = called,
        .meaning = meaning,
        .is_whole = is_whole_number<Low> && is_whole_number<High> && is_whole_number<Usual>,
        .low = static_cast<double>(low),
        .high = static_cast<double>(high),
        .usual = static_cast<double>(usual),
        .value = given_or(called, static_cast<double>(usual))};
    return more;
  }
  /// Returns the value that a constant has in this compilation.
  constexpr double constant(const char* called) const {
    for (int i = 0; i < constant_count; ++i)
      if (same_name(constants[i].name, called)) return constants[i].value;
    return there_is_no_constant_of_this_name();
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
