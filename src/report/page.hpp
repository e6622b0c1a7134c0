// The page: numbers on top, then the figures with what they say. HTML that is XML as well, and asks for nothing from
// anywhere.
#pragma once

#include <string>
#include <vector>

#include "src/report/data_subject.hpp"
#include "src/report/figures.hpp"

namespace alfi::report {

/// Beginning of every page's title, by which a report is known.
inline constexpr const char* title_begin = "<title>An alfi ";

/// Returns the numbers of the evaluation, with their intervals.
Table summary(const Evaluation& evaluation);

Table summary(const Optimisation& optimisation);

/// Returns the answer and the numbers of its fit.
Table summary(const DataSubject& subject);

/// Writes the page. `pictures`: an <svg> for each figure, empty where it has none.
std::string page(const Subject& subject, const std::vector<Figure>& figures, const std::vector<std::string>& pictures);
std::string page(const MinimisationSubject& subject, const std::vector<Figure>& figures,
                 const std::vector<std::string>& pictures);
std::string page(const DataSubject& subject, const std::vector<Figure>& figures,
                 const std::vector<std::string>& pictures);

}  // namespace alfi::report
