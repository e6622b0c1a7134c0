#include "src/cli/answer_arrays.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <ostream>

#include "alfi/error.hpp"
#include "src/simulators/simulators.hpp"

namespace alfi::cli {
namespace {

/// Returns the rows of a draw where all sets have as many observations, else −1.
int equal_counts(const Observations& data) {
  if (data.names.empty()) return data.count;
  const int first = data.counts.front();
  return std::all_of(data.counts.begin(), data.counts.end(), [=](int count) { return count == first; }) ? first : -1;
}

std::vector<std::string> observation_columns(int X) {
  if (X == 1) return {"x"};
  std::vector<std::string> columns;
  for (int k = 1; k <= X; ++k) columns.push_back(fmt::format("x_{}", k));
  return columns;
}

}  // namespace

AnswerArray table_of(const Machine& machine) {
  std::vector<std::string> columns;
  for (const ParameterInfo& p : find_simulator(machine.configuration()).parameters)
    for (const char* const number : {"mean", "deviation", "lower", "upper"})
      columns.push_back(fmt::format("{}_{}", p.name, number));
  const auto D = static_cast<std::int64_t>(columns.size() / 4);
  return {.columns = std::move(columns),
          .shape = {D, 4},
          .number = NpyNumber::float64,
          .numbers_draws = false,
          .values = [](const DataSet&, const Posterior& posterior) {
            std::vector<double> row;
            for (const ParameterEstimate& p : posterior.parameters)
              row.insert(row.end(), {p.mean, p.deviation, p.lower, p.upper});
            return row;
          }};
}

AnswerArray samples_of(const Machine& machine, int draws) {
  std::vector<std::string> columns;
  for (const ParameterInfo& p : find_simulator(machine.configuration()).parameters) columns.push_back(p.name);
  const auto D = static_cast<std::int64_t>(columns.size());
  return {.columns = std::move(columns),
          .shape = {draws, D},
          .number = NpyNumber::float64,
          .numbers_draws = false,
          .values = [&machine, draws](const DataSet&, const Posterior& posterior) {
            return machine.sample(posterior, draws);
          }};
}

AnswerArray predictions_of(const Machine& machine, int draws, const Observations& data) {
  const int count = equal_counts(data);
  std::vector<std::int64_t> shape;
  if (count > 0) shape = {draws, count, data.dimension};
  return {.columns = observation_columns(data.dimension),
          .shape = shape,
          .number = NpyNumber::float32,
          .numbers_draws = true,
          .values = [&machine, draws](const DataSet& set, const Posterior& posterior) {
            const std::vector<float> x = machine.predict(posterior, draws, set.count);
            return std::vector<double>(x.begin(), x.end());
          }};
}

ArrayWriter::ArrayWriter(std::ostream& out, const AnswerArray& array, const Observations& data, Format format)
    : out_(out), array_(array), data_(data), format_(format) {
  const bool several = !data.names.empty();
  if (format == Format::npy) {
    std::vector<std::int64_t> shape = array.shape;
    if (several) shape.insert(shape.begin(), static_cast<std::int64_t>(data.names.size()));
    write_npy_header(out, shape, array.number);
    return;
  }
  out << (several ? "set," : "") << (array.numbers_draws ? "draw," : "")
      << fmt::format("{}\n", fmt::join(array.columns, ","));
}

void ArrayWriter::put(std::size_t set, const std::vector<double>& values) {
  if (format_ == Format::csv)
    put_csv(set, values);
  else if (array_.number == NpyNumber::float64)
    write_npy_values(out_, values);
  else
    write_npy_values(out_, std::vector<float>(values.begin(), values.end()));
}

void ArrayWriter::put_csv(std::size_t set, const std::vector<double>& values) {
  const std::size_t columns = array_.columns.size();
  const auto rows_of_draw = static_cast<std::size_t>(data_.names.empty() ? data_.count : data_.counts[set]);
  fmt::memory_buffer lines;
  const auto to = std::back_inserter(lines);
  for (std::size_t row = 0; row < values.size() / columns; ++row) {
    if (!data_.names.empty()) fmt::format_to(to, "{},", data_.names[set]);
    if (array_.numbers_draws) fmt::format_to(to, "{},", row / rows_of_draw + 1);
    for (std::size_t i = 0; i < columns; ++i) {
      const double value = values[row * columns + i];
      const char end = i + 1 == columns ? '\n' : ',';
      if (array_.number == NpyNumber::float32)
        fmt::format_to(to, "{}{}", static_cast<float>(value), end);
      else
        fmt::format_to(to, "{}{}", value, end);
    }
  }
  out_.write(lines.data(), static_cast<std::streamsize>(lines.size()));
  if (!out_) throw RunError("writing answers failed: the disk is full");
}

}  // namespace alfi::cli
