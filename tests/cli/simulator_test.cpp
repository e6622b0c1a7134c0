// alfi simulator: from a header that it wrote to an answer, and bad input.
#include <fstream>
#include <string>
#include <vector>

#include "tests/cli/cli.hpp"

namespace alfi::test {
namespace {

using testing::HasSubstr;

class SimulatorCli : public Cli {
 protected:
  SimulatorCli() { fs::current_path(folder_.path()); }
  ~SimulatorCli() override { fs::current_path("/"); }

  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path(name)) << text;
    return path(name);
  }
};

void replace(std::string& text, const std::string& from, const std::string& to) {
  ASSERT_NE(text.find(from), text.npos) << from;
  text.replace(text.find(from), from.size(), to);
}

void expect_success(const std::vector<std::string>& arguments) {
  const Outcome outcome = alfi(arguments);
  EXPECT_EQ(outcome.code, 0) << arguments[0] << ": " << outcome.err;
}

// The header that `new` writes, with three lines changed.
TEST_F(SimulatorCli, GoesFromANewHeaderToAReport) {
  expect_success({"simulator", "new", "coins"});
  std::string text = content_of(path("coins.hpp"));
  const auto line_with = [&](const std::string& part) {
    const std::size_t at = text.find(part), begin = text.rfind('\n', at) + 1;
    return text.substr(begin, text.find('\n', at) - begin);
  };
  replace(text, line_with(".parameter("),
          "                                    .parameter(\"heads\", \"\", alfi::beta(2, 2))");
  replace(text, line_with(".observations("),
          "                                    .observations(1, alfi::whole(0, 10), \"heads of ten coins\");");
  replace(text, line_with("x[0] ="), "    x[0] = random.binomial(10, theta[0]);");
  write("coins.hpp", text);
  expect_success({"simulator", "check", "coins.hpp"});
  expect_success({"simulate", "coins.hpp", "--theta", "0.3", "--count", "20", "--out", "data.csv"});
  write("coins.yaml",
        "simulator: {source: coins.hpp}\nepisode: {iterations: 2, thetas: 2, observations: 4, real_observations: 20}\n"
        "training: {steps: 20, meta_batch: 16}\nevaluation: {episodes: 40}\n");
  expect_success({"train", "coins.yaml", "--out", "run"});
  expect_success({"evaluate", "run"});
  const Outcome answer = alfi({"infer", "run", "--data", "data.csv", "--json"});
  EXPECT_EQ(answer.code, 0) << answer.err;
  const auto json = nlohmann::json::parse(answer.out);
  EXPECT_EQ(json.at("parameters").at(0).at("name"), "heads");
  EXPECT_GE(json.at("parameters").at(0).at("lower").get<double>(), 0);
  EXPECT_LE(json.at("parameters").at(0).at("upper").get<double>(), 1);
  expect_success({"report", "run", "--out", "report.html"});
}

