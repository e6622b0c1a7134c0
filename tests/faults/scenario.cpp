#include "tests/faults/scenario.hpp"

#include <fstream>
#include <stdexcept>
#include <utility>

namespace alfi::faults {
namespace {

namespace fs = std::filesystem;

constexpr const char* tiny = R"(
simulator: {name: poisson, transform: sqrt}
episode: {iterations: 2, thetas: 2, observations: 3, real_observations: {min: 4, max: 8}}
networks:
  encoder: {hidden: 4, code: 3}
  aggregator: {hidden: 4, code: 3}
  rim: {hidden: 4, state: 4}
training: {steps: 20, meta_batch: 16, warmup_steps: 2, checkpoint_every: 10, validate_every: 10}
evaluation: {episodes: 32}
engine: {threads: 1}
)";

/// Calls alfi where nothing fails.
void prepare(const Tools& tools, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), tools.alfi);
  const Ending ending = run({.arguments = arguments});
  if (!ending.good()) throw std::runtime_error("a scenario cannot be set up: " + ending.err);
}

void write(const fs::path& path, const std::string& text) { std::ofstream(path) << text; }

/// Makes a place for a scenario, whose folder has the configuration and data.
fs::path place_of(const fs::path& work, const std::string& name) {
  const fs::path folder = work / name / "before";
  fs::create_directories(folder);
  write(folder / "tiny.yaml", tiny);
  write(folder / "data.csv", "count\n3\n5\n2\n4\n");
  return work / name;
}

void train(const Tools& tools, const fs::path& place, const std::vector<std::string>& more = {}) {
  const fs::path folder = place / "before";
  std::vector<std::string> arguments{"train", (folder / "tiny.yaml").string(), "--out", (folder / "run").string()};
  arguments.insert(arguments.end(), more.begin(), more.end());
  prepare(tools, arguments);
}

/// Takes the last ten steps from a run of twenty.
void take_back(const fs::path& run) {
  fs::remove(run / "checkpoints" / "step-20.safetensors");
  std::istringstream lines(content_of(run / "metrics.jsonl"));
  std::ofstream kept(run / "metrics.jsonl");
  for (std::string line; std::getline(lines, line);)
    if (line.find("\"step\":20") == std::string::npos) kept << line << "\n";
}

}  // namespace

Scenario::Scenario(std::string name, const Tools& tools, const fs::path& place, std::vector<std::string> arguments)
    : name_(std::move(name)), kept_(place / "before"), folder_(place / "disk" / "folder") {
  arguments_ = {tools.alfi};
  for (std::string& argument : arguments) {
    const bool is_file = argument.starts_with("@");
    arguments_.push_back(is_file ? (folder_ / argument.substr(1)).string() : argument);
  }
  set_up();
  before_ = files_of(folder_);
  clean_ = run(call());
  if (!clean_.good()) throw std::runtime_error(name_ + " fails without a fault: " + clean_.err);
  after_ = files_of(folder_);
}

void Scenario::set_up() const {
  fs::remove_all(folder_);
  fs::create_directories(folder_.parent_path());
  fs::copy(kept_, folder_, fs::copy_options::recursive);
}

Call Scenario::call(std::vector<std::string> environment) const {
  environment.push_back("FAULTS_FOLDER=" + folder_.parent_path().string());
  return {.arguments = arguments_, .environment = std::move(environment)};
}

std::string Scenario::go_on() const {
  Call again = call();
  const bool trains = again.arguments[1] == "train", begun = fs::exists(folder_ / "run" / "config.yaml");
  std::erase(again.arguments, "--resume");
  if (trains && begun) again.arguments.emplace_back("--resume");
  const Ending ending = run(again);
  if (!ending.good()) return "does not go on: " + ending.err;
  return difference(files_of(folder_), after_);
}

std::vector<Scenario> scenarios(const Tools& tools, const fs::path& work) {
  std::vector<Scenario> all;
  const std::vector<std::string> training{"train", "@tiny.yaml", "--out", "@run"};
  all.emplace_back("training", tools, place_of(work, "training"), training);

  const fs::path resumed = place_of(work, "resumed");
  train(tools, resumed);
  take_back(resumed / "before" / "run");
  all.emplace_back("resumed training", tools, resumed,
                   std::vector<std::string>{"train", "@tiny.yaml", "--out", "@run", "--resume"});

  const fs::path evaluated = place_of(work, "evaluated");
  train(tools, evaluated);
  all.emplace_back("evaluation", tools, evaluated, std::vector<std::string>{"evaluate", "@run", "--json"});

  const fs::path inferred = place_of(work, "inferred");
  train(tools, inferred);
  all.emplace_back("inference", tools, inferred,
                   std::vector<std::string>{"infer", "@run", "--data", "@data.csv", "--threads", "1"});

  const fs::path drawn = place_of(work, "drawn");
  train(tools, drawn);
  write(drawn / "before" / "draws.csv", "what was there\n");
  all.emplace_back("inference into a file", tools, drawn,
                   std::vector<std::string>{"infer", "@run", "--data", "@data.csv", "--samples", "50", "--threads", "1",
                                            "--out", "@draws.csv"});
  return all;
}

Scenario long_training(const Tools& tools, const fs::path& work) {
  return {"long training",
          tools,
          place_of(work, "long"),
          {"train", "@tiny.yaml", "--out", "@run", "--set", "training.steps=300"}};
}

}  // namespace alfi::faults
