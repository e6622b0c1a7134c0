// alfi infer: one set and many, what it writes, and what it refuses.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "alfi/machine.hpp"
#include "src/formats/observations.hpp"
#include "tests/cli/cli.hpp"

namespace alfi::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST_F(Cli, InferRefusesWhatTheSimulatorCannotGive) {
  ASSERT_EQ(alfi(training("run")).code, 0);
  const std::vector<std::pair<const char*, const char*>> files{{"3\n-1\n", "observation 2 is -1"},
                                                               {"3\n2.5\n", "observation 2 is 2.5"},
                                                               {"3,4\n5,6\n", "2 columns, 1 are expected"},
                                                               {"3\nnan\n", "line 2"},
                                                               {"3\nfour\n", "line 2"},
                                                               {"", "no observations"}};
  for (const auto& [content, part] : files) {
    std::ofstream(path("x.csv")) << content;
    const Outcome outcome = alfi({"infer", path("run"), "--data", path("x.csv")});
    EXPECT_EQ(outcome.code, 2) << content;
    EXPECT_EQ(outcome.out, "");
    EXPECT_THAT(outcome.err, AllOf(StartsWith("alfi: error: " + path("x.csv")), HasSubstr(part)));
  }
}

// Without a single count the most likely rate is 0, wherever the prior ends.
TEST_F(Cli, InferSaysTheMaximumLikelihoodThatThereIs) {
  ASSERT_EQ(alfi(training("run")).code, 0);
  std::ofstream(path("x.csv")) << "0\n0\n0\n";
  const Outcome shown = alfi({"infer", path("run"), "--data", path("x.csv")}),
                json = alfi({"infer", path("run"), "--data", path("x.csv"), "--json"});
  EXPECT_THAT(shown.out, ::testing::ContainsRegex("\nlog_rate .* -inf\nrate .* 0\n"));
  EXPECT_THAT(json.out, AllOf(HasSubstr("\"maximum_likelihood\": null"), HasSubstr("\"maximum_likelihood\": 0.0"),
                              HasSubstr("\"correlation\": null")));
}

TEST_F(Cli, InferSaysHowWellTheDataFit) {
  ASSERT_EQ(alfi(training("run")).code, 0);
  std::ofstream(path("x.csv")) << "3\n1\n4\n1\n5\n9\n2\n";
  const std::vector<float> x{3, 1, 4, 1, 5, 9, 2};
  const Fit fit = Machine::load(path("run")).infer(x, 7).fit;
  const Outcome shown = alfi({"infer", path("run"), "--data", path("x.csv")});
  EXPECT_THAT(shown.out, HasSubstr(fmt::format("\n\nfit: p = {:.2g}\n", fit.p)));
  const auto json = nlohmann::json::parse(alfi({"infer", path("run"), "--data", path("x.csv"), "--json"}).out)["fit"];
  EXPECT_EQ(json["p"], fit.p);
  EXPECT_EQ(json["predictive_p"], fit.predictive_p);
  EXPECT_EQ(json["energy_p"], fit.energy_p);
  EXPECT_EQ(json["shape_p"], fit.shape_p);
  EXPECT_EQ(json["spread_p"], fit.spread_p);
  EXPECT_EQ(json["extremes_p"], fit.extremes_p);
  EXPECT_EQ(json["energy_distance"], fit.energy_distance);
  EXPECT_EQ(json["code_p"], fit.code_p);
  EXPECT_EQ(json["code_distance"], fit.code_distance);
  EXPECT_EQ(json["likelihood_p"], fit.likelihood_p);
  std::ofstream(path("far.csv")) << "3\n1\n4\n1\n5\n9\n16000000\n";
  EXPECT_THAT(alfi({"infer", path("run"), "--data", path("far.csv")}).err,
              HasSubstr("warning: The observations are unlike what the simulator makes, p = "));
}

