// Simulators that are programs, good and bad. tested_program.cpp says what each mode does.
#include "src/simulators/program.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <filesystem>
#include <numeric>
#include <thread>

#include "alfi/error.hpp"
#include "alfi/evaluation.hpp"
#include "alfi/machine.hpp"
#include "alfi/trainer.hpp"
#include "src/model/checkpoint.hpp"
#include "src/numerics/statistics.hpp"
#include "src/simulators/conformance.hpp"
#include "src/simulators/parameter_scale.hpp"
#include "src/simulators/simulators.hpp"
#include "src/system/abandoned.hpp"
#include "tests/support/content_of.hpp"
#include "tests/support/message_of.hpp"
#include "tests/support/program_modes.hpp"
#include "tests/support/temporary_folder.hpp"

namespace alfi {
namespace {

using test::in_mode;
using test::message_of;
using test::new_marker;
using test::processes;
using test::program_configuration;
using test::TemporaryFolder;
using test::Tried;
using testing::AnyOf;
using testing::HasSubstr;
namespace fs = std::filesystem;

std::vector<float> simulated(const Configuration& configuration, int count = 50) {
  std::vector<float> x(static_cast<std::size_t>(count));
  simulate_into(find_simulator(configuration), std::vector<double>{3, 0.5}, {1, 2}, count, x.data());
  return x;
}

/// Returns what is said where it fails; then none of its processes is left.
std::string failure(const Tried& tried) {
  std::string message = message_of<RunError>([&] { simulated(tried.configuration); });
  EXPECT_EQ(processes(tried.marker), 0);
  return message;
}
std::string failure(const std::string& mode) { return failure(in_mode(mode)); }
std::string failure_in_time(const std::string& mode) {
  Tried tried = in_mode(mode);
  tried.configuration.simulator.timeout_seconds = 0.1;
  return failure(tried);
}

std::vector<float> good() { return simulated(in_mode("good").configuration); }

TEST(Program, IsAskedForItsLaw) {
  constexpr int count = 100'000;
  const std::vector<float> x = simulated(in_mode("good").configuration, count);
  const double mean = std::accumulate(x.begin(), x.end(), 0.0) / count;
  EXPECT_NEAR(mean, 3.5, 5 * 3 / std::sqrt(count));  // five deviations of the mean
  const SimulatorInfo info = find_simulator(in_mode("good").configuration);
  EXPECT_EQ(info.name, "tested_program");
  EXPECT_EQ(info.parameters[0].unit, "s");
}

TEST(Program, HasEqualAnswersInBothProtocolsForOneSeed) {
  EXPECT_EQ(good(), good());
  Configuration csv = in_mode("csv").configuration;
  csv.simulator.protocol = Protocol::csv;
  EXPECT_EQ(simulated(csv), good());
}

TEST(Program, IsTrainedWithToEqualBitsWhateverTheWorkersAndThreads) {
  TemporaryFolder folder;
  const auto weights = [&](const char* run, int workers, int threads) {
    Configuration c = in_mode("talks").configuration;
    c.simulator.workers = workers;
    c.engine.threads = threads;
    train(c, folder.path() / run);
    return read_newest(checkpoints_of(folder.path() / run)).state.weights;
  };
  const std::vector<float> one = weights("one", 1, 1);
  EXPECT_EQ(weights("three", 3, 2), one);
  const std::string log = test::content_of(folder.path() / "three" / "simulator.log");
  EXPECT_THAT(log, HasSubstr("question 0 of "));       // the normalisation's, before there was a run folder
  EXPECT_THAT(log, HasSubstr(" of 48 parameters\n"));  // 3 of each of 16 episodes
  const Machine machine = Machine::load(folder.path() / "one");
  EXPECT_EQ(evaluate(machine).simulator, "tested_program");
}

TEST(Program, ThatDiesTwiceIsStartedAgain) {
  TemporaryFolder folder;
  EXPECT_EQ(simulated(in_mode("early-exit", "2", {"in " + (folder.path() / "count").string()}).configuration), good());
}

TEST(Program, ThatDiesThriceAndAgainIsGivenUp) {
  TemporaryFolder folder;
  EXPECT_THAT(
      failure(in_mode("early-exit", "4", {"in " + (folder.path() / "count").string()})),
      HasSubstr("was started and asked 4 times without a right answer; the last time it ended with exit code 6"));
}

TEST(Program, ThatIsNotThereIsSaid) {
  const auto refused = [](const std::string& program) {
    return message_of<InputError>([&] { simulated(program_configuration({program, new_marker()})); });
  };
  EXPECT_THAT(refused("no-such-program"), HasSubstr("no-such-program: cannot be started: No such file or directory"));
  EXPECT_THAT(refused("/etc/passwd"), HasSubstr("/etc/passwd: cannot be started: Permission denied"));
}

TEST(Program, ThatDiesAtOnceIsSaidWithItsLastWords) {
  const std::string message = failure("exit-at-once");
  EXPECT_THAT(message, HasSubstr("the last time it ended with exit code 5."));
  EXPECT_THAT(message, HasSubstr("It was asked for 50 observations of θ = (3, 0.5) with the seed "));
  EXPECT_THAT(message, HasSubstr("The end of its standard error:\nno licence"));
}

TEST(Program, ThatDiesAfterItsGreetingIsSaid) {
  EXPECT_THAT(failure("exit-after-greeting"), HasSubstr("it ended with exit code 3. It was asked"));
}

TEST(Program, ThatDiesWithinAnAnswerIsSaid) {
  EXPECT_THAT(failure("exit-in-answer"), HasSubstr("it ended with exit code 7 after "));
}

TEST(Program, ThatASignalEndsIsSaid) { EXPECT_THAT(failure("kill-itself"), HasSubstr("it was ended by signal 6")); }

TEST(Program, ThatWritesWhatIsNoFrameIsSaid) {
  EXPECT_THAT(failure("noise"), HasSubstr("it wrote 'Step 1: all is well' where {\"id\": "));
  EXPECT_THAT(failure("no-object"), HasSubstr("it wrote '[1, 2]' where"));
  EXPECT_THAT(failure("one-line"), HasSubstr("bytes without the end of a line: 'xxx"));
  EXPECT_THAT(failure("other-id"), HasSubstr("it answered '{\"id\": 123456789}' to question "));
  EXPECT_THAT(failure("other-version"), HasSubstr("it greeted with '{\"alfi\": 2}' instead of {\"alfi\": 1, …}"));
}

TEST(Program, ThatIsSilentIsSaid) {
  EXPECT_THAT(failure_in_time("hang"), HasSubstr("it was silent for 0.1 s, after 0 bytes"));
  EXPECT_THAT(failure_in_time("unread"), HasSubstr("it was silent for 0.1 s"));
}

TEST(Program, ThatAnswersLateIsStartedAgain) {
  Tried tried = in_mode("late", "1000");  // seconds, at questions 0, 3, …
  tried.configuration.simulator.timeout_seconds = 1;
  EXPECT_EQ(simulated(tried.configuration), good());
}

TEST(Program, ThatNeedsLongToStartIsWaitedFor) {
  EXPECT_EQ(simulated(in_mode("slow-start", "0.5").configuration), good());
}

TEST(Program, ThatAnswersTooLittleOrTooMuchIsSaid) {
  EXPECT_THAT(failure_in_time("short"), HasSubstr("it was silent for 0.1 s, after "));
  EXPECT_THAT(failure("long"), HasSubstr("it answered with 204 bytes; 200 are expected"));
}

// The second answer comes with the first, or is found before the next question: then another worker answers.
TEST(Program, ThatAnswersTwiceNeverGivesAWrongAnswer) {
  const Tried tried = in_mode("twice");
  for (int i = 0; i < 20; ++i) {
    try {
      EXPECT_EQ(simulated(tried.configuration), good());
    } catch (const RunError& error) {
      EXPECT_THAT(error.what(), AnyOf(HasSubstr("200 are expected"), HasSubstr("that it was not asked for")));
    }
  }
}

TEST(Program, MayAnswerWithWhatIsNotFinite) {
  const std::vector<float> x = simulated(in_mode("nan").configuration);
  EXPECT_TRUE(std::isnan(x[0]));
  EXPECT_EQ(x[1], good()[1]);
}

TEST(Program, ThatClosesItsPipesIsSaid) {
  EXPECT_THAT(failure_in_time("closes-stdin"),
              AnyOf(HasSubstr("it closed its standard input"), HasSubstr("it was silent")));
  EXPECT_THAT(failure("closes-stdout"), HasSubstr("it closed its standard output"));
}

TEST(Program, SaysItselfThatItCannot) {
  const std::string message = failure("error");
  EXPECT_THAT(message, HasSubstr("answered with the error \"the solver did not converge\" when it was asked for 50 "
                                 "observations of θ = (3, 0.5) with the seed "));
}

TEST(Program, MayShoutOnStandardError) { EXPECT_EQ(simulated(in_mode("shouts").configuration), good()); }

TEST(Program, InCsvWritesNumbersAlone) {
  const auto refused = [](const std::string& mode) {
    Tried tried = in_mode(mode);
    tried.configuration.simulator.protocol = Protocol::csv;
    return failure(tried);
  };
  EXPECT_THAT(refused("csv-words"), HasSubstr("answered with more than 50 lines: 'done"));
  EXPECT_THAT(refused("csv-columns"), HasSubstr("answered with more than 50 lines: '1,2"));
  Tried words = in_mode("exit-after-greeting");
  words.configuration.simulator.protocol = Protocol::csv;  // it waits for a greeting, and answers in JSON
  EXPECT_THAT(failure(words), HasSubstr("it wrote '{\"alfi\": 1, \"name\": \"decay\"}' where 1 numbers are expected"));
}

/// Asks for one observation of each of 16 · parameters parameters.
std::vector<float> drawn(const Configuration& configuration, int parameters) {
  const SimulatorInfo info = find_simulator(configuration);
  const auto maps = maps_of(info);
  const std::vector<ParameterUnits> units = units_of(info, *maps);
  const float mean = 0, scale = 1;
  const std::vector<float> theta(static_cast<std::size_t>(parameters * 2 * tile_lanes), 0.25F);
  std::vector<float> x(static_cast<std::size_t>(parameters * tile_lanes));
  std::uint32_t episode[tile_lanes] = {};
  const HostSimulator& functions = *host_simulator(info.number);
  functions.simulate(functions.context, {Transform::none, &mean, &scale},
                     {.key = {1, 2},
                      .episode = episode,
                      .first_row = 0,
                      .parameters = parameters,
                      .count = 1,
                      .D = 2,
                      .units = units.data(),
                      .pieces = 1,
                      .theta = theta.data(),
                      .clamped = nullptr,
                      .x = {x.data(), parameters * tile_lanes}});
  return x;
}

TEST(Program, IsNotWaitedForWithAQuestionThatItDoesNotRead) {
  Tried tried = in_mode("unread");
  tried.configuration.simulator.timeout_seconds = 0.1;
  EXPECT_THAT(message_of<RunError>([&] { drawn(tried.configuration, 4000); }),  // half a megabyte
              HasSubstr("it was silent for 0.1 s, after 0 bytes of an answer. It was asked for 1 observations of each "
                        "of 64000 θ, the first ("));
  EXPECT_EQ(drawn(in_mode("good").configuration, 4000), drawn(in_mode("good").configuration, 4000));
}

// One question fails for good; the others, which wait for a worker or an answer, end with it.
TEST(Program, FailsForAllThreadsAtOnceAndCanBeAskedAnew) {
  TemporaryFolder folder;
  Tried tried = in_mode("early-exit", "4", {"in " + (folder.path() / "count").string()});
  tried.configuration.simulator.workers = 1;
  std::vector<std::thread> threads;
  std::atomic<int> failed = 0;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      try {
        simulated(tried.configuration);
      } catch (const RunError& error) {
        failed += std::string(error.what()).find("exit code 6") != std::string::npos ? 1 : 100;
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_GE(failed, 1);
  EXPECT_LE(failed, 4);
  EXPECT_EQ(simulated(tried.configuration), good());  // it lives by now
}

// One question is never answered, and another one waits for the worker.
TEST(Program, IsWaitedForNoLongerOnceAStopIsAskedFor) {
  Tried tried = in_mode("hang");
  tried.configuration.simulator.timeout_seconds = 1e6;
  tried.configuration.simulator.workers = 1;
  const int number = simulator_number(tried.configuration.simulator);
  std::atomic<int> asked = 0, abandoned = 0;
  stop_simulator_when(number, [&] { return ++asked > 3; });
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i)
    threads.emplace_back([&] {
      try {
        simulated(tried.configuration);
      } catch (const Abandoned&) {
        ++abandoned;
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(abandoned, 2);
  EXPECT_EQ(processes(tried.marker), 0);
  stop_simulator_when(number, {});
}

// A stop while a step, or the simulations before the first one, wait for the program.
TEST(Program, ATrainingStopsWhileItIsWaitedFor) {
  TemporaryFolder folder;
  Tried tried = in_mode("hang");
  tried.configuration.simulator.timeout_seconds = 1e6;
  TrainingOptions options;
  options.stop = [&] { return processes(tried.marker) > 0; };
  const TrainingOutcome outcome = train(tried.configuration, folder.path() / "run", options);
  EXPECT_FALSE(outcome.finished);
  EXPECT_EQ(outcome.checkpoint, "");
  EXPECT_EQ(processes(tried.marker), 0);
}

TEST(Program, ThatDiesForGoodLeavesTheLastCheckpoint) {
  TemporaryFolder folder;
  // 4096 questions of the normalisation, 576 of each validation, 24 of each step: it dies in the validation of step 6.
  const Tried tried = in_mode("until", "4886");
  EXPECT_THAT(message_of<RunError>([&] { train(tried.configuration, folder.path() / "run"); }),
              HasSubstr("ended with exit code 4"));
  EXPECT_EQ(processes(tried.marker), 0);
  EXPECT_EQ(read_newest(checkpoints_of(folder.path() / "run")).step, 5);
}

TEST(Program, IsCheckedForConformance) {
  const auto checked = [](const std::string& mode) {
    return check_conformance(find_simulator(in_mode(mode).configuration));
  };
  EXPECT_THAT(checked("good").faults, testing::IsEmpty());
  EXPECT_THAT(checked("good").notes, testing::IsEmpty());
  EXPECT_THAT(checked("unstable").notes, testing::ElementsAre(HasSubstr("an equal seed it draws other numbers")));
  EXPECT_THAT(checked("nan").faults, testing::Contains(HasSubstr("number 1 of observation 1 is nan")));
}

const char* const right = R"(
simulator:
  program: [python3, decay.py]
  parameters: [{name: rate, unit: 1/s, prior: {log_uniform: [0.01, 10]}}, {name: b, prior: {uniform: [0, 1]}}]
  observations: {dimension: 1, low: 0, whole: false, meaning: waiting times}
)";

TEST(ProgramConfiguration, IsReadAndWritten) {
  TemporaryFolder folder;
  folder.write("decay.py", std::string_view("print()"));
  const Configuration c = load_configuration(folder.write("decay.yaml", std::string_view(right)));
  EXPECT_EQ(c.simulator.program, (std::vector<std::string>{"python3", (folder.path() / "decay.py").string()}));
  EXPECT_EQ(c.simulator.program_parameters[0], (SimulatorParameter{"rate", "1/s", log_uniform(0.01, 10)}));
  EXPECT_EQ(c.simulator.observations, (ObservationInfo{1, false, 0, infinity, "waiting times"}));
  EXPECT_EQ(parse_configuration(to_yaml(c)), c);
  EXPECT_EQ(find_simulator(c).name, "decay");
}

TEST(ProgramConfiguration, ThatContradictsItselfIsRefused) {
  const auto refused = [](const std::string& assignment) {
    return message_of<InputError>([&] { parse_configuration(right, {"simulator." + assignment}); });
  };
  EXPECT_THAT(refused("program=[]"), HasSubstr("simulator.program = (a list): must be a list of words, a program and"));
  EXPECT_THAT(refused("program=python3"), HasSubstr("must be a list of words"));
  EXPECT_THAT(refused("workers=0"), HasSubstr("simulator.workers = 0: must be a whole number from 1 to 1024"));
  EXPECT_THAT(refused("timeout_seconds=0"), HasSubstr("simulator.timeout_seconds = 0: must be a number above 0"));
  EXPECT_THAT(refused("protocol=frame"), HasSubstr("must be one of frames, csv; the nearest is frames"));
  EXPECT_THAT(refused("parameters=[]"), HasSubstr("it has no parameter"));
  EXPECT_THAT(refused("parameters=[{name: a, prior: {uniform: [0, 1]}}, {name: a, prior: {uniform: [0, 1]}}]"),
              HasSubstr("two parameters have the name a"));
  EXPECT_THAT(refused("parameters=[{name: a, prior: {uniform: [2, 1]}}]"),
              HasSubstr("the prior of a reaches from 2 to 1"));
  EXPECT_THAT(refused("parameters=[{name: a}]"), HasSubstr("a list of parameters, each {name: NAME"));
  EXPECT_THAT(refused("parameters=[{name: a, prior: {uniform: [0, 1]}, units: s}]"), HasSubstr("each {name: NAME"));
  EXPECT_THAT(refused("parameters={inputs: 3}"), HasSubstr("of a program it must be a list of its parameters"));
  EXPECT_THAT(refused("observations.dimension=0"), HasSubstr("simulator.observations.dimension = 0: must be a whole"));
  EXPECT_THAT(refused("observations={low: 2, high: 1}"), HasSubstr("observations reach from 2 to 1"));
  EXPECT_THAT(refused("name=poisson"), HasSubstr("one of name, source, module and program; there are 2"));
  const auto without = [](const std::string& key) {
    return message_of<InputError>([&] { parse_configuration("simulator: {name: poisson, " + key + "}"); });
  };
  EXPECT_THAT(without("workers: 2"),
              HasSubstr("simulator.workers = 2: must be left out: it is a key of a simulator.program"));
  EXPECT_THAT(without("parameters: [{name: a, prior: {uniform: [0, 1]}}]"),
              HasSubstr("a list of parameters is of a simulator.program"));
}

// A run keeps its program's path and what was in the file.
TEST(Program, OfARunIsFoundAgain) {
  TemporaryFolder folder;
  const fs::path home = folder.path() / "home", script = home / "decay.sh", run = folder.path() / "run";
  fs::create_directory(home);
  const std::string text = std::string("exec ") + ALFI_PROGRAM + " good 0 " + new_marker() + "\n";
  std::ofstream(script) << text;
  Configuration c = program_configuration({"sh", script.string()});
  train(c, run);
  const std::vector<float> x{1, 2, 0.7F, 4, 1.5F, 3, 0.9F};
  const auto answer = [&](const fs::path& simulator = {}) {
    return Machine::load(run, simulator).infer(x, 7).parameters[0].mean;
  };
  const double expected = answer();
  const auto resumed = [&] {
    TrainingOptions options;
    options.resume = true;
    return train(c, run, options).step;
  };
  EXPECT_EQ(resumed(), 12);
  std::ofstream(script) << text << "# changed\n";
  EXPECT_THAT(message_of<InputError>([&] { answer(); }), HasSubstr("decay.sh was changed since. --simulator PATH"));
  EXPECT_THAT(message_of<InputError>(resumed), HasSubstr("decay.sh was changed since"));
  fs::rename(home, folder.path() / "elsewhere");
  const fs::path moved = folder.path() / "elsewhere" / "decay.sh";
  EXPECT_THAT(message_of<InputError>([&] { answer(); }), HasSubstr("decay.sh is not there. --simulator PATH"));
  std::ofstream(moved) << text;
  EXPECT_EQ(answer(moved), expected);
  EXPECT_EQ(answer(moved.parent_path()), expected);
  c.simulator.program[1] = moved.string();
  c.simulator.workers = 2;
  EXPECT_EQ(resumed(), 12);
}

}  // namespace
}  // namespace alfi
