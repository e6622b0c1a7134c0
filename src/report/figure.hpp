// A figure of the report: its data, the commands that draw it, and what it says.
#pragma once

#include <string>
#include <vector>

#include "src/report/table.hpp"

namespace alfi::report {

struct Figure {
  std::string name;  ///< of its place in the page
  std::string title;
  std::string caption;  ///< a sentence: how to read it
  std::vector<Table> tables;
  int width = 900, height = 360;
  /// Commands for gnuplot, which find a table as NAME.csv; one set draws the figure, several the frames of an
  /// animation.
  std::vector<std::string> frames{};
  std::string missing{};  ///< where there is nothing to draw: why
};

// Okabe and Ito (2008, Color Universal Design), told apart by people with any colour vision; the same for the same
// thing in every figure.
inline constexpr const char* alfi_colour = "#0072B2";
inline constexpr const char* mle_colour = "#D55E00";
inline constexpr const char* posterior_colour = "#009E73";
inline constexpr const char* untrained_colour = "#999999";
inline constexpr const char* band_colour = "#56B4E9";
/// Colours of parameters and starts, one after the other.
inline constexpr const char* series_colours[] = {"#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"};
inline const char* series_colour(std::size_t i) { return series_colours[i % std::size(series_colours)]; }

}  // namespace alfi::report
