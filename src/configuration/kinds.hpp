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
  std::span<const std::string_view> names;
  std::string (*name)(const Configuration&);
  void (*choose)(Configuration&, std::string_view);  // one of the names

  template <auto... steps>
  constexpr Choice(At<steps...>) {
    using Value = std::remove_cvref_t<std::invoke_result_t<At<steps...>, Configuration&>>;
    names = names_of<Value>;
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
  constexpr Choice(At<steps...>, std::span<const std::string_view> names_)
      : names(names_),
        name([](const Configuration& configuration) { return std::string(at<steps...>(configuration)); }),
        choose([](Configuration& configuration, std::string_view chosen) { at<steps...>(configuration) = chosen; }) {}

  bool has(std::string_view known) const { return std::find(names.begin(), names.end(), known) != names.end(); }
  bool read(const YAML::Node& node, Configuration& configuration) const {
    if (!node.IsScalar() || !has(node.Scalar())) return false;
    choose(configuration, node.Scalar());
    return true;
  }
  bool valid(const Configuration& configuration) const { return has(name(configuration)); }
  void emit(YAML::Emitter& out, const Configuration& configuration) const { out << name(configuration); }
  std::string allowed() const { return fmt::format("one of {}", fmt::join(names, ", ")); }
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

// Names and finite numbers, whatever the names. Duplicates are found by the reader, which sees the line.
struct Numbers {
  Member<std::map<std::string, double>> member;

  bool read(const YAML::Node& node, Configuration& configuration) const {
    if (!node.IsMap()) return false;
    auto& numbers = member.of(configuration);
    return std::all_of(node.begin(), node.end(),
                       [&](const auto& pair) { return read_number(pair.second, numbers[pair.first.Scalar()]); });
  }
  bool valid(const Configuration& configuration) const {
    const auto& numbers = member.in(configuration);
    return std::all_of(numbers.begin(), numbers.end(), [](const auto& pair) { return std::isfinite(pair.second); });
  }
  void emit(YAML::Emitter& out, const Configuration& configuration) const {
    out << YAML::Flow << YAML::BeginMap;
    for (const auto& [name, value] : member.in(configuration)) out << name << shortest(value);
    out << YAML::EndMap;
  }
  std::string allowed() const { return "a mapping of names to numbers"; }
};

}  // namespace alfi::configuration
