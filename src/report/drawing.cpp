#include "src/report/drawing.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "src/numerics/statistics.hpp"

namespace alfi::report {

std::string drawing(int width, int height) {
  return fmt::format(
      "set encoding utf8\n"
      "set terminal svg size {},{} dynamic noenhanced font 'sans-serif,13' linewidth 1.4 background '#FFFFFF'\n"
      "set datafile separator ','\n"
      "set datafile columnheaders\n"
      "set datafile missing 'nan'\n"
      "set border 3 lc rgb '#333333'\n"
      "set tics nomirror\n"
      "set grid lc rgb '#DDDDDD' lt 1 lw 0.5\n"
      "set key noautotitle top right Left reverse\n",
      width, height);
}

std::string literal(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("''") : std::string(1, c);
  return out + "'";
}

std::string panels(std::size_t count, std::size_t columns) {
  return fmt::format("set multiplot layout {},{}\n", panel_rows(count, columns), std::min(count, columns));
}

int panel_rows(std::size_t count, std::size_t columns) { return static_cast<int>((count + columns - 1) / columns); }

std::string axis(const ParameterInfo& parameter) {
  return parameter.unit.empty() ? parameter.name : fmt::format("{} ({})", parameter.name, parameter.unit);
}

std::vector<std::string> box_columns(const std::string& label) {
  return {label, "q05", "q25", "median", "q75", "q95", "mean"};
}

bool add_box(Table& table, const std::string& label, std::vector<double> values) {
  if (values.empty() || !std::all_of(values.begin(), values.end(), [](double v) { return std::isfinite(v); }))
    return false;
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  std::sort(values.begin(), values.end());
  std::vector<Cell> row{label};
  for (const double p : {0.05, 0.25, 0.5, 0.75, 0.95}) row.emplace_back(quantile(values, p));
  row.emplace_back(mean);
  table.rows.push_back(std::move(row));
  return true;
}

std::string box(const std::string& table, std::size_t row, double place, const std::string& colour) {
  const std::string data = fmt::format("'{}.csv' every ::{}::{} using", table, row, row);
  return fmt::format(
      "{0} ({1}):3:2:6:5 with candlesticks lw 1.4 lc rgb '{2}' fs solid 0.35 border whiskerbars 0.5, "
      "{0} ({1}):4:4:4:4 with candlesticks lc rgb '{2}' lw 2.5",
      data, place, colour);
}

std::string labelled_ticks(const std::vector<std::string>& labels) {
  std::vector<std::string> ticks;
  std::ptrdiff_t most_lines = 1;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    std::string lines;
    for (const char c : labels[i]) lines += c == ' ' ? std::string("\\n") : std::string(1, c);
    ticks.push_back(fmt::format("\"{}\" {}", lines, i));  // in such quotation marks alone \n ends a line
    most_lines = std::max(most_lines, std::count(labels[i].begin(), labels[i].end(), ' ') + 1);
  }
  return fmt::format("set xrange [-0.6:{}]\nset xtics ({}) font ',11'\nset bmargin {}\n",
                     static_cast<double>(labels.size()) - 0.4, fmt::join(ticks, ", "), most_lines + 3);
}

void Window::count(double value, bool also) {
  ++all;
  if (!(value >= low && value <= high && also)) ++outside;
}

std::string Window::text(const std::string& before) const {
  return outside == 0 ? "" : fmt::format("{}{} of {} outside", before, outside, all);
}

std::string iteration_axis(int iterations) {
  return fmt::format("set xlabel 'iteration'\nset xrange [0:{}]\nset xtics {}\n", iterations, (iterations + 9) / 10);
}

std::string wide_ticks(double low, double high) {
  const double rough = (high - low) / 4, decade = std::pow(10, std::floor(std::log10(rough)));
  for (const double step : {1.0, 2.0, 5.0, 10.0})
    if (step * decade >= rough) return fmt::format("set xtics {}\n", step * decade);
  return "set xtics autofreq\n";
}

std::string step_axis(const Metrics& metrics) {
  double last = 1;
  if (!metrics.losses.empty()) last = std::max(last, metrics.losses.back().step);
  if (!metrics.validations.empty()) last = std::max(last, metrics.validations.back().step);
  return "set xlabel 'training step'\n" + wide_ticks(0, last);
}

std::string error_axis(const std::string& label, const std::vector<double>& values) {
  const bool positive = std::all_of(values.begin(), values.end(), [](double v) { return v > 0; });
  return fmt::format("set ylabel {}\n{}set format y '%g'\n", literal(label),
                     positive ? "set logscale y\n" : "unset logscale y\n");
}

}  // namespace alfi::report
