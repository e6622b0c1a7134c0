#include "src/formats/observations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "alfi/error.hpp"
#include "src/formats/csv.hpp"
#include "src/formats/npy.hpp"
#include "src/formats/printable.hpp"
#include "src/formats/unpacked.hpp"
#include "src/system/atomic_file.hpp"

namespace alfi {
namespace {

/// Whole observations are simulated exactly up to here only: a float's integers end.
constexpr double largest_whole = 16777216;

int checked_size(std::size_t size, const char* what) {
  if (!std::in_range<int>(size)) throw InputError(fmt::format("{} {} are too many", size, what));
  return static_cast<int>(size);
}

/// Brings rows of one label together, labels in the order of their first rows, rows in theirs.
void group_rows(const CsvRows& rows, Observations& observations) {
  std::unordered_map<std::string_view, std::size_t> numbers;
  std::vector<std::size_t> set_of_row;
  for (const std::string_view label : rows.labels) {
    const auto [place, is_new] = numbers.try_emplace(label, observations.names.size());
    if (is_new) {
      observations.names.emplace_back(label);
      observations.counts.push_back(0);
    }
    set_of_row.push_back(place->second);
    ++observations.counts[place->second];
  }
  std::vector<std::size_t> next(observations.counts.size(), 0);  // row of each set's next observation
  for (std::size_t k = 1; k < next.size(); ++k)
    next[k] = next[k - 1] + static_cast<std::size_t>(observations.counts[k - 1]);
  observations.values.resize(rows.values.size());
  for (std::size_t row = 0; row < set_of_row.size(); ++row)
    std::copy_n(rows.values.begin() + static_cast<std::ptrdiff_t>(row * rows.columns), rows.columns,
                observations.values.begin() + static_cast<std::ptrdiff_t>(next[set_of_row[row]]++ * rows.columns));
}

Observations read_csv(std::string_view text, const Reading& reading) {
  if (text.find('\0') < text.find('\n')) throw InputError("it is neither text nor an array of NumPy's (.npy, .npz)");
  CsvRows rows = parse_csv(text, reading.parts, reading.numbers);
  Observations observations;
  observations.column_names = std::move(rows.names);
  observations.dimension = checked_size(rows.columns, "columns");
  if (rows.columns > 0) observations.count = checked_size(rows.values.size() / rows.columns, "observations");
  if (reading.parts.label.empty())
    observations.values = std::move(rows.values);
  else
    group_rows(rows, observations);
  return observations;
}

void check_shape(const std::vector<int>& shape) {
  if (shape.empty() || shape.size() > 3)
    throw InputError(fmt::format(
        "shape has {} sizes, (count,), (count, dimension) or (sets, count, dimension) is expected", shape.size()));
  if (shape.size() == 3 && shape[0] == 0) throw InputError("it holds no sets of observations, at least one is needed");
  if (shape.size() == 3 && shape[1] == 0)
    throw InputError(fmt::format("its {} sets hold no observations, at least one each is needed", shape[0]));
}

std::string place_text(const std::vector<int>& shape, std::size_t index) {
  const std::size_t columns = shape.size() == 1 ? 1 : static_cast<std::size_t>(shape.back());
  const std::size_t row = index / columns, rows = static_cast<std::size_t>(shape.size() == 3 ? shape[1] : shape[0]);
  return fmt::format("{}observation {}, component {}", shape.size() == 3 ? fmt::format("set {}, ", row / rows + 1) : "",
                     row % rows + 1, index % columns + 1);
}

Observations read_npy(std::string_view bytes, const NumberRule& rule) {
  NpyArray array = parse_npy(bytes, check_shape, place_text, rule);
  const bool several = array.shape.size() == 3;
  Observations observations;
  observations.dimension = array.shape.size() == 1 ? 1 : array.shape.back();
  if (observations.dimension > 0)
    observations.count =
        checked_size(array.values.size() / static_cast<std::size_t>(observations.dimension), "observations");
  observations.values = std::move(array.values);
  if (several) observations.counts.assign(static_cast<std::size_t>(array.shape[0]), array.shape[1]);
  for (std::size_t k = 1; k <= observations.counts.size(); ++k) observations.names.push_back(std::to_string(k));
  return observations;
}

/// Leaves out observations with a missing value.
void drop_missing(Observations& observations) {
  const auto columns = static_cast<std::ptrdiff_t>(observations.dimension);
  auto from = observations.values.begin(), to = from;
  const auto keep = [&](int count) {  // returns how many of the next `count` are kept
    int kept = 0;
    for (int i = 0; i < count; ++i, from += columns) {
      if (!std::all_of(from, from + columns, [](float value) { return std::isfinite(value); })) continue;
      to = std::copy(from, from + columns, to);
      ++kept;
    }
    return kept;
  };
  const int before = observations.count;
  if (observations.counts.empty()) {
    observations.count = keep(observations.count);
  } else {
    observations.count = 0;
    for (int& count : observations.counts) observations.count += count = keep(count);
  }
  observations.values.erase(to, observations.values.end());
  observations.dropped = before - observations.count;
}

/// Lists column names, in brackets.
std::string names_text(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + printable(name);
  return text.empty() ? "" : " (" + text + ")";
}

/// Calls body and puts a name before its InputError.
template <class Body>
auto naming(const std::string& name, Body body) {
  try {
    return body();
  } catch (const InputError& error) {
    throw InputError(fmt::format("{}: {}", name, error.what()));
  }
}

}  // namespace

std::vector<DataSet> Observations::sets() const {
  if (names.empty()) return {{values, count}};
  std::vector<DataSet> sets;
  std::span<const float> rest = values;
  for (const int of_set : counts) {
    const std::size_t size = static_cast<std::size_t>(of_set) * static_cast<std::size_t>(dimension);
    sets.push_back({rest.first(size), of_set});
    rest = rest.subspan(size);
  }
  return sets;
}

Observations read_observations(const std::filesystem::path& path, const Reading& reading) {
  const bool standard = path == "-";
  return naming(standard ? "standard input" : path.string(), [&] {
    const std::vector<std::byte> content = unpacked(read_file(standard ? "/dev/stdin" : path));
    const std::string_view text(reinterpret_cast<const char*>(content.data()), content.size());
    const CsvParts& parts = reading.parts;
    if (is_npy(text) && (!parts.label.empty() || !parts.columns.empty() || parts.delimiter || parts.skip != 0))
      throw InputError(fmt::format("{} of a text, and this is an array; its sets are (sets, count, dimension)",
                                   !parts.label.empty()
                                       ? fmt::format("a column of groups, {}, is", printable(parts.label))
                                       : "columns, delimiters and lines to skip are"));
    Observations observations = is_npy(text) ? read_npy(text, reading.numbers) : read_csv(text, reading);
    if (observations.values.empty()) throw InputError("it holds no observations, at least one is needed");
    return observations;
  });
}

void check_observations(const DataSet& set, const ObservationInfo& allowed) {
  if (set.count < 1) throw InputError("there are no observations, at least one is needed");
  const auto columns = static_cast<std::size_t>(allowed.dimension);
  if (set.x.size() != static_cast<std::size_t>(set.count) * columns) {
    throw InputError(
        fmt::format("{} values do not make {} observations of {} columns", set.x.size(), set.count, columns));
  }
  const double high = allowed.whole ? std::min(allowed.high, largest_whole) : allowed.high;
  const auto possible = [&](float value) {
    return std::isfinite(value) && value >= allowed.low && value <= high &&
           !(allowed.whole && value != std::trunc(value));
  };
  const auto wrong = std::find_if_not(set.x.begin(), set.x.end(), possible);
  if (wrong == set.x.end()) return;
  const auto place = static_cast<std::size_t>(wrong - set.x.begin());
  throw InputError(fmt::format("observation {}{} is {}: {} are {} numbers in [{}, {}]", place / columns + 1,
                               columns > 1 ? fmt::format(", component {}", place % columns + 1) : "", *wrong,
                               allowed.meaning, allowed.whole ? "whole" : "finite", allowed.low, high));
}

Observations read_observations(const std::filesystem::path& path, Reading reading, const ObservationInfo& allowed) {
  if (allowed.whole) reading.numbers.largest = largest_whole;
  Observations observations = read_observations(path, reading);
  naming(path == "-" ? "standard input" : path.string(), [&] {
    if (observations.dimension != allowed.dimension)
      throw InputError(fmt::format("observations have {} columns{}, {} are expected ({}){}", observations.dimension,
                                   names_text(observations.column_names), allowed.dimension, allowed.meaning,
                                   observations.dimension > allowed.dimension ? "; --column picks them" : ""));
    if (reading.numbers.missing == Missing::read_as_nan) drop_missing(observations);
    const std::vector<DataSet> sets = observations.sets();
    for (std::size_t k = 0; k < sets.size(); ++k) {
      if (observations.names.empty())
        check_observations(sets[k], allowed);
      else
        naming("set " + printable(observations.names[k]), [&] { check_observations(sets[k], allowed); });
    }
  });
  return observations;
}

}  // namespace alfi
