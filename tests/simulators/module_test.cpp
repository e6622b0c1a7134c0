// Simulators of one's own: headers compiled, modules loaded, and what is said of those that cannot be.
#include "src/simulators/module.hpp"

#include <elf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cmath>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "alfi/error.hpp"
#include "alfi/evaluation.hpp"
#include "alfi/machine.hpp"
#include "alfi/stamp.hpp"
#include "alfi/trainer.hpp"
#include "src/exact/exact.hpp"
#include "src/model/plan.hpp"
#include "src/simulators/conformance.hpp"
#include "src/simulators/simulators.hpp"
#include "src/system/atomic_file.hpp"
#include "tests/support/decay.hpp"
#include "tests/support/message_of.hpp"
#include "tests/support/own_cache.hpp"
#include "tests/support/temporary_folder.hpp"

namespace alfi {
namespace {

using namespace test;
using testing::HasSubstr;
namespace fs = std::filesystem;

TEST(Module, OfAHeaderConformsAndFollowsItsLaw) {
  const SimulatorInfo decay = simulator_at(decay_header.string(), {});
  EXPECT_EQ(decay.name, "decay");
  ASSERT_EQ(decay.parameters.size(), 2U);
  EXPECT_EQ(decay.parameters[1].name, "dead_time");
  EXPECT_EQ(decay.parameters[1].unit, "s");
  EXPECT_EQ(decay.observations.dimension, 1);
  const Conformance result = check_conformance(decay);
  EXPECT_THAT(result.faults, testing::IsEmpty());
  EXPECT_GT(result.nanoseconds, 0);

  constexpr int count = 100'000;
  std::vector<float> x(count);
  simulate_into(decay, std::vector<double>{3, 0.5}, {1, 2}, count, x.data());
  double mean = 0, squares = 0;
  for (const float value : x) {
    EXPECT_GE(value, 0.5F);
    mean += static_cast<double>(value) / count;
    squares += std::pow(static_cast<double>(value) - 3.5, 2) / count;
  }
  EXPECT_NEAR(mean, 3.5, 5 * 3 / std::sqrt(count));
  EXPECT_NEAR(squares, 9, 5 * 9 * std::sqrt(8.0 / count));  // the fourth moment of an exponential law is 9 σ⁴

  // It has no domain of its own: a sample is drawn where it is asked for.
  Sample sample = make_sample(decay, std::vector<double>{-1, 3}, {1, 2}, 1);
  move_into_domain(sample);
  EXPECT_EQ(sample.theta[0], -1.0F);
  EXPECT_EQ(sample.theta[1], 3.0F);
}

TEST(Module, IsTrainedEvaluatedAndInferredWith) {
  const Configuration configuration = decay_configuration();
  TemporaryFolder folder;
  const auto trained = [&](const char* name, int threads) {
    Configuration c = configuration;
    c.engine.threads = threads;
    train(c, folder.path() / name);
    return Machine::load(folder.path() / name);
  };
  const Machine one = trained("one", 1), two = trained("two", 2);
  const std::vector<float> x{1, 2, 0.7F, 4, 1.5F, 3, 0.9F};
  const Posterior posterior = one.infer(x, 7);
  ASSERT_EQ(posterior.parameters.size(), 2U);
  EXPECT_EQ(posterior.parameters[0].name, "lifetime");
  EXPECT_GE(posterior.parameters[0].lower, 0.1);  // its prior's ends, which no answer leaves
  EXPECT_LE(posterior.parameters[0].upper, 10);
  EXPECT_GT(posterior.parameters[0].mean, posterior.parameters[0].lower);
  EXPECT_LT(posterior.parameters[0].mean, posterior.parameters[0].upper);
  EXPECT_EQ(posterior.parameters[0].mean, two.infer(x, 7).parameters[0].mean);

  const Evaluation evaluation = evaluate(one);
  EXPECT_EQ(evaluation.simulator, "decay");
  EXPECT_TRUE(std::isfinite(evaluation.loss.value));
  EXPECT_TRUE(std::isnan(evaluation.error.posterior.value));  // its likelihood is not known
}

TEST(Module, CompiledBeforehandIsTheHeader) {
  TemporaryFolder folder;
  const fs::path file = folder.path() / "decay.alfi.so";
  compile_module(decay_header, file, {});
  std::vector<float> of_header(100), of_module(100);
  const std::vector<double> theta{2, 0.25};
  simulate_into(simulator_at(decay_header.string(), {}), theta, {1, 2}, 100, of_header.data());
  simulate_into(simulator_at(file.string(), {}), theta, {1, 2}, 100, of_module.data());
  EXPECT_EQ(of_header, of_module);

  Configuration c = decay_configuration();
  c.simulator.source.clear();
  c.simulator.module = file.string();
  const Configuration read = parse_configuration(to_yaml(c));
  EXPECT_EQ(read, c);
  c.simulator.name = "poisson";
  EXPECT_THAT(message_of<InputError>([&] { validate(c); }),
              HasSubstr("one of name, source, module and program; there are 2"));
}

TEST(Module, WhatIsNoneIsRefused) {
  TemporaryFolder folder;
  const fs::path module = build_module(decay_header, {}).file;
  const std::string bytes = bytes_of(module);
  const auto refused = [&](const std::string& name, const std::string& content) {
    const fs::path file = folder.path() / name;
    write(file, content);
    return message_of<InputError>([&] { load_module(file); });
  };
  EXPECT_THAT(refused("text.so", "no module"), HasSubstr("text.so: is no module; alfi simulator build makes one"));
  EXPECT_THAT(refused("empty.so", ""), HasSubstr("is no module"));
  EXPECT_THAT(refused("long.so", std::string(100'000, 'x')), HasSubstr("is no module"));
  for (const std::size_t size :
       {std::size_t{63}, std::size_t{64}, std::size_t{1000}, bytes.size() / 2, bytes.size() - 1})
    EXPECT_THAT(refused("cut.so", bytes.substr(0, size)),
                testing::AnyOf(HasSubstr("is cut short"), HasSubstr("is no module")))
        << size;
  std::string foreign = bytes;
  foreign[offsetof(Elf64_Ehdr, e_machine)] = static_cast<char>(EM_RISCV);
  EXPECT_THAT(refused("foreign.so", foreign), HasSubstr("was compiled for another processor"));
  std::string old = bytes;
  const std::size_t stamp = old.find(ALFI_STAMP);
  ASSERT_NE(stamp, old.npos);
  old[stamp] = old[stamp] == '0' ? '1' : '0';
  EXPECT_THAT(refused("old.so", old), HasSubstr("was compiled with another version of alfi; build it again"));
  EXPECT_THAT(message_of<InputError>([&] { load_module(folder.path()); }), HasSubstr(folder.path().string()));
  EXPECT_THAT(message_of<InputError>([&] { load_module(folder.path() / "none.so"); }), HasSubstr("none.so"));
}

TEST(Module, FactsThatContradictThemselvesAreRefused) {
  constexpr SimulatorFacts right =
      simulator("x", "").parameter("a", "", uniform(0, 1)).observations(1, real(0, 1), "numbers");
  EXPECT_EQ(refused_facts(right), "");
  constexpr SimulatorFacts none = simulator("x", "").observations(1, real(0, 1), "numbers");
  EXPECT_EQ(refused_facts(none), "it has no parameter");
  EXPECT_EQ(refused_facts(right.parameter("a", "", uniform(0, 1))), "two parameters have the name a");
  EXPECT_EQ(refused_facts(right.parameter("", "", uniform(0, 1))), "parameter 2 has no name");
  EXPECT_THAT(refused_facts(right.parameter("b", "", uniform(2, 1))),
              HasSubstr("the prior of b reaches from 2 to 1; it must be finite and not empty"));
  EXPECT_THAT(refused_facts(right.parameter("b", "", exponential(0))), HasSubstr("the prior of b has the rate 0"));
  EXPECT_THAT(refused_facts(right.observations(0, real(0, 1), "")), HasSubstr("an observation has 0 numbers"));
  EXPECT_THAT(refused_facts(right.observations(1, real(1, 0), "")), HasSubstr("observations reach from 1 to 0"));
  EXPECT_EQ(refused_facts(simulator("", "").parameter("a", "", uniform(0, 1))), "it has no name");
  EXPECT_THAT(refused_facts(right.observations(4097, real(0, 1), "")), HasSubstr("has 4097 numbers"));
  EXPECT_EQ(refused_facts(right.constant("k", "", 0, 5, 5)), "");
  EXPECT_THAT(refused_facts(right.constant("k", "", 0, 1, 5)), HasSubstr("the constant k is usually 5, of 0 to 1"));
  EXPECT_THAT(refused_facts(right.constant("k", "", 0, 1, std::nan(""))), HasSubstr("the constant k is usually nan"));
  EXPECT_THAT(refused_facts(right.constant("a", "", 0, 1, 1)), HasSubstr("constants have the name a"));
  EXPECT_EQ(refused_facts(right.constant("", "", 0, 1, 1)), "constant 1 has no name");
}

TEST(Module, AHeaderThatDoesNotCompileIsSaidByTheCompiler) {
  const OwnCache cache;
  TemporaryFolder folder;
  const fs::path header = folder.path() / "wrong.hpp";
  write(header, "#include <alfi/simulator.hpp>\n\nstruct Wrong { int nonsense = };\nALFI_SIMULATOR(Wrong)\n");
  const std::string message = message_of<InputError>([&] { build_module(header, {}); });
  EXPECT_THAT(message, HasSubstr("wrong.hpp: compiling fails:"));
  EXPECT_THAT(message, HasSubstr("wrong.hpp:3:"));
  write(header, "struct Nobody {};\n");
  EXPECT_THAT(message_of<InputError>([&] { build_module(header, {}); }), HasSubstr("ModuleSimulator"));
  EXPECT_THAT(message_of<InputError>([&] { build_module(folder.path() / "none.hpp", {}); }),
              HasSubstr("none.hpp: there is no such header"));
  ::setenv("CXX", "no-such-compiler", 1);
  EXPECT_THAT(message_of<RunError>([&] { build_module(header, {}); }), HasSubstr("there is no no-such-compiler here"));
  ::unsetenv("CXX");
  ::setenv("ALFI_KIT", folder.path().c_str(), 1);
  EXPECT_THAT(message_of<RunError>([&] { build_module(header, {}); }), HasSubstr("ALFI_KIT names the folder"));
  ::unsetenv("ALFI_KIT");
}

TEST(Module, ThatTheDiskHasNoRoomForIsSaidAndLeavesNothing) {
  const OwnCache cache;
  TemporaryFolder folder;
  const char* const before = std::getenv("TMPDIR");
  const std::string other = before == nullptr ? "" : before;
  ::setenv("TMPDIR", folder.path().c_str(), 1);
  // Limited files fail as those of a full disk do, if their signal is ignored.
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit limit{};
  ::getrlimit(RLIMIT_FSIZE, &limit);
  const rlimit usual = limit;
  limit.rlim_cur = 16384;
  ::setrlimit(RLIMIT_FSIZE, &limit);
  const std::string message = message_of<InputError>([&] { build_module(decay_header, {}); });
  ::setrlimit(RLIMIT_FSIZE, &usual);
  std::signal(SIGXFSZ, SIG_DFL);
  EXPECT_THAT(message, HasSubstr("decay.hpp: compiling fails:"));
  EXPECT_THAT(message, HasSubstr("File too large"));
  EXPECT_TRUE(fs::is_empty(folder.path()));
  EXPECT_EQ(load_module(build_module(decay_header, {}).file)->facts.parameter_count, 2);
  before == nullptr ? ::unsetenv("TMPDIR") : ::setenv("TMPDIR", other.c_str(), 1);
}

TEST(Module, IsCompiledAgainWhereASourceChanges) {
  const OwnCache cache;
  TemporaryFolder folder;
  const fs::path header = folder.path() / "own.hpp", more = folder.path() / "more.hpp";
  fs::copy_file(decay_header, header);
  write(more, "constexpr float factor = 1;\n");
  std::string text = bytes_of(header);
  text.replace(text.find("random.exponential()"), 20, "factor * random.exponential()");
  text.insert(text.find("#include"), "#include \"more.hpp\"\n");
  write(header, text);
  const BuiltModule first = build_module(header, {}), again = build_module(header, {});
  EXPECT_EQ(first.file, again.file);
  const auto written = fs::last_write_time(first.file);
  write(more, "constexpr float factor = 2;\n");
  const BuiltModule changed = build_module(header, {});
  EXPECT_NE(changed.fingerprint, first.fingerprint);
  EXPECT_NE(changed.file, first.file);
  write(more, "constexpr float factor = 1;\n");
  EXPECT_EQ(build_module(header, {}).file, first.file);
  EXPECT_EQ(fs::last_write_time(first.file), written);  // it was not compiled a second time
}

TEST(Module, IsBuiltByTwoAtOnceAndWithoutACache) {
  const OwnCache cache;
  TemporaryFolder folder;
  const fs::path header = folder.path() / "twice.hpp";
  fs::copy_file(decay_header, header);
  std::vector<std::thread> threads;
  std::vector<fs::path> files(2);
  for (fs::path& file : files) threads.emplace_back([&] { file = build_module(header, {}).file; });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(files[0], files[1]);
  EXPECT_EQ(load_module(files[0])->facts.parameter_count, 2);

  ::setenv("XDG_CACHE_HOME", (header / "no-folder").c_str(), 1);
  const fs::path file = build_module(header, {}).file;
  EXPECT_EQ(load_module(file)->facts.parameter_count, 2);
  EXPECT_EQ(build_module(header, {}).file, file);  // not compiled again by this process
}

// A folder in the module's place cannot be written over, as little as a disk that is full can be written on.
TEST(Module, IsBuiltForTheProcessWhereTheCacheTakesNothing) {
  const OwnCache cache;
  TemporaryFolder folder;
  const fs::path header = folder.path() / "own.hpp";
  fs::copy_file(decay_header, header);
  const fs::path kept = build_module(header, {}).file;
  fs::remove(kept);
  fs::create_directories(kept / "in_the_way");
  const fs::path file = build_module(header, {}).file;
  EXPECT_NE(file, kept);
  EXPECT_EQ(load_module(file)->facts.parameter_count, 2);
}

// Nothing that is known of a simulator of alfi's is known of another one by its name.
TEST(Module, IsNotTakenForOneOfAlfisByItsName) {
  const OwnCache cache;
  TemporaryFolder folder;
  std::string text = bytes_of(decay_header);
  text.replace(text.find("\"decay\""), 7, "\"poisson\"");
  write(folder.path() / "own.hpp", text);
  const SimulatorInfo own = simulator_at((folder.path() / "own.hpp").string(), {});
  EXPECT_EQ(own.name, "poisson");
  EXPECT_EQ(make_exact_inference(own), nullptr);
  EXPECT_NE(make_exact_inference(find_simulator("poisson")), nullptr);
}

// Faults that only a trial shows: numbers that depend on what was in memory, are not finite, or of another kind.
TEST(Conformance, FindsWhatIsWrong) {
  const OwnCache cache;
  TemporaryFolder folder;
  const fs::path header = folder.path() / "faulty.hpp";
  const auto faults = [&](const std::string& body, const std::string& kind = "alfi::real(0, 1)") {
    write(header,
          "#include <alfi/simulator.hpp>\nstruct Faulty {\n  static constexpr auto facts = alfi::simulator(\"faulty\", "
          "\"\").parameter(\"a\", \"\", alfi::uniform(0, 1)).observations(2, " +
              kind +
              ", \"numbers\");\n  template <class Random>\n  ALFI_DEVICE static void simulate(const float* theta, "
              "Random& random, float* x) {\n" +
              body + "\n  }\n};\nALFI_SIMULATOR(Faulty)\n");
    return check_conformance(simulator_at(header.string(), {})).faults;
  };
  EXPECT_THAT(faults("x[0] = x[1] = random.uniform();"), testing::IsEmpty());
  EXPECT_THAT(faults("x[0] = theta[0];"), testing::Contains(HasSubstr("number 2 of observation 1 is nan")));
  EXPECT_THAT(faults("x[0] = x[1] = theta[0] > 0.9f ? 0.0f / (theta[0] - theta[0]) : 0.5f;"),
              testing::Contains(HasSubstr("is not of the kind that its facts say: at θ = (0.9")));
  EXPECT_THAT(faults("static int calls = 0; x[0] = x[1] = 1.0f / static_cast<float>(++calls);"),
              testing::Contains(HasSubstr("A second time it draws other numbers")));
  EXPECT_THAT(faults("#ifdef __AVX2__\nx[0] = x[1] = 0.25f;\n#else\nx[0] = x[1] = 0.5f;\n#endif"),
              testing::Contains(HasSubstr("baseline differ at θ")));
  EXPECT_THAT(faults("x[0] = x[1] = 2;"), testing::Contains(HasSubstr("is 2, outside of [0, 1]")));
  EXPECT_THAT(faults("x[0] = x[1] = 0.5f;", "alfi::whole(0, 9)"),
              testing::Contains(HasSubstr("is 0.5, which is not whole")));
}

}  // namespace
}  // namespace alfi
