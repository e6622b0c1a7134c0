// The binary `alfi` itself: its commands, exit codes and what a signal does.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <csignal>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "alfi/simulators.hpp"
#include "src/formats/observations.hpp"
#include "src/formats/safetensors.hpp"
#include "tests/support/content_of.hpp"
#include "tests/support/search_path.hpp"
#include "tests/support/temporary_folder.hpp"

namespace alfi {
namespace {

using namespace std::chrono_literals;
using test::content_of;
using test::TemporaryFolder;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;
namespace fs = std::filesystem;

/// What a process left behind; code is −(signal) where a signal ended it.
struct Outcome {
  int code;
  std::string out, err;
};

/// `alfi` with arguments, in a working folder of its own, as long as it runs.
class Process {
 public:
  /// `largest_file` in bytes, 0: no limit. `output` goes to that file instead of being kept.
  explicit Process(std::vector<std::string> arguments, rlim_t largest_file = 0, const char* output = nullptr) {
    arguments.insert(arguments.begin(), ALFI_CLI);
    std::vector<char*> pointers;
    for (std::string& argument : arguments) pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    const std::string out = output != nullptr ? output : (folder_.path() / "out").string();
    const std::string err = (folder_.path() / "err").string();
    id_ = fork();
    if (id_ < 0) throw std::runtime_error("fork failed");
    if (id_ == 0) {
      dup2(open(out.c_str(), O_WRONLY | O_CREAT, 0600), STDOUT_FILENO);
      dup2(open(err.c_str(), O_WRONLY | O_CREAT, 0600), STDERR_FILENO);
      if (largest_file > 0) {
        const rlimit limit{largest_file, largest_file};
        setrlimit(RLIMIT_FSIZE, &limit);
      }
      execv(ALFI_CLI, pointers.data());
      _exit(127);
    }
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process() {
    if (id_ > 0) {
      kill(id_, SIGKILL);
      waitpid(id_, nullptr, 0);
    }
  }

  void signal(int number) const { kill(id_, number); }
  bool running() const {
    siginfo_t information{};
    waitid(P_PID, static_cast<id_t>(id_), &information, WEXITED | WNOHANG | WNOWAIT);
    return information.si_pid == 0;
  }

  Outcome wait() {
    int status = 0;
    waitpid(id_, &status, 0);
    id_ = 0;
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status),
            fs::exists(folder_.path() / "out") ? content_of(folder_.path() / "out") : "",
            content_of(folder_.path() / "err")};
  }

 private:
  TemporaryFolder folder_;
  pid_t id_;
};

Outcome alfi(const std::vector<std::string>& arguments) { return Process(arguments).wait(); }

void wait_for(const Process& process, const fs::path& path) {
  while (!fs::exists(path) && process.running()) std::this_thread::sleep_for(1ms);
  ASSERT_TRUE(fs::exists(path)) << path;
}

/// A training of milliseconds.
constexpr const char* tiny = R"(
simulator: {name: poisson, transform: sqrt}
episode: {iterations: 2, thetas: 2, observations: 3, real_observations: 8}
networks:
  encoder: {hidden: 4, code: 3}
  aggregator: {hidden: 4, code: 3}
  rim: {hidden: 4, state: 4}
training: {steps: 20, meta_batch: 16, warmup_steps: 2, checkpoint_every: 10, validate_every: 10}
engine: {threads: 1}
)";

class Cli : public ::testing::Test {
 protected:
  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }
  std::string checkpoint(const std::string& run, int step) const {
    return path(run) + "/checkpoints/step-" + std::to_string(step) + ".safetensors";
  }
  /// Trains the tiny configuration into a run folder of this name, with what else is said.
  std::vector<std::string> training(const std::string& run, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments{"train", config_, "--out", path(run)};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  TemporaryFolder folder_;
  std::string config_ = folder_.write("tiny.yaml", std::string_view(tiny)).string();
};

nlohmann::json json_of(const Outcome& outcome) {
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  return nlohmann::json::parse(outcome.out);
}

// The call itself -----------------------------------------------------------------------------------------------------

TEST_F(Cli, SaysItsVersionAndHelps) {
  const Outcome version = alfi({"--version"});
  EXPECT_EQ(version.code, 0);
  EXPECT_THAT(version.out, ::testing::MatchesRegex("alfi [0-9]+\\.[0-9]+\\.[0-9]+\n"));
  const Outcome help = alfi({"--help"});
  EXPECT_EQ(help.code, 0);
  for (const char* const command :
       {"train", "evaluate", "infer", "simulate", "bench", "replay", "convert", "report", "info"}) {
    EXPECT_THAT(help.out, HasSubstr(command));
    const Outcome of_command = alfi({command, "--help"});
    EXPECT_EQ(of_command.code, 0);
    EXPECT_THAT(of_command.out, HasSubstr("Usage"));
  }
}

TEST_F(Cli, RefusesACallItDoesNotUnderstand) {
  const std::vector<std::pair<std::vector<std::string>, const char*>> calls{
      {{}, "subcommand"},
      {{"trian"}, "'trian'"},
      {{"--bogus"}, "'--bogus'"},
      {{"train"}, "CONFIG"},
      {{"train", config_}, "--out"},
      {training("run", {"--stps", "4"}), "--stps"},
      {training("run", {"extra"}), "extra"},
      {training("run", {"--resume", "--force"}), "--resume"},
      {{"simulate", "poisson", "--theta", "1"}, "--count"},
      {{"bench", "--seconds", "soon"}, "--seconds"},
      {{"bench", "--seconds", "0"}, "--seconds 0"},
      {{"replay", config_}, "--out"},
      {{"convert", config_}, "--out"},
      {{"convert", config_, "--out", path("run"), "--set", "engine.seed=2"}, "--config"}};
  for (const auto& [arguments, part] : calls) {
    const Outcome outcome = alfi(arguments);
    EXPECT_EQ(outcome.code, 2) << part;
    EXPECT_THAT(outcome.err, AllOf(StartsWith("alfi: error: "), HasSubstr(part)));
    EXPECT_EQ(outcome.out, "");
  }
  EXPECT_FALSE(fs::exists(path("run")));
}

TEST_F(Cli, FailsWhereStandardOutputIsFull) {
  const Outcome outcome = Process({"info"}, 0, "/dev/full").wait();
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("standard output cannot be written"));
}

TEST_F(Cli, EndsQuietlyWhenTheReaderOfItsOutputGoes) {
  const std::string pipe = path("pipe");
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  // More than a pipe holds.
  Process process({"simulate", "poisson", "--theta", "5", "--count", "1000000"}, 0, pipe.c_str());
  const int reader = open(pipe.c_str(), O_RDONLY);
  char first = 0;
  EXPECT_EQ(read(reader, &first, 1), 1);
  close(reader);
  const Outcome outcome = process.wait();
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.err, "");
}