TEST_F(SimulatorCli, RefusesWhatIsWrong) {
  const std::string right = content_of(std::string(ALFI_EXAMPLES) + "/simulators/decay.hpp");
  const auto changed = [&](const std::string& name, const std::string& from, const std::string& to) {
    std::string text = right;
    replace(text, from, to);
    return write(name, text);
  };
  write("folder.txt", "");
  fs::create_directory(path("folder"));
  write("there.hpp", right);
  const std::string config = "simulator: {source: there.hpp}\n";
  struct Case {
    std::vector<std::string> arguments;
    std::string message;
  };
  const std::vector<Case> cases{
      {{"simulator"}, "subcommand is required"},
      {{"simulator", "new"}, "NAME"},
      {{"simulator", "new", "Decay"}, "must be of the letters a to z, digits and _, a letter first"},
      {{"simulator", "new", "../decay"}, "must be of the letters"},
      {{"simulator", "new", "there"}, "there.hpp: is there already"},
      {{"simulator", "check", "none.hpp"}, "there is no such header"},
      {{"simulator", "check", "folder.hpp"}, "there is no such header"},
      {{"simulator", "check", "nobody"}, "simulator 'nobody' is unknown; there are poisson"},
      {{"simulator", "check", "quadratic"}, "is an objective, which has no observations"},
      {{"simulator", "check", "none.so"}, "none.so"},
      {{"simulator", "build", "there.hpp", "--out", "folder"}, "folder"},
      {{"simulator", "build", "there.hpp", "--out", "nowhere/there.so"}, "nowhere/there.so"},
      {{"simulator", "build", "there.hpp", "--parameter", "a=1"},
       "--parameter a=1: must be of {}: the simulator decay has no"},
      {{"simulator", "check", "there.hpp", "--parameter", "a"}, "--parameter 'a': must be NAME=NUMBER"},
      {{"simulator", "check", "there.hpp", "--parameter", "a=1", "--parameter", "a=2"},
       "--parameter 'a=2': is given twice"},
      {{"simulator", "build", "there.hpp", "--out", "./there.hpp"}, "--out './there.hpp' is the header itself"},
      {{"simulator", "check", changed("includes.hpp", "#include <alfi", "#include \"nope.hpp\"\n#include <alfi")},
       "nope.hpp"},
      {{"simulator", "check", changed("missing_semicolon.hpp", "};", "}")}, "missing_semicolon.hpp:"},
      {{"simulator", "check", changed("no_macro.hpp", "ALFI_SIMULATOR(Decay)", "")}, "ModuleSimulator"},
      {{"simulator", "check", changed("other_struct.hpp", "ALFI_SIMULATOR(Decay)", "ALFI_SIMULATOR(Other)")}, "Other"},
      {{"simulator", "check", changed("no_simulate.hpp", "void simulate(", "void draw(")}, "no_simulate.hpp"},
      {{"simulator", "check", changed("low_high.hpp", "uniform(0, 1)", "uniform(1, 0)")},
       "low_high.hpp: its facts contradict themselves: the prior of dead_time reaches from 1 to 0"},
      {{"simulator", "check", changed("twice.hpp", "\"dead_time\"", "\"lifetime\"")},
       "two parameters have the name lifetime"},
      {{"simulator", "check", changed("nothing.hpp", "observations(1,", "observations(0,")},
       "an observation has 0 numbers"},
      {{"simulate", "there.hpp", "--theta", "1", "--count", "3"},
       "1 values are given, decay has 2 (lifetime,dead_time)"},
      {{"simulate", "there.hpp", "--theta", "1,x", "--count", "3"}, "must be a finite 32-bit number"},
      {{"simulate", "there.hpp", "--theta", "1,0", "--count", "3", "--parameter", "a=1"},
       "simulator.parameters = {a: 1}: must be"},
      {{"train", write("two.yaml", "simulator: {source: there.hpp, name: poisson}\n"), "--out", "r"},
       "a simulator is given by one of name, source, module and program; there are 2"},
      {{"train", write("none.yaml", "simulator: {source: none.hpp}\n"), "--out", "r"}, "none.hpp"},
      {{"train", write("list.yaml", "simulator: {source: [there.hpp]}\n"), "--out", "r"}, "must be the path of a file"},
      {{"train", write("empty.yaml", "simulator: {source: ''}\n"), "--out", "r"}, "must be the path of a file"},
      {{"train", write("module.yaml", "simulator: {module: there.hpp}\n"), "--out", "r"}, "is no module"},
      {{"train", write("prior.yaml", config + "prior: {half_life: {uniform: [0, 1]}}\n"), "--out", "r"},
       "prior.half_life: is no parameter of decay; there are lifetime, dead_time"},
      {{"train", write("law.yaml", config + "prior: {lifetime: {cauchy: [0, 1]}}\n"), "--out", "r"},
       "must be a mapping of parameters to priors"},
      {{"train", write("numbers.yaml", config + "prior: {lifetime: {gamma: [0, 1]}}\n"), "--out", "r"},
       "prior.lifetime: the prior has the parameters 0 and 1; both must be above 0"},
      {{"train", write("space.yaml", config + "parameters: {space: log}\n"), "--out", "r"},
       "must be one of auto, natural, normal"},
      {{"train", write("constants.yaml", "simulator: {source: there.hpp, parameters: {a: 1}}\n"), "--out", "r"},
       "simulator.parameters"},
  };
  for (const auto& [arguments, message] : cases) {
    const Outcome outcome = alfi(arguments);
    EXPECT_THAT(outcome.err, HasSubstr(message)) << testing::PrintToString(arguments);
    EXPECT_TRUE(outcome.code == 1 || outcome.code == 2 || outcome.code > 100) << outcome.code;
    EXPECT_EQ(outcome.out, "");
    EXPECT_FALSE(fs::exists(path("r"))) << testing::PrintToString(arguments);
  }
}

}  // namespace
}  // namespace alfi::test