/// Many sets in files, as a command reads them, and the answers that they should have.
class CliManySets : public Cli {
 protected:
  void SetUp() override {
    ASSERT_EQ(alfi(training("run")).code, 0);
    ASSERT_EQ(alfi({"simulate", "poisson", "--prior-predictive", "5", "--count", "8", "--out", path("many.npy"),
                    "--theta-out", path("theta.npy")})
                  .code,
              0);
    std::ofstream(path("groups.csv")) << "place,x\nb,3\na,4\nb,5\nb,1\n";
  }

  Outcome infer(const char* data, const std::vector<std::string>& more) const {
    std::vector<std::string> arguments{"infer", path("run"), "--data", path(data)};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return alfi(arguments);
  }

  std::vector<Posterior> answers(const char* data, const std::string& group = {}) const {
    const Observations read = read_observations(path(data), {.parts = {.label = group}});
    return Machine::load(path("run")).infer(read.sets());
  }
  Machine machine() const { return Machine::load(path("run")); }
};

/// The shape's text and the numbers of a .npy file, which this test reads by itself.
template <class T>
std::pair<std::string, std::vector<T>> array_of(const std::string& file, const std::string& type) {
  const std::string content = content_of(file);
  EXPECT_THAT(content.substr(0, 128), HasSubstr("'descr': '" + type + "'"));
  const std::size_t begin = content.find("'shape': ") + 9, data = content.find('\n') + 1;
  std::vector<T> numbers((content.size() - data) / sizeof(T));
  std::memcpy(numbers.data(), content.data() + data, numbers.size() * sizeof(T));
  return {content.substr(begin, content.find(')') + 1 - begin), numbers};
}

std::vector<double> table_of(const std::vector<Posterior>& posteriors) {
  std::vector<double> table;
  for (const Posterior& posterior : posteriors)
    for (const ParameterEstimate& p : posterior.parameters)
      table.insert(table.end(), {p.mean, p.deviation, p.lower, p.upper});
  return table;
}

/// Returns the numbers of a .csv behind its line of names, which must be this one, without `leading` columns.
std::vector<double> csv_of(const std::string& text, const std::string& names, int leading) {
  std::istringstream lines(text);
  std::string line;
  std::getline(lines, line);
  EXPECT_EQ(line, names);
  std::vector<double> numbers;
  while (std::getline(lines, line)) {
    std::istringstream fields(line);
    std::string field;
    for (int i = 0; std::getline(fields, field, ','); ++i)
      if (i >= leading) numbers.push_back(std::stod(field));
  }
  return numbers;
}

constexpr const char* table_columns = "log_rate_mean,log_rate_deviation,log_rate_lower,log_rate_upper";

TEST_F(CliManySets, AreATableInEveryFormat) {
  const std::vector<double> expected = table_of(answers("many.npy"));
  const Outcome shown = infer("many.npy", {});
  EXPECT_EQ(shown.code, 0) << shown.err;
  EXPECT_EQ(csv_of(shown.out, std::string("set,") + table_columns, 1), expected);
  for (const char* const name : {"t.csv", "t.npy", "t.json"}) {
    const Outcome outcome = infer("many.npy", {"--out", path(name), "--threads", "2"});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(outcome.out, "");
  }
  EXPECT_EQ(content_of(path("t.csv")), shown.out);
  EXPECT_EQ(array_of<double>(path("t.npy"), "<f8"), std::pair(std::string("(5, 1, 4)"), expected));
  const Outcome json = infer("many.npy", {"--json"});
  EXPECT_EQ(content_of(path("t.json")), json.out);
  const auto object = json_of(json);
  ASSERT_EQ(object["sets"].size(), 5u);
  for (std::size_t k = 0; k < 5; ++k) {
    EXPECT_EQ(object["sets"][k]["set"], std::to_string(k + 1));
    EXPECT_EQ(object["sets"][k]["parameters"][0]["estimate"].get<double>(), expected[4 * k]);
  }
}

