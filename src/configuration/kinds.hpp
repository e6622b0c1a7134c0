// The kinds of value that a configuration's keys have.
//
// Each has: read(node, configuration), false where the node is not such a value; valid(configuration); emit(out,
// configuration); allowed(), which completes "must be ...".
#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "alfi/configuration.hpp"
#include "src/configuration/names.hpp"
#include "src/configuration/priors.hpp"
#include "src/formats/yaml.hpp"

namespace alfi::configuration {

// Writes fmt's shortest text that reads back to an equal double.
inline std::string shortest(double value) { return fmt::format("{}", value); }

// The member of a member ... of the configuration, as a type: at<&C::episode, &C::Episode::thetas>.
using C = Configuration;
template <auto... steps>
struct At {
  // clang-format off
  auto& operator()(auto& configuration) const { return (configuration .* ... .* steps); }
  // clang-format on
};
template <auto... steps>
constexpr At<steps...> at;

// Access of a kind to its value: at<...>, its type forgotten.
template <typename Value>
struct Member {
  Value& (*of)(Configuration&);
  const Value& (*in)(const Configuration&);
  template <auto... steps>
  constexpr Member(At<steps...>)
      : of([](Configuration& configuration) -> Value& { return at<steps...>(configuration); }),
        in([](const Configuration& configuration) -> const Value& { return at<steps...>(configuration); }) {}
};

// One of a list of names: of an enumeration, or of the simulators, whose name is itself the value.
struct Choice {
  std::vector<std::string_view> (*names)();
  std::string (*name)(const Configuration&);
  void (*choose)(Configuration&, std::string_view);  // one of the names

  template <auto... steps>
  constexpr Choice(At<steps...>) {
    using Value = std::remove_cvref_t<std::invoke_result_t<At<steps...>, Configuration&>>;
    names = [] { return std::vector<std::string_view>(std::begin(names_of<Value>), std::end(names_of<Value>)); };
    name = [](const Configuration& configuration) {
      const Value value = at<steps...>(configuration);
      const std::string_view known = name_of(value);
      return known.empty() ? std::to_string(static_cast<std::size_t>(value)) : std::string(known);
    };
    choose = [](Configuration& configuration, std::string_view chosen) {
      at<steps...>(configuration) = *choice_named<Value>(chosen);
    };
  }
  template <auto... steps>
  constexpr Choice(At<steps...>, std::vector<std::string_view> (*names_)())
      : names(names_),
        name([](const Configuration& configuration) { return std::string(at<steps...>(configuration)); }),
        choose([](Configuration& configuration, std::string_view chosen) { at<steps...>(configuration) = chosen; }) {}

  bool has(std::string_view known) const {
    const std::vector<std::string_view> all = names();
    return std::find(all.begin(), all.end(), known) != all.end();
  }
  bool read(const YAML::Node& node, Configuration& configuration) const {
    if (!node.IsScalar() || !has(node.Scalar())) return false;
    choose(configuration, node.Scalar());
    return true;
  }
  bool valid(const Configuration& configuration) const { return has(name(configuration)); }
  void emit(YAML::Emitter& out, const Configuration& configuration) const { out << name(configuration); }
  std::string allowed() const { return fmt::format("one of {}", fmt::join(names(), ", ")); }
};

// A whole number with the reason for its limit; `zero` is the word for 0, where it has one.
struct Whole {
  Member<int> member;
  int least;
  int most;
  std::string_view reason;
  std::string_view zero = "";

  bool read(const YAML::Node& node, Configuration& configuration) const {
    if (!zero.empty() && node.IsScalar() && node.Scalar() == zero) {
      member.of(configuration) = 0;
      return true;
    }
    return read_number(node, member.of(configuration));
  }
  bool valid(const Configuration& configuration) const {
    return member.in(configuration) >= least && member.in(configuration) <= most;
  }
  void emit(YAML::Emitter& out, const Configuration& configuration) const {
    const int value = member.in(configuration);
    if (value == 0 && !zero.empty()) {
      out << std::string(zero);
    } else {
      out << value;
    }
  }
  std::string allowed() const {
    return fmt::format("{}{}a whole number from {} to {} ({})", zero, zero.empty() ? "" : " or ", least, most, reason);
  }
};

struct Seed {
  Member<std::uint64_t> member;