// info ----------------------------------------------------------------------------------------------------------------

TEST_F(Cli, InfoTellsWhatIsThere) {
  const nlohmann::json info = json_of(alfi({"info", "--json"}));
  EXPECT_EQ(info.at("backends"), nlohmann::json({"cpu"}));
  EXPECT_GE(info.at("threads"), 1);
  EXPECT_EQ(info.at("instruction_sets").at(0), "baseline");
  EXPECT_EQ(info.at("cuda_fused_widths").size(), info.at("cuda_devices").size());
  ASSERT_EQ(info.at("simulators").size(), simulators().size());
  for (std::size_t i = 0; i < simulators().size(); ++i) {
    const nlohmann::json& simulator = info.at("simulators").at(i);
    EXPECT_EQ(simulator.at("name"), simulators()[i].name);
    EXPECT_EQ(simulator.at("parameters").size(), simulators()[i].parameters.size());
    const nlohmann::json& prior = simulator.at("parameters").at(0).at("prior");
    if (simulators()[i].name == "gaussian_linear")
      EXPECT_EQ(
          prior,
          (nlohmann::json{{"law", "normal"}, {"mean", 0.0}, {"deviation", simulators()[i].parameters[0].deviation()}}));
    else
      EXPECT_EQ(prior.at("low"), simulators()[i].parameters[0].low);
  }
  ASSERT_EQ(info.at("objectives").size(), objectives().size());
  EXPECT_EQ(info.at("objectives").at(0).at("name"), "quadratic");
  EXPECT_EQ(info.at("objectives").at(0).at("constants").at(0).at("default"), 10);
  const Outcome text = alfi({"info"});
  EXPECT_EQ(text.code, 0);
  for (const char* const part : {"alfi ", "poisson", "weinberg", "GeV", "inputs of the regression (1 to 63), 3 unless",
                                 "threads", "quadratic", "dimensions of θ (1 to 64), 10 unless"})
    EXPECT_THAT(text.out, HasSubstr(part));
  const Outcome keys = alfi({"info", "--config"});
  EXPECT_EQ(keys.code, 0);
  for (const char* const key : {"simulator.name", "training.learning_rate", "engine.seed"})
    EXPECT_THAT(keys.out, HasSubstr(key));
}

// simulate ------------------------------------------------------------------------------------------------------------

TEST_F(Cli, SimulatesTheSameToEveryPlace) {
  const std::vector<std::string> call{"simulate", "gaussian", "--theta", "-1.5,-0.5",
                                      "--count",  "70001",    "--seed",  "9"};
  const auto with = [&call](const std::vector<std::string>& more) {
    std::vector<std::string> arguments = call;
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  };
  const std::vector<float> expected = simulate("gaussian", {-1.5, -0.5}, 70001, 9);
  for (const char* const name : {"x.csv", "x.npy"}) {
    const Outcome outcome = alfi(with({"--out", path(name)}));
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(outcome.out, "");
    const Observations read = read_observations(path(name));
    EXPECT_EQ(read.dimension, 1);
    EXPECT_EQ(read.values, expected);
  }
  EXPECT_EQ(alfi(call).out, content_of(path("x.csv")));
  EXPECT_EQ(alfi(with({"--npy"})).out, content_of(path("x.npy")));
  // A shorter run is the beginning of a longer one.
  const Outcome shorter = alfi({"simulate", "gaussian", "--theta", "-1.5,-0.5", "--count", "10", "--seed", "9"});
  EXPECT_EQ(shorter.out, content_of(path("x.csv")).substr(0, shorter.out.size()));
  EXPECT_NE(shorter.out, alfi({"simulate", "gaussian", "--theta", "-1.5,-0.5", "--count", "10"}).out);
}

TEST_F(Cli, SimulatesTheSameOnEveryBackend) {
  const std::vector<std::string> call{"simulate", "poisson", "--theta", "5", "--count", "1000", "--backend"};
  const auto on = [&call](const std::vector<std::string>& backend) {
    std::vector<std::string> arguments = call;
    arguments.insert(arguments.end(), backend.begin(), backend.end());
    return alfi(arguments);
  };
  const Outcome cpu = on({"cpu"}), automatic = on({"auto"}), refused = on({"cuda", "--device", "1000"});
  EXPECT_EQ(cpu.code, 0);
  EXPECT_EQ(automatic.code, 0);
  EXPECT_EQ(automatic.out, cpu.out);
  EXPECT_EQ(refused.code, 1);
  EXPECT_EQ(refused.out, "");
  EXPECT_THAT(refused.err, HasSubstr("device 1000"));
}

TEST_F(Cli, SimulateWarnsOutsideTheDomain) {
  const Outcome outcome = alfi({"simulate", "poisson", "--theta", "20", "--count", "3"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("log_rate = 20"), HasSubstr("16 is used")));
  EXPECT_EQ(alfi({"simulate", "poisson", "--theta", "16", "--count", "3"}).err, "");
}

TEST_F(Cli, SimulateRefusesWhatItCannotDo) {
  const std::vector<std::pair<std::vector<std::string>, const char*>> calls{
      {{"poison", "--theta", "1", "--count", "3"}, "'poison'"},
      {{"poisson", "--theta", "1,2", "--count", "3"}, "2 values"},
      {{"poisson", "--theta", "1x", "--count", "3"}, "'1x'"},
      {{"poisson", "--theta", "nan", "--count", "3"}, "'nan'"},
      {{"poisson", "--theta", "", "--count", "3"}, "--theta"},
      {{"poisson", "--theta", "1", "--count", "0"}, "--count 0"},
      {{"poisson", "--theta", "1", "--count", "3", "--npy", "--out", "x.csv"}, "--npy does not go with --out 'x.csv'"},
      {{"poisson", "--theta", "1", "--count", "99999999999999"}, "--count 99999999999999"},
      {{"linear_regression", "--theta", "1,0", "--count", "3"}, "has 4 (angle_1,angle_2,angle_3,offset)"},
      {{"linear_regression", "--theta", "1,0", "--count", "3", "--parameter", "inputs=64"}, "from 1 to 63"},
      {{"linear_regression", "--theta", "1,0", "--count", "3", "--parameter", "p=1"}, "{inputs: "},
      {{"linear_regression", "--theta", "1,0", "--count", "3", "--parameter", "inputs"}, "'inputs'"},
      {{"linear_regression", "--theta", "1,0", "--count", "3", "--parameter", "inputs=1x"}, "'inputs=1x'"},
      {{"poisson", "--theta", "1", "--count", "3", "--parameter", "inputs=1"}, "poisson has no parameters"},
      {{"poisson", "--theta", "1", "--count", "3", "--out", path("x.txt")}, ".csv or .npy"}};
  for (const auto& [arguments, part] : calls) {
    std::vector<std::string> all = arguments;
    all.insert(all.begin(), "simulate");
    const Outcome outcome = alfi(all);
    EXPECT_EQ(outcome.code, 2) << part;
    EXPECT_THAT(outcome.err, HasSubstr(part));
  }
}

