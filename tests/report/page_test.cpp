// Whole reports: the page, its numbers, and what becomes of bad input.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <map>
#include <regex>
#include <set>

#include "alfi/error.hpp"
#include "alfi/optimisation.hpp"
#include "alfi/report.hpp"
#include "src/evaluation/diagnostics.hpp"
#include "src/model/checkpoint.hpp"
#include "src/report/metrics.hpp"
#include "tests/support/content_of.hpp"
#include "tests/support/message_of.hpp"
#include "tests/support/search_path.hpp"
#include "tests/support/small_quadratic.hpp"
#include "tests/support/small_run.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/xml.hpp"

namespace alfi {
namespace {

namespace fs = std::filesystem;
using test::content_of;
using test::message_of;
using test::SearchPath;
using test::small_configuration;
using test::small_run;
using test::TemporaryFolder;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

const std::vector<std::string> figures_of_all{
    "training",    "error_by_iteration", "error_boxes", "recovery",     "before_after", "starts",
    "calibration", "coverage",           "contraction", "observations", "energy"};

/// Reads the columns of a .csv file by name; text is NaN.
std::map<std::string, std::vector<double>> read_csv(const fs::path& file) {
  std::ifstream lines(file);
  EXPECT_TRUE(lines) << file;
  std::vector<std::string> names;
  std::map<std::string, std::vector<double>> columns;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream cells(line);
    std::size_t column = 0;
    const bool header = names.empty();
    for (std::string cell; std::getline(cells, cell, ','); ++column) {
      if (header) {
        names.push_back(cell);
        continue;
      }
      char* end = nullptr;
      const double value = std::strtod(cell.c_str(), &end);
      columns[names.at(column)].push_back(*end == '\0' ? value : NAN);
    }
  }
  return columns;
}

/// Names of the figures that drew something, the others' with what they say.
struct Page {
  std::vector<std::string> drawn;
  std::map<std::string, std::string> missing;
};

/// Expects a page that is well-formed, of one file, with no id twice and none that is missing.
Page checked_page(const fs::path& file) {
  const std::string html = content_of(file);
  const std::vector<test::Element> elements = test::elements_of(html.substr(html.find("<html")));
  Page page;
  std::vector<std::string> names;
  std::map<int, int> paths;
  std::set<std::string> ids, references;
  for (const test::Element& element : elements) {
    EXPECT_THAT(element.name, Not(testing::AnyOf("script", "link", "img", "iframe", "object"))) << element.name;
    for (const auto& [name, value] : element.attributes) {
      EXPECT_TRUE(name == "xmlns" || name == "xmlns:xlink" || value.find("http") == value.npos) << name << "=" << value;
      EXPECT_FALSE(name.starts_with("on")) << name;
      if (name == "id") {
        EXPECT_TRUE(ids.insert(value).second) << value;
      }
      if (name.ends_with("href")) references.insert(value);
    }
    if (element.name == "figure") names.push_back(element.attributes.at("id"));
    if (element.name == "path" && element.attributes.at("d").size() > 5) ++paths[element.figure];
    if (element.attributes.contains("class") && element.attributes.at("class") == "missing")
      page.missing[names.back()] = element.text;
    EXPECT_THAT(element.text, Not(HasSubstr("http")));
  }
  for (const std::string& reference : references) {
    EXPECT_EQ(reference[0], '#') << reference;
    EXPECT_TRUE(ids.contains(reference.substr(1))) << reference;
  }
  for (std::size_t i = 0; i < names.size(); ++i)
    if (paths[static_cast<int>(i)] > 5) page.drawn.push_back(names[i]);
  return page;
}

class ReportPage : public ::testing::Test {
 protected:
  void SetUp() override {
    if (test::program("gnuplot").empty()) GTEST_SKIP() << "there is no gnuplot";
  }