  bool read(const YAML::Node& node, Configuration& configuration) const {
    return read_number(node, member.of(configuration));
  }
  bool valid(const Configuration&) const { return true; }
  void emit(YAML::Emitter& out, const Configuration& configuration) const { out << member.in(configuration); }
  std::string allowed() const {
    return fmt::format("a whole number from 0 to {}", std::numeric_limits<std::uint64_t>::max());
  }
};

enum class Ends { closed, open_below, open_above };

// A finite number between two ends.
struct Real {
  Member<double> member;
  double least;
  double most;
  Ends ends = Ends::closed;

  bool read(const YAML::Node& node, Configuration& configuration) const {
    return read_number(node, member.of(configuration));
  }
  bool valid(const Configuration& configuration) const {  // false for NaN
    const double value = member.in(configuration);
    return (ends == Ends::open_below ? value > least : value >= least) &&
           (ends == Ends::open_above ? value < most : value <= most);
  }
  void emit(YAML::Emitter& out, const Configuration& configuration) const { out << shortest(member.in(configuration)); }
  std::string allowed() const {
    return fmt::format("a number {} {} and {} {}", ends == Ends::open_below ? "above" : "of at least", shortest(least),
                       ends == Ends::open_above ? "below" : "at most", shortest(most));
  }
};

struct Flag {
  Member<bool> member;

  bool read(const YAML::Node& node, Configuration& configuration) const {
    if (!is_plain(node)) return false;
    member.of(configuration) = node.Scalar() == "true";
    return node.Scalar() == "true" || node.Scalar() == "false";
  }
  bool valid(const Configuration&) const { return true; }
  void emit(YAML::Emitter& out, const Configuration& configuration) const { out << member.in(configuration); }
  std::string allowed() const { return "true or false"; }
};

// A whole number, or two as {min, max}.
struct Range {
  using Bounds = Configuration::Episode::RealObservations;
  Member<Bounds> member;
  int least;
  int most;

  bool read(const YAML::Node& node, Configuration& configuration) const {
    Bounds& bounds = member.of(configuration);
    if (node.IsMap()) {
      // Exactly these two keys: {min: 50} alone does not say what is meant.
      return node.size() == 2 && node["min"] && node["max"] && read_number(node["min"], bounds.min) &&
             read_number(node["max"], bounds.max);
    }
    const bool read = read_number(node, bounds.min);
    bounds.max = bounds.min;
    return read;
  }
  bool valid(const Configuration& configuration) const {
    const Bounds& bounds = member.in(configuration);
    return bounds.min >= least && bounds.min <= bounds.max && bounds.max <= most;
  }
  void emit(YAML::Emitter& out, const Configuration& configuration) const {
    const Bounds& bounds = member.in(configuration);
    if (bounds.min == bounds.max) {
      out << bounds.min;
    } else {
      out << YAML::Flow << YAML::BeginMap << "min" << bounds.min << "max" << bounds.max << YAML::EndMap;
    }
  }
  std::string allowed() const {
    return fmt::format("a whole number from {0} to {1}, or {{min: A, max: B}} with {0} <= A <= B <= {1}", least, most);
  }
};

// The path of a file; empty where there is none.
struct Path {
  Member<std::string> member;

  bool read(const YAML::Node& node, Configuration& configuration) const {
    if (!node.IsScalar()) return false;
    member.of(configuration) = node.Scalar();
    return !node.Scalar().empty();
  }
  bool valid(const Configuration&) const { return true; }
  void emit(YAML::Emitter& out, const Configuration& configuration) const { out << member.in(configuration); }
  std::string allowed() const { return "the path of a file"; }
};

// Priors by the names of parameters, whatever the names.
struct Priors {
  Member<std::map<std::string, PriorLaw>> member;