TEST_F(Cli, AFileThatCannotBeCompletedLeavesTheOldOne) {
  folder_.write("x.csv", std::string_view("precious\n"));
  const Outcome outcome =
      Process({"simulate", "poisson", "--theta", "5", "--count", "100000", "--out", path("x.csv")}, 10000).wait();
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(content_of(path("x.csv")), "precious\n");
  EXPECT_FALSE(fs::exists(path("x.csv.partial")));
}

// bench ---------------------------------------------------------------------------------------------------------------

TEST_F(Cli, BenchMeasures) {
  const nlohmann::json result =
      json_of(alfi({"bench", config_, "--backend", "cpu", "--seconds", "0.2", "--threads", "1", "--json"}));
  EXPECT_EQ(result.at("simulator"), "poisson");
  EXPECT_EQ(result.at("backend"), "cpu");
  EXPECT_EQ(result.at("precision"), "fp32");
  EXPECT_EQ(result.at("encoder"), "dense");  // auto's choice: so narrow a network costs less than a lookup
  EXPECT_EQ(result.at("kernels"), "fused");
  EXPECT_EQ(result.at("threads"), 1);
  EXPECT_EQ(result.at("meta_batch"), 16);
  for (const char* const key :
       {"episodes", "episodes_per_second", "simulations_per_second", "gflops", "peak_gflops", "fraction_of_peak"})
    EXPECT_GT(result.at(key), 0) << key;
  EXPECT_FALSE(result.at("device").get<std::string>().empty());
  // Without a configuration: poisson at the method's sizes, T·M·N + R = 2500 observations an episode.
  const nlohmann::json standard =
      json_of(alfi({"bench", "--set", "training.meta_batch=1", "--seconds", "0.01", "--json"}));
  EXPECT_NEAR(standard.at("simulations_per_second").get<double>() / standard.at("episodes_per_second").get<double>(),
              2500, 1e-6);
}

TEST_F(Cli, TheExamplesAreConfigurations) {
  int examples = 0;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(ALFI_EXAMPLES)) {
    if (entry.path().extension() != ".yaml") continue;
    ++examples;
    const bool minimises = entry.path().filename().string().starts_with("quadratic");
    const Outcome outcome =
        minimises
            ? alfi({"train", entry.path().string(), "--set", "training.steps=1", "--out", path(entry.path().stem())})
            : alfi({"bench", entry.path().string(), "--set", "training.meta_batch=1", "--seconds", "0.01", "--json"});
    EXPECT_EQ(outcome.code, 0) << entry.path() << outcome.err;
  }
  EXPECT_GE(examples, 11);  // beside the folder's own, those of paper and best
}

// replay --------------------------------------------------------------------------------------------------------------

TEST_F(Cli, ReplaysARecordedRun) {
  const std::string tape = ALFI_TEST_DATA "/poisson_networks.safetensors";
  const Outcome outcome = alfi({"replay", tape, "--out", path("result")});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  const SafeTensors result = read_safetensors(path("result"));
  const double expected = read_safetensors(tape).values<double>("loss", {1})[0];
  EXPECT_NEAR(result.values<double>("loss", {1})[0], expected, 1e-5 * std::abs(expected));
}

TEST_F(Cli, ReplayRefusesWhatIsNoTapeAndItsOwnInput) {
  folder_.write("tape", content_of(ALFI_TEST_DATA "/poisson_networks.safetensors"));
  const std::string before = content_of(path("tape"));
  for (const std::string& wrong : {config_, path("missing"), folder_.path().string()}) {
    const Outcome outcome = alfi({"replay", wrong, "--out", path("result")});
    EXPECT_EQ(outcome.code, 2) << wrong;
    EXPECT_THAT(outcome.err, HasSubstr(wrong));
    EXPECT_FALSE(fs::exists(path("result")));
  }
  EXPECT_EQ(alfi({"replay", path("tape"), "--out", path("tape")}).code, 2);
  EXPECT_EQ(content_of(path("tape")), before);
  const Outcome outcome = alfi({"replay", path("tape"), "--out", path("nowhere/result")});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("nowhere"));
}

// configurations of the published code
// ---------------------------------------------------------------------------------

/// A training of milliseconds in its schema: 3 epochs of 6 meta-batches.
constexpr const char* published = R"(
model: ALFINet
simulator:
  name: PoissonSimulator
  parameters: []
train: {nb_epochs: 3, nb_iter: 2, nb_theta: 100, nb_x_per_theta: 8, meta_batch_size: 16, batch_size_x: 3,
  batch_size_theta: 2, lr: 0.002, save_every: 1, test_every: 2, loss: normal, weight: exp}
test: {nb_iter: 4, nb_theta: 32, nb_x_per_theta: 9}
networks:
  use_grad: True
  x_data_agg: {hidden_size: 4, output_size: 3}
  theta_data_agg: {hidden_size: 5, output_size: 3}
  RIM: {hidden_size: 4, st_size: 6, bounded: .25}
proposal: {name: GaussianProposal, sigma: .1}
plot: {title: False}
)";

