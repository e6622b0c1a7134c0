// Parts that the figures have in common: a terminal and axes, panels, and boxes of quantiles.
#pragma once

#include <string>
#include <vector>

#include "alfi/simulators.hpp"
#include "src/report/metrics.hpp"
#include "src/report/table.hpp"

namespace alfi::report {

/// Returns terminal, fonts, grid and data format, with which every set of commands begins.
std::string drawing(int width, int height);

/// Quotes text as gnuplot reads it.
std::string literal(const std::string& text);

/// Returns a grid of `count` panels side by side, at most `columns` in a row.
std::string panels(std::size_t count, std::size_t columns);
int panel_rows(std::size_t count, std::size_t columns);

/// Returns name and unit of an axis.
std::string axis(const ParameterInfo& parameter);

/// Columns and a row of the 5, 25, 50, 75 and 95 % quantiles and the mean of values that are finite; false, and no row,
/// where one is not or there are none.
std::vector<std::string> box_columns(const std::string& label);
bool add_box(Table& table, const std::string& label, std::vector<double> values);

/// Draws the row `row` of such a table at `place`.
std::string box(const std::string& table, std::size_t row, double place, const std::string& colour);

/// Ticks with these labels at 0, 1, 2 …, a word a line.
std::string labelled_ticks(const std::vector<std::string>& labels);

/// Range of an axis that was chosen for what matters, not for all there is, and points that it leaves out.
struct Window {
  double low, high;
  int outside = 0, all = 0;

  /// Counts a point; `also` says whether its other coordinate is on its axis.
  void count(double value, bool also = true);
  /// Returns "3 of 200 outside" with `before` in front, for a title; nothing where all points are inside.
  std::string text(const std::string& before = "") const;
};

/// Returns the axis of 0 … T iterations, ticks at whole ones.
std::string iteration_axis(int iterations);

/// Ticks at round numbers that leave room for labels of many digits.
std::string wide_ticks(double low, double high);

/// Returns the axis of training steps up to the last that has a number.
std::string step_axis(const Metrics& metrics);

/// Returns the axis where an error without a sign is drawn, logarithmic if all of these values are above 0.
std::string error_axis(const std::string& label, const std::vector<double>& values);

}  // namespace alfi::report
