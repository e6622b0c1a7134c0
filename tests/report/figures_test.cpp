// Figures of made-up machines: any number of parameters, any dimension of observations.
#include "src/report/figures.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <random>

#include "src/numerics/statistics.hpp"
#include "src/report/gnuplot.hpp"
#include "src/report/page.hpp"
#include "src/report/svg.hpp"
#include "tests/support/search_path.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/xml.hpp"

namespace alfi::report {
namespace {

constexpr int episodes = 120, T = 4;

/// D parameters known to a tenth of the prior's deviation, X-dimensional observations.
Subject made_up(int D, int X) {
  std::mt19937_64 generator(4);
  std::normal_distribution<double> normal;
  Subject subject{{},
                  {"made_up", "nothing real", {}, {X, false, -10, 10, "numbers"}, {}},
                  {},
                  {{}, Answers(episodes, D), {}, {}, {}, {}, {}}};
  for (int d = 0; d < D; ++d)
    subject.simulator.parameters.push_back({"parameter_" + std::to_string(d + 1), "m", -1.0 - d, 2.0});
  subject.configuration.simulator.name = "made_up";
  Diagnostics& diagnostics = subject.diagnostics;
  diagnostics.evaluation.episodes = episodes;
  diagnostics.evaluation.loss_floor.value = diagnostics.evaluation.error.mle.value =
      diagnostics.evaluation.error.posterior.value = std::nan("");
  Answers& answers = diagnostics.answers;
  for (std::size_t i = 0; i < answers.truth.size(); ++i) {
    answers.truth[i] = 3.4 * (static_cast<double>(generator() >> 11) * 0x1p-53 - 0.5);
    answers.alfi[i] = answers.truth[i] + 0.1 * normal(generator);
    answers.alfi_deviation[i] = 0.1;
    answers.alfi_lower[i] = answers.alfi[i] - 0.196;
    answers.alfi_upper[i] = answers.alfi[i] + 0.196;
    answers.alfi_place[i] = normal_cdf((answers.truth[i] - answers.alfi[i]) / 0.1);
  }
  const auto course = [&](double start, bool learned) {
    Course c{episodes, T, D, answers.truth, {}, {}, {}, {}};
    c.correlation.assign(static_cast<std::size_t>(episodes * (T + 1)), 0);
    for (int b = 0; b < episodes; ++b)
      for (int t = 0; t <= T; ++t)
        for (int d = 0; d < D; ++d) {
          const double way = learned ? static_cast<double>(t) / T : 0;
          c.mean.push_back(start + way * (answers.alfi[answers.at(b, d)] - start));
          c.deviation.push_back(1 - 0.9 * way);
        }
    c.estimate = c.mean;
    return c;
  };
  diagnostics.trained = course(0, true);
  diagnostics.untrained = course(0, false);
  diagnostics.starts = {{-1, 1}, {course(-1, true), course(1, true)}};
  for (int e = 0; e < 3; ++e) {
    Regenerated example{std::vector<double>(static_cast<std::size_t>(D), 0.5),
                        std::vector<double>(static_cast<std::size_t>(D), 0.4),
                        {},
                        {},
                        0.01};
    for (int i = 0; i < 200 * X; ++i) {
      example.real.push_back(static_cast<float>(normal(generator)));
      example.simulated.push_back(static_cast<float>(normal(generator)));
    }
    diagnostics.regenerated.push_back(example);
  }
  for (int b = 0; b < episodes; ++b) {
    diagnostics.energy.truth.push_back(0.01 * normal(generator));
    diagnostics.energy.alfi.push_back(0.01 * normal(generator));
    diagnostics.energy.mle.push_back(std::nan(""));
  }
  for (int step = 1; step < 100; ++step) subject.metrics.losses.push_back({10.0 * step, std::exp(-0.05 * step)});
  return subject;
}

TEST(Figures, AreOfAnyDimensions) {
  if (test::program("gnuplot").empty()) GTEST_SKIP() << "there is no gnuplot";
  for (const auto& [D, X] : {std::pair{1, 2}, {3, 5}, {8, 1}}) {
    SCOPED_TRACE(D);
    const test::TemporaryFolder folder;
    const Subject subject = made_up(D, X);
    const std::vector<Figure> all = figures(subject);
    EXPECT_EQ(all.size(), 11U);
    std::vector<std::string> pictures;
    for (const Figure& figure : all) {
      SCOPED_TRACE(figure.name);
      for (const Table& table : figure.tables) {
        for (const auto& row : table.rows) EXPECT_EQ(row.size(), table.columns.size());
        folder.write(table.name + ".csv", std::string_view(to_csv(table)));
      }
      ASSERT_EQ(figure.frames.size(), 1U) << figure.missing;
      EXPECT_TRUE(figure.caption.ends_with(".")) << figure.caption;
      pictures.push_back(embedded({run_gnuplot(figure.frames[0], folder.path())}, figure.name, figure.title));
      int paths = 0;
      for (const auto& element : test::elements_of(pictures.back())) paths += element.name == "path" ? 1 : 0;
      EXPECT_GT(paths, 10);
    }
    const std::string html = page(subject, all, pictures);
    (void)test::elements_of(html.substr(html.find("<html")));
    if (const char* const keep = std::getenv("ALFI_KEEP_PAGE"))
      std::ofstream(keep + std::to_string(D) + ".html") << html;
  }
}

/// At 2,000 apart the numbers of 20,000 steps ran into one another.
TEST(Figures, OfALongTrainingHaveRoomForTheNumbersOfSteps) {
  Subject subject = made_up(1, 1);
  for (const auto& [steps, apart] : std::vector<std::pair<double, const char*>>{
           {3, "xtics 1\n"}, {2500, "xtics 1000\n"}, {20000, "xtics 5000\n"}, {1e6, "xtics 500000\n"}}) {
    subject.metrics = {{{1, 0.5}}, {{steps, 0.4, 0.3}}};
    EXPECT_THAT(training_figure(subject).frames.at(0), testing::HasSubstr(apart)) << steps;
  }
}

/// Axes end where what matters ends; of what is beyond, a figure says how much.
TEST(Figures, SayHowManyPointsAreOutside) {
  using testing::HasSubstr;
  using testing::Not;
  Subject subject = made_up(2, 1);
  for (const Figure& figure : {recovery_figure(subject), before_after_figure(subject), proposal_figure(subject)})
    EXPECT_THAT(figure.frames.back(), Not(HasSubstr("outside"))) << figure.name;
  Diagnostics& diagnostics = subject.diagnostics;
  for (const int b : {0, 1, 2}) diagnostics.answers.alfi[diagnostics.answers.at(b, 1)] = 30;
  for (const int t : {3, 4}) diagnostics.trained.mean[diagnostics.trained.at(0, t, 0)] = 30;
  diagnostics.trained.estimate = diagnostics.trained.mean;
  diagnostics.untrained.estimate[diagnostics.untrained.at(5, T, 1)] = -30;
  diagnostics.regenerated[0].simulated[7] = 1e6F;
  EXPECT_THAT(recovery_figure(subject).frames[0], HasSubstr("3 of 120 outside"));
  EXPECT_THAT(before_after_figure(subject).frames[0], HasSubstr("'untrained, 1 of 120 outside'"));
  EXPECT_THAT(before_after_figure(subject).frames[0], HasSubstr("'trained, 1 of 120 outside'"));
  EXPECT_THAT(proposal_figure(subject).frames[3], HasSubstr("iteration 3 of 4; of the way 1 of 4 outside"));
  EXPECT_THAT(observations_figure(subject).frames[0], HasSubstr("regenerated: 1 of 200 outside"));
  EXPECT_THAT(training_figure(subject).frames[0], HasSubstr("'training, 2 of 99 outside'"));
}

TEST(Figures, OfTwoParametersShowTheProposalOnItsWay) {
  const Figure figure = proposal_figure(made_up(2, 1));
  EXPECT_EQ(figure.frames.size(), 5U);
  EXPECT_EQ(figure.tables[0].rows.size(), 4U * 5U);
  // The circle of 50 % of the first problem's last iteration: √(2 log 2) of a tenth of the prior's deviation.
  EXPECT_THAT(figure.frames[4], testing::HasSubstr("iteration 4 of 4"));
  const double deviation = std::get<double>(figure.tables[0].rows[4][6]);
  EXPECT_NEAR(deviation, 0.1 * 3 / std::sqrt(12.0), 1e-12);
}

}  // namespace
}  // namespace alfi::report