TEST_F(Cli, TrainsAPublishedConfiguration) {
  const std::string theirs = folder_.write("theirs.yaml", std::string_view(published)).string();
  const std::vector<std::string> call{"train",  theirs, "--out", path("run"), "--set", "engine.threads=1",
                                      "--seed", "3"};
  const Outcome trained = alfi(call);
  EXPECT_EQ(trained.code, 0) << trained.err;
  EXPECT_EQ(trained.out, "");
  EXPECT_THAT(trained.err, AllOf(StartsWith(theirs + ": a configuration of the published PyTorch code"),
                                 HasSubstr("\n  3 epochs of 6 meta-batches are 18 steps over 100 fixed problems"),
                                 HasSubstr("\n  train.lr = 0.002 counts"), HasSubstr("\n  ignored"),
                                 HasSubstr("trained to step 18")));
  for (const int step : {6, 12, 18}) EXPECT_TRUE(fs::exists(checkpoint("run", step))) << step;
  const std::string native = content_of(path("run") + "/config.yaml");
  EXPECT_THAT(native, AllOf(HasSubstr("name: poisson\n"), HasSubstr("steps: 18\n"), HasSubstr("seed: 3\n")));
  EXPECT_EQ(native.find("Simulator"), std::string::npos);

  // The same run by its native form.
  const Outcome again = alfi({"train", path("run") + "/config.yaml", "--out", path("again")});
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_EQ(again.err.find("published"), std::string::npos);
  EXPECT_EQ(content_of(checkpoint("again", 18)), content_of(checkpoint("run", 18)));

  std::vector<std::string> resumed = call;
  resumed.emplace_back("--resume");
  EXPECT_EQ(alfi(resumed).code, 0);
  const nlohmann::json evaluation = json_of(alfi({"evaluate", path("run"), "--json"}));
  EXPECT_EQ(evaluation.at("episodes"), 32);
  EXPECT_EQ(evaluation.at("error_by_iteration").size(), 5U);
  EXPECT_EQ(json_of(alfi({"bench", theirs, "--seconds", "0.01", "--json"})).at("meta_batch"), 16);
}

TEST_F(Cli, RefusesAWrongPublishedConfiguration) {
  const std::vector<std::pair<std::pair<std::string, std::string>, std::string>> wrongs{
      {{"PoissonSimulator", "ParticleSimulator"}, ":4: simulator.name = ParticleSimulator: must be one of"},
      {{"parameters: []", "parameters: [42, 0.2, 7]"}, ":5: simulator.parameters: a list of 3 values"},
      {{"proposal:", "proposals:"}, ":14: proposals = (a mapping): is no key"},
      {{"proposal: {name: GaussianProposal, sigma: .1}", ""}, ": section proposal is missing"},
      {{"  use_grad: True\n", ""}, "networks.use_grad is missing"},
      {{"nb_iter: 2,", "nb_iter: two,"}, ":6: train.nb_iter = two: must be a whole number"},
      {{"st_size: 6", "st_size: 6000"}, ":13: networks.RIM.st_size as networks.rim.state = 6000: must be"}};
  for (const auto& [change, part] : wrongs) {
    std::string text = published;
    text.replace(text.find(change.first), change.first.size(), change.second);
    const std::string theirs = folder_.write("theirs.yaml", text).string();
    const Outcome outcome = alfi({"train", theirs, "--out", path("run")});
    EXPECT_EQ(outcome.code, 2) << part;
    EXPECT_THAT(outcome.err, AllOf(StartsWith("alfi: error: " + theirs), HasSubstr(part)));
    EXPECT_FALSE(fs::exists(path("run"))) << part;
  }
}

// convert -------------------------------------------------------------------------------------------------------------

TEST_F(Cli, WeightsGoOutAndComeBack) {
  ASSERT_EQ(alfi(training("run")).code, 0);
  const Outcome exported = alfi({"convert", path("run"), "--out", path("weights.safetensors")});
  EXPECT_EQ(exported.code, 0) << exported.err;
  EXPECT_EQ(exported.out, "");
  EXPECT_THAT(exported.err, AllOf(HasSubstr("simulator.transform, which the published code has not"),
                                  HasSubstr("written: " + path("weights.safetensors"))));
  EXPECT_EQ(read_safetensors(path("weights.safetensors")).tensors.size(), 26U);
  const Outcome imported = alfi({"convert", path("weights.safetensors"), "--config", config_, "--out", path("back")});
  EXPECT_EQ(imported.code, 0) << imported.err;
  EXPECT_EQ(imported.err, "written: " + checkpoint("back", 0) + "\n");
  EXPECT_EQ(alfi({"convert", checkpoint("back", 0), "--out", path("again.safetensors")}).code, 0);
  EXPECT_EQ(content_of(path("again.safetensors")), content_of(path("weights.safetensors")));

  // The imported machine answers as the trained one, and can be trained on.
  std::ofstream(path("x.csv")) << "3\n4\n5\n6\n7\n8\n3\n4\n";
  nlohmann::json answers[2];
  for (const int i : {0, 1}) {
    answers[i] = json_of(alfi({"infer", path(i == 0 ? "run" : "back"), "--data", path("x.csv"), "--json"}));
    answers[i].erase("step");
  }
  EXPECT_EQ(answers[0], answers[1]);
  EXPECT_EQ(json_of(alfi({"evaluate", path("back"), "--episodes", "32", "--json"})).at("step"), 0);
  EXPECT_EQ(alfi(training("back", {"--resume"})).code, 0);
  EXPECT_TRUE(fs::exists(checkpoint("back", 20)));
}

TEST_F(Cli, ImportsWeightsOfThePublishedCode) {
  // The recorded run's weights, in 64 bits, as a state_dict.
  const SafeTensors tape = read_safetensors(ALFI_TEST_DATA "/poisson_networks.safetensors");
  SafeTensors state_dict;
  for (const auto& [name, tensor] : tape.tensors)
    if (name.starts_with("param.")) state_dict.tensors[name.substr(6)] = tensor;
  folder_.write("theirs.safetensors", std::span<const std::byte>(serialize(state_dict)));
  const Outcome imported = alfi({"convert", path("theirs.safetensors"), "--config", ALFI_EXAMPLES "/paper/poisson.yaml",
                                 "--set", "engine.seed=7", "--out", path("run")});
  EXPECT_EQ(imported.code, 0) << imported.err;
  EXPECT_THAT(imported.err, HasSubstr("64 bits were rounded to 32"));
  EXPECT_THAT(content_of(path("run") + "/config.yaml"), HasSubstr("seed: 7"));
  EXPECT_EQ(json_of(alfi({"evaluate", path("run"), "--episodes", "16", "--json"})).at("episodes"), 16);
  // Its float32 weights, put back, lead to what was recorded.
  ASSERT_EQ(alfi({"convert", path("run"), "--out", path("out.safetensors")}).code, 0);
  SafeTensors again = tape;
  for (const auto& [name, tensor] : read_safetensors(path("out.safetensors")).tensors)
    again.tensors["param." + name] = tensor;
  folder_.write("again", std::span<const std::byte>(serialize(again)));
  ASSERT_EQ(alfi({"replay", path("again"), "--out", path("replayed")}).code, 0);
  const std::vector<double> psi = read_safetensors(path("replayed")).at("psi").to<double>();
  const std::vector<double> recorded = tape.at("psi").to<double>();
  ASSERT_EQ(psi.size(), recorded.size());
  for (std::size_t i = 0; i < psi.size(); ++i) EXPECT_NEAR(psi[i], recorded[i], 1e-5 * (1 + std::abs(recorded[i])));
}