  TemporaryFolder folder_;
};

TEST_F(ReportPage, HasEveryFigureOfEveryTask) {
  for (const char* const name : {"poisson", "gaussian", "weinberg"}) {
    SCOPED_TRACE(name);
    const fs::path run = small_run(folder_.path() / name, small_configuration(name));
    const Report report = write_report(run);
    EXPECT_EQ(report.page, run / "report.html");
    EXPECT_EQ(report.numbers, run / "report");
    const Page page = checked_page(report.page);
    std::vector<std::string> expected = figures_of_all;
    if (std::string(name) != "poisson") expected.push_back("proposal");
    EXPECT_THAT(page.drawn, testing::UnorderedElementsAreArray(expected));
    EXPECT_TRUE(page.missing.empty());
    const std::string html = content_of(report.page);
    for (const std::string& figure : expected) {
      const std::string alone = content_of(report.numbers / (figure + ".svg"));
      EXPECT_EQ(test::elements_of(alone).at(0).name, "svg");
      EXPECT_THAT(html, HasSubstr(alone)) << figure;
    }
  }
}

TEST_F(ReportPage, ShowsHowAMachineMinimises) {
  for (const int dimensions : {2, 3}) {
    SCOPED_TRACE(dimensions);
    const fs::path run = small_run(folder_.path() / std::to_string(dimensions), test::small_quadratic(dimensions));
    const Report report = write_report(run);
    const Page page = checked_page(report.page);
    std::vector<std::string> expected{"loss_by_iteration", "training"};
    if (dimensions == 2) expected.push_back("paths");
    EXPECT_THAT(page.drawn, testing::UnorderedElementsAreArray(expected));
    const Optimisation o = evaluate_minimiser(Machine::load(run));
    const auto losses = read_csv(report.numbers / "loss_by_iteration.csv");
    ASSERT_EQ(losses.at("alfi").size(), 4U);
    for (std::size_t t = 0; t < 4; ++t) {
      EXPECT_FLOAT_EQ(static_cast<float>(losses.at("alfi")[t]), static_cast<float>(o.minimisers[0].loss_by_step[t]));
      EXPECT_FLOAT_EQ(static_cast<float>(losses.at("adam")[t]), static_cast<float>(o.minimisers[3].loss_by_step[t]));
    }
    EXPECT_THAT(content_of(report.page), AllOf(HasSubstr(o.minimisers[1].settings), HasSubstr("64 fresh problems")));
    if (dimensions != 2) continue;
    const auto paths = read_csv(report.numbers / "paths.csv"), problems = read_csv(report.numbers / "problems.csv");
    ASSERT_EQ(paths.at("alfi_1").size(), 4U * 4U);
    // The first step of gradient descent goes along −∇f(0) = 2 Wᵀy.
    const double along =
        problems.at("w_11")[1] * problems.at("y_1")[1] + problems.at("w_21")[1] * problems.at("y_2")[1];
    const double across =
        problems.at("w_12")[1] * problems.at("y_1")[1] + problems.at("w_22")[1] * problems.at("y_2")[1];
    EXPECT_NEAR(paths.at("gradient_descent_1")[5] * across, paths.at("gradient_descent_2")[5] * along, 1e-5);
  }
}

TEST_F(ReportPage, ShowsTheNumbersOfTheEvaluation) {
  const fs::path run = small_run(folder_.path(), small_configuration("gaussian"));
  const Report report = write_report(run);
  const Evaluation e = evaluate(Machine::load(run));
  const fs::path numbers = report.numbers;
  // Numbers are written as floats.
  const auto summary = read_csv(numbers / "evaluation.csv");
  EXPECT_FLOAT_EQ(static_cast<float>(summary.at("value")[0]), static_cast<float>(e.error.alfi.value));
  EXPECT_FLOAT_EQ(static_cast<float>(summary.at("upper")[1]), static_cast<float>(e.error.mle.upper));
  const auto by_iteration = read_csv(numbers / "error_by_iteration.csv");
  ASSERT_EQ(by_iteration.at("trained").size(), 3U);
  for (std::size_t t = 0; t < 3; ++t) EXPECT_NEAR(by_iteration.at("trained")[t], e.error_by_iteration[t], 1e-6);
  const auto coverage = read_csv(numbers / "coverage.csv");
  for (const Coverage& c : e.coverage) {
    EXPECT_NEAR(coverage.at("mean")[static_cast<std::size_t>(c.percent)], c.per_parameter[0], 1e-6);
    EXPECT_NEAR(coverage.at("log_deviation")[static_cast<std::size_t>(c.percent)], c.per_parameter[1], 1e-6);
  }
  const auto calibration = read_csv(numbers / "calibration.csv");
  EXPECT_EQ(calibration.at("mean").size(), 101U);
  EXPECT_EQ(calibration.at("mean").back(), 0);
  const auto boxes = read_csv(numbers / "error_boxes_all.csv");
  EXPECT_NEAR(boxes.at("mean")[0], e.error.alfi.value, 1e-6);
  EXPECT_NEAR(boxes.at("mean")[1], e.error.mle.value, 1e-6);
  EXPECT_NEAR(boxes.at("mean")[2], e.error.posterior.value, 1e-6);
  EXPECT_NEAR(read_csv(numbers / "energy.csv").at("mean")[1], e.energy_distance.value, 1e-6);
  const auto recovery = read_csv(numbers / "recovery_mean.csv");
  EXPECT_EQ(recovery.at("truth").size(), 64U);
  double square = 0;
  for (std::size_t b = 0; b < 64; ++b) {
    EXPECT_LE(std::abs(recovery.at("truth")[b]), 10);  // the prior's
    EXPECT_LT(recovery.at("lower")[b], recovery.at("upper")[b]);
    square += std::pow(recovery.at("truth")[b] - recovery.at("estimate")[b], 2) / 64;
  }
  EXPECT_NEAR(std::sqrt(square) / (20 / std::sqrt(12.0)), e.rmse[0].alfi.value, 1e-5);
  const auto contraction = read_csv(numbers / "contraction_mean.csv");
  const Machine machine = Machine::load(run);
  const Diagnostics diagnostics = diagnose(machine);
  const double deviation = diagnostics.answers.alfi_deviation[0];
  EXPECT_NEAR(contraction.at("contraction")[0], 1 - deviation * deviation, 1e-5);
  EXPECT_NEAR(contraction.at("z")[0], (diagnostics.answers.alfi[0] - diagnostics.answers.truth[0]) / deviation, 1e-4);
  EXPECT_NEAR(recovery.at("lower")[0], diagnostics.answers.alfi_lower[0] * 20 / std::sqrt(12.0), 1e-4);
  EXPECT_NEAR(recovery.at("upper")[0], diagnostics.answers.alfi_upper[0] * 20 / std::sqrt(12.0), 1e-4);
  double real = 0;
  const auto observations = read_csv(numbers / "observations_1.csv");
  for (const double part : observations.at("real_percent")) real += part;
  EXPECT_NEAR(real, 100, 1e-4);
  EXPECT_EQ(read_csv(numbers / "training.csv").at("step").back(), 12);
  EXPECT_EQ(read_csv(numbers / "validation.csv").at("step").front(), 6);
  EXPECT_EQ(read_csv(numbers / "proposal.csv").at("problem").size(), 4U * 3U);
  EXPECT_THAT(content_of(report.page), AllOf(HasSubstr("12 steps of 20 episodes"), HasSubstr("64 fresh problems")));
}

TEST_F(ReportPage, TakesOptionsAndAnotherName) {
  const fs::path run = small_run(folder_.path(), small_configuration());
  const Report report = write_report(run, {{.episodes = 1}, folder_.path() / "other name.html"});
  EXPECT_EQ(report.numbers, folder_.path() / "other name");
  EXPECT_EQ(read_csv(report.numbers / "recovery_log_rate.csv").at("truth").size(), 1U);
  EXPECT_EQ(checked_page(report.page).drawn.size(), figures_of_all.size());
  EXPECT_FALSE(fs::exists(run / "report.html"));
}

TEST_F(ReportPage, OfAPointSaysThatItHasNoIntervals) {
  Configuration configuration = small_configuration();
  configuration.proposal.family = Family::point;
  configuration.training.loss = Loss::l1;
  const Page page = checked_page(write_report(small_run(folder_.path(), configuration)).page);
  for (const char* const name : {"calibration", "coverage", "contraction"})
    EXPECT_THAT(page.missing.at(name), HasSubstr("proposal.family: point"));
  EXPECT_EQ(page.drawn.size(), figures_of_all.size() - 3);
}

TEST_F(ReportPage, OfADivergedMachineSaysSo) {
  const fs::path run = small_run(folder_.path(), small_configuration("gaussian"));
  Checkpoint checkpoint = read_newest(checkpoints_of(run));
  for (float& weight : checkpoint.state.average) weight = std::numeric_limits<float>::quiet_NaN();
  write_checkpoint(checkpoint_path(run, checkpoint.step), checkpoint);
  fs::create_directory(run / "report");
  folder_.write(fs::relative(run / "report" / "recovery.svg", folder_.path()).string(), "of better days");
  folder_.write(fs::relative(run / "report" / "evaluation.csv", folder_.path()).string(), "quantity,method,value\n");
  const Report report = write_report(run);
  const Page page = checked_page(report.page);
  for (const char* const name : {"error_by_iteration", "recovery", "before_after", "proposal", "starts", "calibration",
                                 "coverage", "contraction"}) {
    EXPECT_THAT(page.missing.at(name), HasSubstr("not finite")) << name;
    EXPECT_FALSE(fs::exists(report.numbers / (std::string(name) + ".svg"))) << name;
  }
  EXPECT_THAT(page.drawn, testing::IsSupersetOf({"training", "error_boxes", "observations", "energy"}));
}

TEST_F(ReportPage, OfARunWithoutMetricsLeavesTrainingOut) {
  const fs::path run = small_run(folder_.path(), small_configuration());
  fs::remove(run / "metrics.jsonl");
  const Page page = checked_page(write_report(run).page);
  EXPECT_THAT(page.missing.at("training"), HasSubstr("metrics.jsonl"));
  EXPECT_EQ(page.drawn.size(), figures_of_all.size() - 1);
}

TEST_F(ReportPage, OfAStoppedTrainingSaysWhere) {
  Configuration configuration = small_configuration();
  TrainingOptions options;
  options.progress = [](const TrainingProgress& progress) { return progress.step < 7; };
  train(configuration, folder_.path() / "run", options);
  EXPECT_THAT(content_of(write_report(folder_.path() / "run").page), HasSubstr("stopped at step 7 of 12"));
}

TEST_F(ReportPage, StandsWhereGnuplotFails) {
  const fs::path run = small_run(folder_.path(), small_configuration());
  write_report(run);
  const std::string before = content_of(run / "report.html");
  fs::remove_all(run / "report");
  // The real one for a few figures, then one that fails half-way.
  const std::string real = test::program("gnuplot").string();
  const fs::path fake = folder_.write(
      "gnuplot",
      std::string_view("#!/bin/sh\necho x >>" + (folder_.path() / "calls").string() + "\nif [ $(wc -l <" +
                       (folder_.path() / "calls").string() + ") -gt 3 ]; then " + real +
                       " \"$@\" | head -c 4000; echo 'out of ink' >&2; exit 1; fi\nexec " + real + " \"$@\"\n"));
  fs::permissions(fake, fs::perms::owner_all);
  {
    const SearchPath path(folder_.path().string() + ":/usr/bin:/bin");
    EXPECT_THAT(message_of<RunError>([&] {
                  (void)write_report(run, {{.episodes = 20}, {}});
                }),
                AllOf(HasSubstr("figure recovery"), HasSubstr("out of ink"), HasSubstr((run / "report").string())));
  }
  EXPECT_EQ(content_of(run / "report.html"), before);
  EXPECT_EQ(read_csv(run / "report" / "recovery_log_rate.csv").at("truth").size(), 20U);
  {
    const SearchPath nowhere(run.string());
    EXPECT_THAT(message_of<RunError>([&] { (void)write_report(run); }), HasSubstr("gnuplot-nox"));
  }
  EXPECT_EQ(content_of(run / "report.html"), before);
  EXPECT_EQ(read_csv(run / "report" / "recovery_log_rate.csv").at("truth").size(), 64U);
  for (const auto& entry : fs::directory_iterator(run))
    EXPECT_THAT(entry.path().filename().string(), Not(HasSubstr(".tmp")));
}

TEST_F(ReportPage, RefusesWhatIsNoRun) {
  const auto refusal = [](const fs::path& run, const ReportOptions& options = {}) {
    return message_of<InputError>([&] { (void)write_report(run, options); });
  };
  const fs::path empty = folder_.path() / "empty", foreign = folder_.path() / "foreign";
  fs::create_directory(empty);
  fs::create_directory(foreign);
  std::ofstream(foreign / "thesis.tex") << "years of work";
  EXPECT_THAT(refusal(folder_.path() / "nothing"), HasSubstr("does not exist"));
  EXPECT_THAT(refusal(empty), HasSubstr("no run folder with a checkpoint"));
  EXPECT_THAT(refusal(foreign), HasSubstr("no run folder with a checkpoint"));
  EXPECT_THAT(refusal(foreign / "thesis.tex"), HasSubstr("a run folder is needed"));
  EXPECT_TRUE(fs::is_empty(empty));
  EXPECT_EQ(std::distance(fs::directory_iterator(foreign), {}), 1);

  const fs::path run = small_run(folder_.path(), small_configuration());
  EXPECT_THAT(refusal(run, {{}, folder_.path() / "report.pdf"}), HasSubstr("must end in .html"));
  EXPECT_THAT(refusal(run, {{}, folder_.path() / ".html"}), HasSubstr("must end in .html"));
  EXPECT_THAT(refusal(run, {{}, folder_.path() / "no" / "report.html"}), HasSubstr("there is no folder"));
  EXPECT_THAT(refusal(run, {{.episodes = -1}, {}}), HasSubstr("episodes = -1"));
  EXPECT_FALSE(fs::exists(run / "report"));
  EXPECT_FALSE(fs::exists(run / "report.html"));
  std::ofstream(run / "report") << "a file where the numbers go";
  EXPECT_THAT(refusal(run), HasSubstr("must be free for the report's figures, and is a file"));
  EXPECT_FALSE(fs::exists(run / "report.html"));
}

TEST(Metrics, ReadsWhatIsWhole) {
  const TemporaryFolder folder;
  const auto file = folder.write(
      "metrics.jsonl",
      std::string_view(
          "{\"step\":10,\"loss\":1.5}\nnonsense\n[1]\n{\"step\":20,\"loss\":null}\n"
          "{\"step\":20,\"validation_loss\":-1,\"validation_error\":0.5}\n{\"loss\":3}\n{\"step\":30,\"lo"));
  const report::Metrics metrics = report::read_metrics(file);
  ASSERT_EQ(metrics.losses.size(), 1U);
  EXPECT_EQ(metrics.losses[0].step, 10);
  EXPECT_EQ(metrics.losses[0].loss, 1.5);
  ASSERT_EQ(metrics.validations.size(), 1U);
  EXPECT_EQ(metrics.validations[0].error, 0.5);
  EXPECT_TRUE(report::read_metrics(folder.path() / "none").losses.empty());
}

TEST_F(ReportPage, DrawsInABrowser) {
  const auto browser = test::program("chromium");
  if (browser.empty()) GTEST_SKIP() << "there is no Chromium";
  const fs::path run = small_run(folder_.path(), small_configuration("gaussian"));
  std::string html = content_of(write_report(run).page);
  // One line of what the browser made of each figure, and errors.
  const std::string first = "<script>var errors = []; window.onerror = function (m) { errors.push(m); };</script>";
  const std::string last =
      "<pre id=\"seen\"></pre><script>document.getElementById('seen').textContent = "
      "Array.from(document.querySelectorAll('figure')).map(function (f) { var s = f.querySelector('svg'), "
      "b = s.getBBox(), r = s.getBoundingClientRect(), shown = Array.from(s.querySelectorAll('path, rect, use, "
      "polygon'))"
      ".filter(function (e) { return getComputedStyle(e).visibility == 'visible' &amp;&amp; "
      "e.getBoundingClientRect().width "
      "+ e.getBoundingClientRect().height > 0; }).length; return [f.id, shown, Math.round(b.width), "
      "Math.round(r.width), s.querySelectorAll('.' + f.id + '-frame').length].join(' '); }).join('; ') + "
      "'; errors ' + errors.length + '.';</script>";
  html.insert(html.find("<style>"), first);
  html.insert(html.rfind("</body>"), std::regex_replace(last, std::regex("&amp;"), "&"));
  const auto file = folder_.write("seen.html", std::string_view(html));
  const auto out = folder_.path() / "out", err = folder_.path() / "err";
  const std::string command = "timeout 120 " + browser.string() +
                              " --headless --no-sandbox --disable-gpu --no-first-run --window-size=1000,800 "
                              "--enable-logging=stderr --user-data-dir=" +
                              (folder_.path() / "profile").string() + " --dump-dom file://" + file.string() + " >" +
                              out.string() + " 2>" + err.string();
  ASSERT_EQ(std::system(command.c_str()), 0) << content_of(err);
  EXPECT_THAT(content_of(err), Not(HasSubstr("CONSOLE")));
  const std::string dom = content_of(out);
  const std::size_t begin = dom.find("<pre id=\"seen\">") + 15;
  std::string seen = dom.substr(begin, dom.find("</pre>", begin) - begin);
  EXPECT_THAT(seen, HasSubstr("; errors 0."));
  int figures = 0;
  for (std::smatch match; std::regex_search(seen, match, std::regex("([a-z_]+) (\\d+) (\\d+) (\\d+) (\\d+);"));
       seen = match.suffix()) {
    SCOPED_TRACE(match.str());
    ++figures;
    EXPECT_GT(std::stoi(match[2]), 20);   // axes alone are as many
    EXPECT_GT(std::stoi(match[3]), 300);  // width in its own units
    EXPECT_GT(std::stoi(match[4]), 300);  // width on the page
    EXPECT_LT(std::stoi(match[4]), 1000);
    EXPECT_EQ(std::stoi(match[5]), match[1] == "proposal" ? 3 : 1);
  }
  EXPECT_EQ(figures, 12);
}

}  // namespace
}  // namespace alfi