TEST_F(CliManySets, AreGroupsOfRows) {
  const std::vector<double> expected = table_of(answers("groups.csv", "place"));
  for (const char* const column : {"place", "1"}) {
    const Outcome outcome = infer("groups.csv", {"--group", column});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(csv_of(outcome.out, std::string("set,") + table_columns, 1), expected);
    EXPECT_THAT(outcome.out, AllOf(HasSubstr("\nb,"), HasSubstr("\na,")));
    EXPECT_THAT(outcome.err, AllOf(HasSubstr("warning: 2 of 2 sets, the first of which is 'b'"), HasSubstr("all 3")));
    EXPECT_THAT(outcome.err, Not(HasSubstr("all 1 "))) << "each kind of warning once";
  }
}

TEST_F(CliManySets, OfOneHaveNoColumnOfSets) {
  std::ofstream(path("one.csv")) << "3\n4\n5\n6\n7\n8\n9\n2\n";
  const std::vector<double> expected = table_of(answers("one.csv"));
  EXPECT_EQ(infer("one.csv", {"--out", path("t.csv")}).code, 0);
  EXPECT_EQ(csv_of(content_of(path("t.csv")), table_columns, 0), expected);
  EXPECT_EQ(infer("one.csv", {"--out", path("t.npy")}).code, 0);
  EXPECT_EQ(array_of<double>(path("t.npy"), "<f8").first, "(1, 4)");
  EXPECT_EQ(infer("one.csv", {"--out", path("t.json")}).code, 0);
  EXPECT_EQ(content_of(path("t.json")), infer("one.csv", {"--json"}).out);
  EXPECT_EQ(infer("one.csv", {"--samples", "3", "--out", path("s.npy")}).code, 0);
  EXPECT_EQ(array_of<double>(path("s.npy"), "<f8"),
            std::pair(std::string("(3, 1)"), machine().sample(answers("one.csv")[0], 3)));
}

TEST_F(CliManySets, GiveSamples) {
  std::vector<double> expected;
  for (const Posterior& posterior : answers("many.npy")) {
    const std::vector<double> draws = machine().sample(posterior, 7);
    expected.insert(expected.end(), draws.begin(), draws.end());
  }
  EXPECT_EQ(infer("many.npy", {"--samples", "7", "--out", path("s.npy")}).code, 0);
  EXPECT_EQ(array_of<double>(path("s.npy"), "<f8"), std::pair(std::string("(5, 7, 1)"), expected));
  EXPECT_EQ(infer("many.npy", {"--samples", "7", "--out", path("s.csv")}).code, 0);
  EXPECT_EQ(csv_of(content_of(path("s.csv")), "set,log_rate", 1), expected);
}

TEST_F(CliManySets, GivePredictions) {
  std::vector<float> expected;
  for (const Posterior& posterior : answers("many.npy")) {
    const std::vector<float> x = machine().predict(posterior, 3, 8);
    expected.insert(expected.end(), x.begin(), x.end());
  }
  EXPECT_EQ(infer("many.npy", {"--posterior-predictive", "3", "--out", path("p.npy")}).code, 0);
  EXPECT_EQ(array_of<float>(path("p.npy"), "<f4"), std::pair(std::string("(5, 3, 8, 1)"), expected));
  // Groups differ in size: 3 and 1 observations, twice.
  EXPECT_EQ(infer("groups.csv", {"--group", "1", "--posterior-predictive", "2", "--out", path("p.csv")}).code, 0);
  const std::string text = content_of(path("p.csv"));
  EXPECT_EQ(csv_of(text, "set,draw,x", 2).size(), 8u);
  EXPECT_THAT(text, AllOf(HasSubstr("\nb,2,"), HasSubstr("\na,1,"), Not(HasSubstr("\na,3,"))));
  const Outcome ragged = infer("groups.csv", {"--group", "1", "--posterior-predictive", "2", "--out", path("q.npy")});
  EXPECT_EQ(ragged.code, 2);
  EXPECT_THAT(ragged.err, HasSubstr("differ in their numbers of observations"));
  EXPECT_FALSE(fs::exists(path("q.npy")));
}