TEST_F(Cli, ConvertRefusesWhatDoesNotFit) {
  ASSERT_EQ(alfi(training("run")).code, 0);
  ASSERT_EQ(alfi({"convert", path("run"), "--out", path("weights")}).code, 0);
  const std::string weights = content_of(path("weights")), before = content_of(checkpoint("run", 20));
  folder_.write("half", std::string_view(weights).substr(0, weights.size() / 2));
  folder_.write("pickle", std::string_view("PK\x03\x04 archive/data.pkl"));
  folder_.write("notes.txt", std::string_view("precious"));
  const auto importing = [&](const std::string& source, const std::vector<std::string>& more = {}) {
    std::vector<std::string> call{"convert", source, "--config", config_, "--out", path("new")};
    call.insert(call.end(), more.begin(), more.end());
    return call;
  };
  const std::vector<std::pair<std::vector<std::string>, std::string>> calls{
      {importing(path("half")), "half is damaged or no safetensors file"},
      {importing(path("pickle")), "pickle is damaged or no safetensors file"},
      {importing(path("missing")), "missing"},
      {importing(path("run")), "it is a folder"},
      {importing(checkpoint("run", 20)), "is no weight of these networks"},
      {importing(path("weights"), {"--set", "networks.rim.hidden=5"}),
       "rim.fc0_layer.weight' has shape (4, 5), (5, 5)"},
      {importing(path("weights"), {"--set", "networks.rim.hdden=5"}), "networks.rim.hidden"},
      {{"convert", path("weights"), "--config", path("none.yaml"), "--out", path("new")}, "none.yaml"},
      {{"convert", path("weights"), "--config", config_, "--out", path("run")}, "not empty"},
      {{"convert", path("weights"), "--config", config_, "--out", path("notes.txt")}, "is not a folder"},
      {{"convert", path("weights"), "--out", path("new")}, "--config CONFIG"},
      {{"convert", path("missing"), "--out", path("new")}, "missing"},
      {{"convert", folder_.path().string(), "--out", path("new")}, "no run folder with a checkpoint"},
      {{"convert", path("run"), "--out", checkpoint("run", 20)}, "is a checkpoint of the run itself"},
      {{"convert", checkpoint("run", 20), "--out", checkpoint("run", 20)}, "is a checkpoint of the run itself"}};
  for (const auto& [arguments, part] : calls) {
    const Outcome outcome = alfi(arguments);
    EXPECT_EQ(outcome.code, 2) << part << outcome.err;
    EXPECT_THAT(outcome.err, AllOf(StartsWith("alfi: error: "), HasSubstr(part)));
    EXPECT_FALSE(fs::exists(path("new"))) << part;
  }
  EXPECT_EQ(content_of(checkpoint("run", 20)), before);
  EXPECT_EQ(content_of(path("notes.txt")), "precious");
}

TEST_F(Cli, AnImportThatCannotBeCompletedLeavesNothing) {
  ASSERT_EQ(alfi(training("run")).code, 0);
  ASSERT_EQ(alfi({"convert", path("run"), "--out", path("weights")}).code, 0);
  // The configuration fits below the limit, a checkpoint does not.
  const auto limit = static_cast<rlim_t>(fs::file_size(path("run") + "/config.yaml") + 500);
  const Outcome outcome =
      Process({"convert", path("weights"), "--config", config_, "--out", path("new")}, limit).wait();
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("step-0.safetensors"));
  EXPECT_FALSE(fs::exists(path("new")));
  folder_.write("old", std::string_view("precious"));
  EXPECT_EQ(Process({"convert", path("run"), "--out", path("old")}, 100).wait().code, 1);
  EXPECT_EQ(content_of(path("old")), "precious");
}

// baseline ------------------------------------------------------------------------------------------------------------

TEST_F(Cli, ComparesBaselinesOfAConfigurationAndARun) {
  ASSERT_EQ(alfi(training("run")).code, 0);
  const nlohmann::json alone = json_of(alfi({"baseline", "nes", config_, "--episodes", "20", "--json"}));
  EXPECT_EQ(alone["calls_of_alfi"], 192);  // 16 replicates of 12
  EXPECT_EQ(alone["results"].size(), 3U);
  EXPECT_EQ(alone["results"][2]["calls"], 19200);
  EXPECT_TRUE(alone["error"]["alfi"].is_null());
  const nlohmann::json beside =
      json_of(alfi({"baseline", "nes", path("run"), "--episodes", "20", "--calls", "10", "--json"}));
  const nlohmann::json evaluation = json_of(alfi({"evaluate", path("run"), "--episodes", "20", "--json"}));
  for (const char* const method : {"alfi", "mle", "posterior"})
    EXPECT_EQ(beside["error"][method], evaluation["error"][method]) << method;
  EXPECT_EQ(beside["results"][0]["error"], alone["results"][1]["error"]);
  const Outcome table = alfi({"baseline", "maximum_likelihood", path("run"), "--episodes", "20"});
  EXPECT_EQ(table.code, 0) << table.err;
  EXPECT_THAT(table.out, AllOf(HasSubstr("maximum_likelihood on poisson, 20 episodes"), HasSubstr("/ ALFI")));
}

TEST_F(Cli, BaselineRefusesWhatItCannotDo) {
  ASSERT_EQ(alfi(training("run")).code, 0);
  const auto refused = [&](const std::vector<std::string>& arguments, const std::string& message) {
    const Outcome outcome = alfi(arguments);
    EXPECT_EQ(outcome.code, 2) << message;
    EXPECT_THAT(outcome.err, HasSubstr(message));
    EXPECT_EQ(outcome.out, "");
  };
  refused({"baseline", "mcmc", config_}, "NAME: ");
  refused({"baseline", "nes"}, "CONFIG");
  refused({"baseline", "nes", path("nothing.yaml")}, "nothing.yaml");
  refused({"baseline", "nes", config_, "--episodes", "-1"}, "episodes = -1");
  refused({"baseline", "nes", config_, "--calls", "1,0"}, "calls = 0");
  refused({"baseline", "nes", config_, "--calls", "few"}, "few");
  refused({"baseline", "nes", config_, "--threads", "-1"}, "engine.threads");
  refused({"baseline", "nes", path("run"), "--set", "engine.seed=2"}, "--set engine.seed=2");
}

TEST_F(Cli, AStoppedBaselineShowsWhatIsFinished) {
  Process process({"baseline", "abc", config_, "--calls", "1,5000000", "--episodes", "20", "--json"});
  std::this_thread::sleep_for(1s);
  process.signal(SIGINT);
  const Outcome outcome = process.wait();
  const nlohmann::json comparison = json_of(outcome);
  EXPECT_FALSE(comparison["finished"]);
  EXPECT_EQ(comparison["results"][0]["episodes"], 20);
  EXPECT_THAT(outcome.err, HasSubstr("stopped"));
}

