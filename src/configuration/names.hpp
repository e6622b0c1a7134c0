// The names of a configuration's choices, in one table a choice. Whatever reads, writes or lists a name asks it; the
// order of its rows is that in which people see the names.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <optional>
#include <string_view>

#include "alfi/choices.hpp"

namespace alfi {

template <typename Choice>
struct Named {
  Choice choice;
  std::string_view name;
};

/// Every enumerator of a choice with its name; other types have no table.
template <typename Choice>
inline constexpr std::nullptr_t choices_of = nullptr;

template <>
inline constexpr Named<Transform> choices_of<Transform>[] = {
    {Transform::none, "none"},
    {Transform::sqrt, "sqrt"},
    {Transform::log1p, "log1p"},
    {Transform::asinh, "asinh"},
};
template <>
inline constexpr Named<Family> choices_of<Family>[] = {
    {Family::gaussian, "gaussian"},
    {Family::gaussian_fixed, "gaussian_fixed"},
    {Family::point, "point"},
    {Family::gaussian_full, "gaussian_full"},
};
template <>
inline constexpr Named<Space> choices_of<Space>[] = {
    {Space::automatic, "auto"},
    {Space::natural, "natural"},
    {Space::normal, "normal"},
};
template <>
inline constexpr Named<Protocol> choices_of<Protocol>[] = {
    {Protocol::frames, "frames"},
    {Protocol::csv, "csv"},
};
template <>
inline constexpr Named<Start> choices_of<Start>[] = {
    {Start::prior, "prior"},
    {Start::draw, "draw"},
};
template <>
inline constexpr Named<Pooling> choices_of<Pooling>[] = {
    {Pooling::mean, "mean"},
    {Pooling::moments, "moments"},
};
template <>
inline constexpr Named<Update> choices_of<Update>[] = {
    {Update::clamp, "clamp"},
    {Update::tanh, "tanh"},
};
template <>
inline constexpr Named<Loss> choices_of<Loss>[] = {
    {Loss::normal, "normal"},
    {Loss::beta_normal, "beta_normal"},
    {Loss::mse, "mse"},
    {Loss::l1, "l1"},
};
template <>
inline constexpr Named<Weights> choices_of<Weights>[] = {
    {Weights::exp, "exp"},
    {Weights::constant, "const"},
    {Weights::last, "last"},
    {Weights::oi, "oi"},
};
template <>
inline constexpr Named<Schedule> choices_of<Schedule>[] = {
    {Schedule::cosine, "cosine"},
    {Schedule::constant, "constant"},
    {Schedule::cooldown, "cooldown"},
};
template <>
inline constexpr Named<Backend> choices_of<Backend>[] = {
    {Backend::automatic, "auto"},
    {Backend::cpu, "cpu"},
    {Backend::cuda, "cuda"},
};
template <>
inline constexpr Named<Precision> choices_of<Precision>[] = {
    {Precision::fp32, "fp32"},
    {Precision::tf32x3, "tf32x3"},
    {Precision::bf16, "bf16"},
};
template <>
inline constexpr Named<Encoder> choices_of<Encoder>[] = {
    {Encoder::automatic, "auto"},
    {Encoder::dense, "dense"},
    {Encoder::table, "table"},
    {Encoder::segments, "segments"},
};

/// The names of a choice, row by row.
template <typename Choice>
inline constexpr auto names_of = [] {
  std::array<std::string_view, std::size(choices_of<Choice>)> names;
  std::ranges::transform(choices_of<Choice>, names.begin(), &Named<Choice>::name);
  return names;
}();

/// Returns the name of an enumerator; nothing for a number that is none, which a cast can make.
template <typename Choice>
constexpr std::string_view name_of(Choice choice) {
  const auto& rows = choices_of<Choice>;
  const auto row = std::ranges::find(rows, choice, &Named<Choice>::choice);
  return row == std::end(rows) ? std::string_view() : row->name;
}

/// Returns the enumerator of this name, if there is one.
template <typename Choice>
constexpr std::optional<Choice> choice_named(std::string_view name) {
  const auto& rows = choices_of<Choice>;
  const auto row = std::ranges::find(rows, name, &Named<Choice>::name);
  return row == std::end(rows) ? std::nullopt : std::optional(row->choice);
}

}  // namespace alfi