TEST_F(CliManySets, RefuseWhatCannotBeDone) {
  const std::vector<std::pair<std::vector<std::string>, const char*>> calls{
      {{"--samples", "0", "--out", path("s.npy")}, "--samples 0 must be a whole number from 1"},
      {{"--samples", "-3", "--out", path("s.npy")}, "--samples -3"},
      {{"--samples", "99999999999", "--out", path("s.npy")}, "to 2147483647"},
      {{"--samples", "5", "--json"}, "draws are written as csv or npy"},
      {{"--posterior-predictive", "0", "--out", path("s.npy")}, "--posterior-predictive 0"},
      {{"--format", "hdf5"}, "--format"},
      {{"--samples", "5", "--posterior-predictive", "1", "--out", path("s.npy")}, "--samples does not go with"},
      {{"--samples", "5", "--out", path("s.json")}, "must end in .csv or .npy"},
      {{"--out", path("s.txt")}, "must end in .csv, .npy or .json"},
      {{"--out", path("s")}, "must end in .csv, .npy or .json"},
      {{"--json", "--out", path("s.csv")}, "--json does not go with --out"},
      {{"--group", ""}, "--group ''"},
      {{"--group", "1"}, "many.npy: a column of groups, '1', is of a text, and this is an array"},
      {{"--threads", "-1"}, "engine.threads = -1"}};
  for (const auto& [arguments, part] : calls) {
    const Outcome outcome = infer("many.npy", arguments);
    EXPECT_EQ(outcome.code, 2) << part;
    EXPECT_EQ(outcome.out, "");
    EXPECT_THAT(outcome.err, HasSubstr(part));
  }
  const Outcome absent = infer("groups.csv", {"--group", "site"});
  EXPECT_EQ(absent.code, 2);
  EXPECT_THAT(absent.err, AllOf(HasSubstr("groups.csv: there is no column 'site'"), HasSubstr("'place', 'x'")));
  EXPECT_FALSE(fs::exists(path("s.npy")));
}

// Whatever way data come in, they are the same data.
TEST_F(CliManySets, ComeFromAnywhere) {
  std::ofstream(path("x.csv")) << "3\n4\n5\n1\n";
  const std::string expected = infer("x.csv", {}).out;
  EXPECT_THAT(expected, HasSubstr("log_rate"));
  fs::copy_file(path("x.csv"), path("X.TXT"));
  EXPECT_EQ(infer("X.TXT", {}).out, expected);
  const auto shell = [&](const std::string& before, const std::string& arguments) {
    std::system(("bash -c '" + before + ALFI_CLI + " infer " + path("run") + " --data " + arguments + " > " +
                 path("out") + " 2> " + path("err") + "'")
                    .c_str());
    return content_of(path("out"));
  };
  EXPECT_EQ(shell("", "- < " + path("x.csv")), expected);
  EXPECT_EQ(shell("cat " + path("x.csv") + " | ", "/dev/stdin"), expected);
  EXPECT_EQ(shell("", "<(cat " + path("x.csv") + ")"), expected);
  EXPECT_EQ(shell("gzip -k " + path("x.csv") + "; ", path("x.csv.gz")), expected);
  std::ofstream(path("odd.dat")) << "a title\nn;k\n1;3\n2;4\n3;5\n4;-9\n5;1\n";
  EXPECT_EQ(infer("odd.dat", {"--skip", "1", "--column", "k", "--missing", "-9", "--drop-missing"}).out, expected);
  EXPECT_EQ(
      infer("odd.dat", {"--skip", "1", "--column", "2", "--delimiter", ";", "--missing=-9", "--drop-missing"}).out,
      expected);
  const Outcome bad = infer("odd.dat", {"--delimiter", "ab"});
  EXPECT_EQ(bad.code, 2);
  EXPECT_THAT(bad.err, HasSubstr("--delimiter 'ab' must be one character, tab or space"));
}

TEST_F(CliManySets, MayBeSeveralFiles) {
  std::ofstream(path("a.csv")) << "3\n4\n5\n";
  std::ofstream(path("b.csv")) << "1\n2\n";
  const Outcome both = infer("a.csv", {"--data", path("b.csv"), "--out", path("t.csv")});
  EXPECT_EQ(both.code, 0) << both.err;
  const std::string table = content_of(path("t.csv"));
  EXPECT_THAT(table, AllOf(HasSubstr("\n" + path("a.csv") + ","), HasSubstr("\n" + path("b.csv") + ",")));
  const std::vector<double> alone = csv_of(infer("b.csv", {"--format", "csv"}).out, table_columns, 0);
  const std::vector<double> second = csv_of(table, std::string("set,") + table_columns, 1);
  EXPECT_EQ(std::vector<double>(second.begin() + 4, second.end()), alone);
}