// train, evaluate, infer ----------------------------------------------------------------------------------------------

TEST_F(Cli, TrainsEvaluatesAndInfers) {
  const Outcome trained = alfi(training("run", {"--seed", "5", "--set", "training.ema=0.9"}));
  EXPECT_EQ(trained.code, 0) << trained.err;
  EXPECT_EQ(trained.out, "");
  EXPECT_THAT(trained.err, AllOf(HasSubstr("20/20"), HasSubstr("episodes/s"), HasSubstr("trained to step 20")));
  EXPECT_EQ(trained.err.find('\r'), std::string::npos);  // no redrawing where there is no terminal
  EXPECT_TRUE(fs::exists(checkpoint("run", 20)));
  const std::string config = content_of(path("run") + "/config.yaml");
  EXPECT_THAT(config, AllOf(HasSubstr("seed: 5"), HasSubstr("ema: 0.9")));

  const nlohmann::json evaluation = json_of(alfi({"evaluate", path("run"), "--episodes", "64", "--json"}));
  EXPECT_EQ(evaluation.at("episodes"), 64);
  EXPECT_EQ(evaluation.at("replicates"), 16);
  ASSERT_EQ(alfi({"simulate", "poisson", "--theta", "3", "--count", "8", "--out", path("x.csv")}).code, 0);
  const nlohmann::json inference = json_of(alfi({"infer", path("run"), "--data", path("x.csv"), "--json"}));
  EXPECT_EQ(inference.at("observations"), 8);
  EXPECT_EQ(inference.at("parameters").at(0).at("name"), "log_rate");
  EXPECT_EQ(inference.at("replicates"), 16);
  const auto asked = [&](const std::vector<std::string>& options) {
    std::vector<std::string> arguments{"infer", path("run"), "--data", path("x.csv"), "--json"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return json_of(alfi(arguments));
  };
  EXPECT_EQ(asked({"--seed", "5"}), inference);
  EXPECT_NE(asked({"--seed", "6"}).at("parameters"), inference.at("parameters"));
  EXPECT_EQ(asked({"--replicates", "4"}).at("replicates"), 4);
  EXPECT_EQ(json_of(alfi({"evaluate", path("run"), "--replicates", "1", "--json"})).at("replicates"), 1);
}

TEST_F(Cli, TrainsAndEvaluatesWhatMinimises) {
  folder_.write("quadratic.yaml", std::string_view(R"(
simulator: {name: quadratic, parameters: {dimensions: 2}}
episode: {iterations: 3}
networks: {rim: {hidden: 4, state: 4}}
training: {steps: 4, meta_batch: 16, validate_every: 4}
evaluation: {episodes: 32}
engine: {threads: 1}
)"));
  const Outcome trained = alfi({"train", path("quadratic.yaml"), "--out", path("run")});
  EXPECT_EQ(trained.code, 0) << trained.err;
  EXPECT_THAT(trained.err, AllOf(StartsWith("running on the CPU; quadratic"), HasSubstr("trained to step 4")));
  const nlohmann::json evaluation = json_of(alfi({"evaluate", path("run"), "--json"}));
  EXPECT_EQ(evaluation.at("minimisers").size(), 4U);
  EXPECT_EQ(evaluation, nlohmann::json::parse(content_of(path("run") + "/evaluation.json")));
  const Outcome table = alfi({"evaluate", path("run"), "--episodes", "1"});
  EXPECT_THAT(table.out, AllOf(HasSubstr("2 dimensions"), HasSubstr("ALFI"), HasSubstr("gradient descent"),
                               HasSubstr("momentum"), HasSubstr("Adam"), HasSubstr("mean loss by iteration")));
  // What is for simulators alone.
  folder_.write("x.csv", std::string_view("1\n2\n"));
  for (const std::vector<std::string>& call :
       {std::vector<std::string>{"infer", path("run"), "--data", path("x.csv")},
        {"simulate", "quadratic", "--theta", "1", "--count", "2"},
        {"bench", path("quadratic.yaml"), "--seconds", "0.01"},
        {"convert", path("run"), "--out", path("weights.safetensors")},
        {"evaluate", path("run"), "--backend", "cuda"},
        {"train", path("quadratic.yaml"), "--out", path("other"), "--set", "networks.encoder.code=3"}}) {
    const Outcome outcome = alfi(call);
    EXPECT_EQ(outcome.code, 2) << call[0];
    EXPECT_THAT(outcome.err, HasSubstr("quadratic")) << call[0];
  }
}

TEST_F(Cli, TrainsEvaluatesAndInfersFromVectors) {
  for (const auto& [simulator, theta, columns] :
       {std::tuple("linear_regression", "0.5,1,0.1", 3), std::tuple("multi_distribution", "1,-1,2", 5)}) {
    SCOPED_TRACE(simulator);
    const bool regression = columns == 3;
    const std::string run = simulator;
    std::vector<std::string> call =
        training(run, {"--set", std::string("simulator.name=") + simulator, "--set", "simulator.transform=none"});
    std::vector<std::string> simulation{"simulate", simulator, "--theta", theta,
                                        "--count",  "8",       "--out",   path("x.csv")};
    if (regression) {
      call.insert(call.end(), {"--set", "simulator.parameters={inputs: 2}"});
      simulation.insert(simulation.end(), {"--parameter", "inputs=2"});
    }
    const Outcome trained = alfi(call);
    ASSERT_EQ(trained.code, 0) << trained.err;
    const nlohmann::json evaluation = json_of(alfi({"evaluate", path(run), "--episodes", "64", "--json"}));
    EXPECT_EQ(evaluation.at("parameters").size(), 3);
    for (const char* const method : {"alfi", "mle", "posterior"})
      EXPECT_TRUE(evaluation.at("error").at(method).is_number());
    EXPECT_EQ(evaluation.at("sbc_p_per_parameter").size(), 3);
    EXPECT_TRUE(evaluation.at("energy_distance").is_number());
    ASSERT_EQ(alfi(simulation).code, 0);
    const nlohmann::json inference = json_of(alfi({"infer", path(run), "--data", path("x.csv"), "--json"}));
    EXPECT_EQ(inference.at("observations"), 8);
    EXPECT_EQ(inference.at("parameters").at(2).at("name"), regression ? "offset" : "upper_end");
    EXPECT_TRUE(inference.at("parameters").at(0).at("maximum_likelihood").is_number());
    std::ofstream(path("x.csv")) << "1,2\n3,4\n";
    const Outcome refused = alfi({"infer", path(run), "--data", path("x.csv")});
    EXPECT_EQ(refused.code, 2);
    EXPECT_THAT(refused.err, HasSubstr(std::to_string(columns) + " are expected"));
  }
}

TEST_F(Cli, ReportsARun) {
  ASSERT_EQ(alfi(training("run")).code, 0);
  {
    const test::SearchPath nowhere(path("run"));
    const Outcome outcome = alfi({"report", path("run"), "--episodes", "20"});
    EXPECT_EQ(outcome.code, 1);
    EXPECT_THAT(outcome.err, AllOf(HasSubstr("alfi: error: "), HasSubstr("gnuplot-nox")));
    EXPECT_TRUE(fs::exists(path("run") + "/report/calibration.csv"));
    EXPECT_FALSE(fs::exists(path("run") + "/report.html"));
  }
  for (const auto& [arguments, part] : std::vector<std::pair<std::vector<std::string>, const char*>>{
           {{"report"}, "RUN"},
           {{"report", path("missing")}, "missing"},
           {{"report", config_}, "a run folder is needed"},
           {{"report", path("run"), "--episodes", "-1"}, "episodes"},
           {{"report", path("run"), "--out", path("page.pdf")}, "page.pdf"}}) {
    const Outcome outcome = alfi(arguments);
    EXPECT_EQ(outcome.code, 2) << part;
    EXPECT_THAT(outcome.err, AllOf(HasSubstr("alfi: error: "), HasSubstr(part)));
    EXPECT_EQ(outcome.out, "");
  }
  if (test::program("gnuplot").empty()) GTEST_SKIP() << "there is no gnuplot";
  const Outcome outcome = alfi({"report", path("run"), "--episodes", "20", "--out", path("page.html")});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("written: " + path("page.html")));
  EXPECT_TRUE(fs::exists(path("page/calibration.csv")));
  EXPECT_THAT(content_of(path("page.html")), HasSubstr("20 fresh problems"));
}

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

TEST_F(Cli, EvaluateAndInferRefuseWrongOptions) {
  ASSERT_EQ(alfi(training("run")).code, 0);
  std::ofstream(path("x.csv")) << "3\n4\n";
  const std::vector<std::pair<std::vector<std::string>, const char*>> calls{
      {{"evaluate", path("run"), "--episodes", "-1"}, "episodes"},
      {{"evaluate", path("run"), "--iterations", "-1"}, "iterations"},
      {{"evaluate", path("missing")}, "missing"},
      {{"infer", path("run"), "--data", path("x.csv"), "--level", "1"}, "level = 1"},
      {{"infer", path("run"), "--data", path("x.csv"), "--iterations", "-1"}, "iterations"},
      {{"infer", path("run"), "--data", path("x.csv"), "--replicates", "3"}, "1, 2, 4, 8 or 16"},
      {{"infer", path("run"), "--data", path("y.csv")}, "y.csv"},
      {{"infer", path("run")}, "--data"}};
  for (const auto& [arguments, part] : calls) {
    const Outcome outcome = alfi(arguments);
    EXPECT_EQ(outcome.code, 2) << part;
    EXPECT_THAT(outcome.err, AllOf(HasSubstr("alfi: error: "), HasSubstr(part)));
  }
  EXPECT_FALSE(fs::exists(path("run") + "/evaluation.json"));
}

TEST_F(Cli, TrainRefusesAWrongConfiguration) {
  const std::vector<std::pair<std::vector<std::string>, const char*>> calls{
      {training("run", {"--set", "training.stps=3"}), "training.steps"},
      {training("run", {"--set", "simulator.name=poison"}), "poisson"},
      {training("run", {"--set", "training.steps=0"}), "training.steps = 0"},
      {training("run", {"--set", "episode.thetas=1"}), "episode.thetas"},
      {training("run", {"--set", "training"}), "training"},
      {training("run", {"--threads", "-1"}), "engine.threads"},
      {training("run", {"--threads", "two"}), "engine.threads"},
      {training("run", {"--seed", "1.5"}), "engine.seed"},
      {training("run", {"--backend", "gpu"}), "auto, cpu, cuda"},
      {training("run", {"--set", "episode.iterations=100000", "--set", "episode.thetas=1000000"}), "GiB"},
      {{"train", path("missing.yaml"), "--out", path("run")}, "missing.yaml"},
      {training("run", {"--resume"}), "no checkpoint"}};
  for (const auto& [arguments, part] : calls) {
    const Outcome outcome = alfi(arguments);
    EXPECT_EQ(outcome.code, 2) << part;
    EXPECT_THAT(outcome.err, AllOf(HasSubstr("alfi: error: "), HasSubstr(part)));
    EXPECT_FALSE(fs::exists(path("run"))) << part;
  }
}

TEST_F(Cli, WhatIsNotThereIsARunThatFails) {
  const auto fails = [&](const std::vector<std::string>& arguments, const char* part) {
    const Outcome outcome = alfi(training("run", arguments));
    EXPECT_EQ(outcome.code, 1) << part;
    EXPECT_THAT(outcome.err, HasSubstr(part));
    EXPECT_FALSE(fs::exists(path("run")));
  };
  fails({"--backend", "cpu", "--set", "engine.precision=bf16"}, "need a CUDA device");
  fails({"--backend", "cuda", "--set", "engine.encoder=table"}, "table and segments run on the CPU");
}

TEST_F(Cli, CodesAreLookedUpOnlyOfWhatTheyCanBe) {
  for (const auto& [simulator, encoder, part] :
       {std::tuple{"gaussian", "table", "not single whole numbers"},
        std::tuple{"multi_distribution", "segments", "an observation of multi_distribution is 5 numbers"}}) {
    const Outcome outcome =
        alfi(training("run", {"--set", std::string("simulator={name: ") + simulator + ", transform: none}", "--set",
                              std::string("engine.encoder=") + encoder}));
    EXPECT_EQ(outcome.code, 2);
    EXPECT_THAT(outcome.err, HasSubstr(part));
  }
}

TEST_F(Cli, ADeviceThatIsNotThereIsARunThatFails) {
  const Outcome trained = alfi(training("run", {"--backend", "cuda", "--set", "engine.device=1000"}));
  EXPECT_EQ(trained.code, 1);
  EXPECT_THAT(trained.err, HasSubstr("device 1000 cannot be used: "));
  EXPECT_FALSE(fs::exists(path("run")));
  const Outcome fallen_back = alfi(training("run", {"--backend", "auto", "--set", "engine.device=1000"}));
  EXPECT_EQ(fallen_back.code, 0);
  EXPECT_THAT(fallen_back.err, StartsWith("running on the CPU; no CUDA device: "));
  const std::string tape = ALFI_TEST_DATA "/poisson_networks.safetensors";
  for (std::vector<std::string> call :
       {std::vector<std::string>{"evaluate", path("run")},
        {"infer", path("run"), "--data", ALFI_EXAMPLES "/data/rutherford_geiger_1910.csv"},
        {"replay", tape, "--out", path("replayed")}}) {
    call.insert(call.end(), {"--backend", "cuda", "--device", "1000"});
    const Outcome outcome = alfi(call);
    EXPECT_EQ(outcome.code, 1) << call[0];
    EXPECT_THAT(outcome.err, HasSubstr("device 1000 cannot be used: ")) << call[0];
  }
  EXPECT_FALSE(fs::exists(path("replayed")));
}

TEST_F(Cli, TrainKeepsTheRunThatIsThere) {
  ASSERT_EQ(alfi(training("run")).code, 0);
  const std::string before = content_of(checkpoint("run", 20));
  const Outcome again = alfi(training("run", {"--seed", "2"}));
  EXPECT_EQ(again.code, 2);
  EXPECT_THAT(again.err, AllOf(HasSubstr("--resume"), HasSubstr("--force")));
  EXPECT_EQ(content_of(checkpoint("run", 20)), before);
  EXPECT_EQ(alfi(training("run", {"--seed", "2", "--resume"})).code, 2);  // another configuration
  EXPECT_EQ(content_of(checkpoint("run", 20)), before);
  EXPECT_EQ(alfi(training("run", {"--resume"})).code, 0);  // nothing left to do
  EXPECT_EQ(content_of(checkpoint("run", 20)), before);
  EXPECT_EQ(
      alfi(training("run", {"--force", "--set", "episode.iterations=100000", "--set", "episode.thetas=1000000"})).code,
      2);
  EXPECT_EQ(content_of(checkpoint("run", 20)), before);
  EXPECT_EQ(alfi(training("run", {"--seed", "2", "--force"})).code, 0);
  EXPECT_NE(content_of(checkpoint("run", 20)), before);
}

TEST_F(Cli, RefusesADamagedCheckpoint) {
  ASSERT_EQ(alfi(training("run")).code, 0);
  const std::string good = content_of(checkpoint("run", 20));
  std::string flipped = good;
  flipped[flipped.size() - 100] = static_cast<char>(flipped[flipped.size() - 100] ^ 4);
  for (const std::string& damaged : {good.substr(0, good.size() / 2), flipped, std::string("foreign"), std::string()}) {
    std::ofstream(checkpoint("run", 20), std::ios::binary) << damaged;
    for (const auto& arguments :
         {training("run", {"--resume"}), std::vector<std::string>{"evaluate", path("run"), "--episodes", "16"}}) {
      const Outcome outcome = alfi(arguments);
      EXPECT_EQ(outcome.code, 2);
      EXPECT_THAT(outcome.err, HasSubstr("step-20.safetensors"));
    }
    EXPECT_EQ(content_of(checkpoint("run", 20)), damaged);
  }
}

TEST_F(Cli, AFullDiskEndsTheRunAndLeavesTheLastCheckpoint) {
  ASSERT_EQ(alfi(training("run")).code, 0);
  fs::remove(checkpoint("run", 20));
  const std::string before = content_of(checkpoint("run", 10));
  // The configuration fits below the limit, a checkpoint does not.
  const auto limit = static_cast<rlim_t>(fs::file_size(path("run") + "/config.yaml") + 500);
  ASSERT_LT(limit, before.size());
  const Outcome outcome = Process(training("run", {"--resume"}), limit).wait();
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("step-20.safetensors"));
  EXPECT_EQ(content_of(checkpoint("run", 10)), before);
  EXPECT_EQ(alfi(training("run", {"--resume"})).code, 0);
}