  bool read(const YAML::Node& node, Configuration& configuration) const {
    if (!node.IsMap()) return false;
    auto& priors = member.of(configuration);
    return std::all_of(node.begin(), node.end(),
                       [&](const auto& pair) { return read_prior(pair.second, priors[pair.first.Scalar()]); });
  }
  bool valid(const Configuration&) const { return true; }
  void emit(YAML::Emitter& out, const Configuration& configuration) const {
    out << YAML::Flow << YAML::BeginMap;
    for (const auto& [name, law] : member.in(configuration)) {
      out << name;
      emit_prior(out, law);
    }
    out << YAML::EndMap;
  }
  std::string allowed() const {
    return fmt::format("a mapping of parameters to priors, each one of {}", prior_forms());
  }
};

// Any text.
struct Text {
  Member<std::string> member;

  bool read(const YAML::Node& node, Configuration& configuration) const {
    if (!node.IsScalar()) return false;
    member.of(configuration) = node.Scalar();
    return true;
  }
  bool valid(const Configuration&) const { return true; }
  void emit(YAML::Emitter& out, const Configuration& configuration) const {
    out << YAML::DoubleQuoted << member.in(configuration);
  }
  std::string allowed() const { return "a text"; }
};

// A program and its arguments; empty where there is none.
struct Words {
  Member<std::vector<std::string>> member;

  bool read(const YAML::Node& node, Configuration& configuration) const {
    if (!node.IsSequence()) return false;
    auto& words = member.of(configuration);
    words.clear();
    for (const YAML::Node& word : node) {
      if (!word.IsScalar()) return false;
      words.push_back(word.Scalar());
    }
    return !words.empty() && !words.front().empty();
  }
  bool valid(const Configuration& configuration) const { return !member.in(configuration).front().empty(); }
  void emit(YAML::Emitter& out, const Configuration& configuration) const {
    out << YAML::Flow << YAML::BeginSeq;
    for (const std::string& word : member.in(configuration)) out << YAML::DoubleQuoted << word;
    out << YAML::EndSeq;
  }
  std::string allowed() const { return "a list of words, a program and its arguments"; }
};

// Constants of a simulator, names and finite numbers; or the parameters of a program, a list. Names that are there
// twice are found by the reader, which sees the line, and by the rules.
struct SimulatorParameters {
  bool read(const YAML::Node& node, Configuration& configuration) const {
    auto& simulator = configuration.simulator;
    if (node.IsMap())
      return std::all_of(node.begin(), node.end(), [&](const auto& pair) {
        return read_number(pair.second, simulator.parameters[pair.first.Scalar()]);
      });
    simulator.program_parameters.clear();
    return node.IsSequence() && std::all_of(node.begin(), node.end(), [&](const YAML::Node& item) {
             SimulatorParameter& added = simulator.program_parameters.emplace_back();
             return read_parameter(item, added);
           });
  }
  bool valid(const Configuration& configuration) const {
    const auto& numbers = configuration.simulator.parameters;
    return std::all_of(numbers.begin(), numbers.end(), [](const auto& pair) { return std::isfinite(pair.second); });
  }
  void emit(YAML::Emitter& out, const Configuration& configuration) const {
    const auto& simulator = configuration.simulator;
    if (simulator.program_parameters.empty()) {
      out << YAML::Flow << YAML::BeginMap;
      for (const auto& [name, value] : simulator.parameters) out << name << shortest(value);
      out << YAML::EndMap;
      return;
    }
    out << YAML::BeginSeq;
    for (const auto& [name, unit, prior] : simulator.program_parameters) {
      out << YAML::Flow << YAML::BeginMap << "name" << YAML::DoubleQuoted << name << "unit" << YAML::DoubleQuoted
          << unit << "prior";
      emit_prior(out, prior);
      out << YAML::EndMap;
    }
    out << YAML::EndSeq;
  }
  std::string allowed() const {
    return "a mapping of names to numbers or, of a program, a list of parameters, each {name: NAME, unit: UNIT, prior: "
           "{uniform: [low, high]}}";
  }

 private:
  static bool read_parameter(const YAML::Node& node, SimulatorParameter& parameter) {
    if (!node.IsMap() || !node["name"] || !node["name"].IsScalar() || !node["prior"]) return false;
    parameter.name = node["name"].Scalar();
    const YAML::Node unit = node["unit"];
    if (unit && !unit.IsScalar()) return false;
    parameter.unit = unit ? unit.Scalar() : "";
    return node.size() == (unit ? 3U : 2U) && read_prior(node["prior"], parameter.prior);
  }
};

}  // namespace alfi::configuration