// The posterior of sets that share θ is their product, over the prior; here that is constant.
TEST_F(CliManySets, AreCombined) {
  const std::vector<Posterior> each = answers("many.npy");
  double precision = 0, weighted = 0;
  for (const Posterior& posterior : each) {
    precision += std::pow(posterior.standard.deviation[0], -2);
    weighted += posterior.standard.mean[0] * std::pow(posterior.standard.deviation[0], -2);
  }
  const Posterior combined = machine().combine(each);
  EXPECT_NEAR(combined.standard.mean[0], weighted / precision, 1e-12);
  EXPECT_NEAR(combined.standard.deviation[0], 1 / std::sqrt(precision), 1e-12);
  EXPECT_EQ(combined.used, 40);
  const nlohmann::json json = json_of(infer("many.npy", {"--combine", "--json"}));
  EXPECT_EQ(json["parameters"][0]["estimate"], combined.parameters[0].mean);
  EXPECT_EQ(json["observations"], 40);
  EXPECT_THAT(infer("many.npy", {"--combine"}).out, HasSubstr("95 % interval"));
  const Outcome draws = infer("many.npy", {"--combine", "--samples", "3"});
  EXPECT_EQ(csv_of(draws.out, "log_rate", 0), machine().sample(combined, 3));
}

TEST_F(CliManySets, OfAPointHaveNoSamples) {
  ASSERT_EQ(alfi(training("point", {"--set", "proposal.family=point", "--set", "training.loss=mse"})).code, 0);
  for (const char* const option : {"--samples", "--posterior-predictive"}) {
    const Outcome outcome =
        alfi({"infer", path("point"), "--data", path("many.npy"), option, "2", "--out", path("s.npy")});
    EXPECT_EQ(outcome.code, 2);
    EXPECT_THAT(outcome.err, HasSubstr("proposal.family = point"));
    EXPECT_FALSE(fs::exists(path("s.npy")) || fs::exists(path("s.npy.partial")));
  }
}

TEST_F(CliManySets, LeaveTheOldFileWhereNoneCanBeWritten) {
  const Outcome nowhere = infer("many.npy", {"--out", path("none") + "/t.csv"});
  EXPECT_EQ(nowhere.code, 1);
  EXPECT_THAT(nowhere.err, AllOf(HasSubstr("none/t.csv"), HasSubstr("cannot be written: No such file or directory")));
  folder_.write("t.npy", std::string_view("precious"));
  const Outcome full =
      Process({"infer", path("run"), "--data", path("many.npy"), "--samples", "1000", "--out", path("t.npy")}, 10000)
          .wait();
  EXPECT_EQ(full.code, 1);
  EXPECT_EQ(content_of(path("t.npy")), "precious");
  EXPECT_FALSE(fs::exists(path("t.npy.partial")));
}

TEST_F(CliManySets, StopAtASignalWithoutAFile) {
  ASSERT_EQ(
      alfi({"simulate", "poisson", "--prior-predictive", "20000", "--count", "8", "--out", path("long.npy")}).code, 0);
  ASSERT_EQ(alfi(training("slow", {"--set", "episode.iterations=1000", "--set", "training.steps=1"})).code, 0);
  Process process({"infer", path("slow"), "--data", path("long.npy"), "--out", path("t.npy")});
  wait_for(process, path("t.npy.partial"));
  process.signal(SIGINT);
  const Outcome outcome = process.wait();
  EXPECT_EQ(outcome.code, 3) << outcome.err;
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("stopped after "), HasSubstr(" of 20000 sets")));
  EXPECT_FALSE(fs::exists(path("t.npy")) || fs::exists(path("t.npy.partial")));
}

}  // namespace
}  // namespace alfi::test