/// Trains without an end until the checkpoint of this step is there.
const std::vector<std::string> endless{"--set", "training.steps=1000000000", "--set",
                                       "training.validate_every=1000000000"};

TEST_F(Cli, AnInterruptedTrainingGoesOnBitForBit) {
  const auto arguments = [this](const std::string& run, const char* more = nullptr) {
    std::vector<std::string> all = training(run, endless);
    if (more != nullptr) all.emplace_back(more);
    return all;
  };
  const auto train_until = [&](const std::string& run, int step, int signal, const char* more = nullptr) {
    // Not one that is there already: the process would be signalled before it listens.
    int awaited = step;
    while (fs::exists(checkpoint(run, awaited))) awaited += 10;
    Process process(arguments(run, more));
    wait_for(process, checkpoint(run, awaited));
    process.signal(signal);
    const Outcome outcome = process.wait();
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_THAT(outcome.err, AllOf(HasSubstr("stopped at step"), HasSubstr("--resume"), HasSubstr(path(run))));
  };
  train_until("whole", 100, SIGINT);
  train_until("pieces", 10, SIGTERM);
  train_until("pieces", 30, SIGINT, "--resume");
  train_until("pieces", 100, SIGINT, "--resume");
  for (const int step : {10, 50, 100})
    EXPECT_EQ(content_of(checkpoint("whole", step)), content_of(checkpoint("pieces", step))) << step;
}

TEST_F(Cli, OneTrainingAtATimeInAFolder) {
  Process process(training("run", endless));
  wait_for(process, checkpoint("run", 10));
  std::vector<std::string> resumed = training("run", endless);
  resumed.emplace_back("--resume");
  for (const auto& arguments : {training("run", {"--force"}), training("run"), resumed}) {
    const Outcome second = alfi(arguments);
    EXPECT_EQ(second.code, 2) << arguments.back();
    EXPECT_THAT(second.err, AllOf(HasSubstr(path("run")), HasSubstr("another training"))) << arguments.back();
    EXPECT_TRUE(fs::exists(checkpoint("run", 10))) << arguments.back();
  }
  process.signal(SIGINT);
  EXPECT_EQ(process.wait().code, 0);
}

TEST_F(Cli, ASecondSignalKills) {
  // One step of this takes seconds.
  std::vector<std::string> arguments = training("run", endless);
  arguments.insert(arguments.end(), {"--set", "training.meta_batch=2000000"});
  Process process(arguments);
  wait_for(process, path("run") + "/config.yaml");
  process.signal(SIGINT);
  std::this_thread::sleep_for(50ms);
  EXPECT_TRUE(process.running());
  process.signal(SIGINT);
  EXPECT_EQ(process.wait().code, -SIGINT);
}

}  // namespace
}  // namespace alfi
