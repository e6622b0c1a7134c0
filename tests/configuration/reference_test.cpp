#include "src/configuration/reference.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <initializer_list>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "alfi/configuration.hpp"
#include "alfi/error.hpp"
#include "alfi/simulators.hpp"
#include "tests/support/message_of.hpp"
#include "tests/support/temporary_folder.hpp"

namespace alfi {
namespace {

using test::message_of;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

/// A document in the reference's schema, with the sizes of its Poisson experiment.
const std::string poisson = R"(
model: ALFINet
simulator: {name: PoissonSimulator, parameters: []}
train:
  nb_epochs: 100
  nb_iter: 5
  nb_theta: 10000
  nb_x_per_theta: 500
  meta_batch_size: 32
  batch_size_x: 20
  batch_size_theta: 20
  lr: 0.001
  save_every: 1
  test_every: 1
  loss: normal
  weight: exp
test: {nb_iter: 15, nb_theta: 500, nb_x_per_theta: 500, meta_batch_size: 32, batch_size_x: 20, batch_size_theta: 20}
networks:
  use_grad: True
  split_theta: False
  x_data_agg: {hidden_size: 50, output_size: 20}
  theta_data_agg: {hidden_size: 20, output_size: 30}
  RIM: {hidden_size: 30, st_size: 40, bounded: .25}
proposal: {name: GaussianProposal, sigma: .1}
plot: {title: False, hist-x: {nb_bins: 10}}
)";

std::vector<std::string> steps_of(const std::string& path) {
  std::vector<std::string> steps;
  std::istringstream text(path);
  for (std::string step; std::getline(text, step, '.');) steps.push_back(step);
  return steps;
}

/// Returns the node at a path; makes it on the way where there is none.
YAML::Node at(YAML::Node node, const std::vector<std::string>& steps) {
  for (const std::string& step : steps) node.reset(node[step]);
  return node;
}

using Changes = std::initializer_list<std::pair<const char*, const char*>>;

/// Returns a document with other values, in YAML, at these paths.
std::string with(Changes changes, const std::string& document = poisson) {
  YAML::Node root = YAML::Load(document);
  for (const auto& [path, value] : changes) at(root, steps_of(path)) = YAML::Load(value);
  return YAML::Dump(root);
}

std::string without(const std::string& path, const std::string& document = poisson) {
  YAML::Node root = YAML::Load(document);
  std::vector<std::string> steps = steps_of(path);
  const std::string name = steps.back();
  steps.pop_back();
  at(root, steps).remove(name);
  return YAML::Dump(root);
}

std::map<std::string, std::string> published() {
  std::map<std::string, std::string> documents;
  documents["poisson"] = poisson;
  // The simulator is the reference's, a configuration of it is not.
  documents["gaussian"] = with({{"simulator.name", "GaussianSimulator"}, {"train.nb_iter", "15"}});
  documents["weinberg"] = with({{"simulator.name", "WeinbergSimulator"},
                                {"train.nb_epochs", "130"},
                                {"train.nb_iter", "15"},
                                {"train.nb_theta", "1000"},
                                {"train.meta_batch_size", "16"},
                                {"train.batch_size_x", "64"},
                                {"train.batch_size_theta", "8"},
                                {"train.lr", "0.0002"},
                                {"train.save_every", "5"},
                                {"train.test_every", "5"},
                                {"test.nb_theta", "1000"},
                                {"networks.x_data_agg.output_size", "60"},
                                {"networks.theta_data_agg.hidden_size", "50"},
                                {"networks.theta_data_agg.output_size", "60"},
                                {"networks.RIM.hidden_size", "50"},
                                {"networks.RIM.bounded", "0.2"}});
  documents["multi_distribution"] = with({{"simulator.name", "NewMultiDistriSimulator"},
                                          {"train.nb_epochs", "250"},
                                          {"train.nb_iter", "15"},
                                          {"train.lr", "0.0001"},
                                          {"test.nb_iter", "30"}});
  documents["linear_regression"] = without("test.nb_iter", with({{"simulator.name", "LinearRegressionSimulator"},
                                                                 {"simulator.parameters", "{dim_x: 3}"},
                                                                 {"train.nb_epochs", "250"},
                                                                 {"train.nb_iter", "15"},
                                                                 {"train.nb_theta", "20000"},
                                                                 {"train.nb_x_per_theta", "1000"},
                                                                 {"test.nb_iter_alfi", "25"}}));
  return documents;
}

ReferenceTranslation translate(const std::string& document) {
  return translate_reference_configuration(YAML::Load(document),
                                           "run.yaml: ", [](int line) { return fmt::format("run.yaml:{}: ", line); });
}

std::string refusal_of(const std::string& document) {
  SCOPED_TRACE(document);
  return message_of<InputError>([&] { translate(document); });
}

/// Collects path and value of every scalar; numbers in one spelling.
void flatten(const YAML::Node& node, const std::string& path, std::map<std::string, std::string>& all) {
  double number = 0;
  if (node.IsMap()) {
    for (const auto& pair : node)
      flatten(pair.second, path.empty() ? pair.first.Scalar() : path + "." + pair.first.Scalar(), all);
  } else {
    all[path] = read_number(node, number) ? fmt::format("{}", number) : node.Scalar();
  }
}

std::map<std::string, std::string> flat(const ReferenceTranslation& translation) {
  std::map<std::string, std::string> all;
  for (const auto& [path, value, origin] : translation.assignments) {
    EXPECT_FALSE(all.contains(path)) << path;
    flatten(value, path, all);
  }
  return all;
}

bool is_known(const std::string& simulator) {
  return std::ranges::any_of(simulators(), [&](const SimulatorInfo& info) { return info.name == simulator; });
}

/// Returns the value a document has at a native key, as text; "" where it has none.
std::string native(const std::string& document, const std::string& key) {
  SCOPED_TRACE(document);
  const auto all = flat(translate(document));
  return all.contains(key) ? all.at(key) : "";
}

TEST(ReferenceConfiguration, ThePublishedSizesAreTheExamples) {
  for (const auto& [name, document] : published()) {
    SCOPED_TRACE(name);
    const std::filesystem::path example = std::filesystem::path(ALFI_EXAMPLES) / "paper" / (name + ".yaml");
    ASSERT_TRUE(std::filesystem::exists(example));
    std::map<std::string, std::string> expected;
    flatten(YAML::LoadFile(example.string()), "", expected);
    EXPECT_EQ(flat(translate(document)), expected);
    if (is_known(name)) {
      EXPECT_EQ(parse_configuration(document), load_configuration(example));
    }
  }
}

TEST(ReferenceConfiguration, IsReadWithWhatTheReferenceAlwaysDoes) {
  Configuration expected;
  expected.simulator = {"poisson", {}, Transform::none};
  expected.episode = {5, 21, 22, {501, 501}};
  expected.proposal = {Family::gaussian, Start::draw, 0.1};
  expected.networks.encoder = {51, 23, Pooling::mean};
  expected.networks.aggregator = {24, 25};
  expected.networks.rim = {26, 27, 0.3, Update::clamp};
  expected.networks.use_grad = false;
  expected.training.steps = 100 * 303;  // 10,000 problems are 303 meta-batches of 33, and one left
  expected.training.meta_batch = 33;
  expected.training.problems = 10000;
  expected.training.loss = Loss::l1;
  expected.training.weights = Weights::oi;
  expected.training.learning_rate = 0.002;
  expected.training.schedule = Schedule::constant;
  expected.training.warmup_steps = 0;
  expected.training.clip_norm = 0;
  expected.training.ema = 0;
  expected.training.checkpoint_every = 2 * 303;
  expected.training.validate_every = 3 * 303;
  expected.evaluation = {505, 16, 1};
  expected.engine.threads = 3;
  const std::string document = with({{"nb_threads", "3"},
                                     {"train.batch_size_theta", "21"},
                                     {"train.batch_size_x", "22"},
                                     {"train.nb_x_per_theta", "501"},
                                     {"train.meta_batch_size", "33"},
                                     {"train.loss", "l1"},
                                     {"train.weight", "oi"},
                                     {"train.lr", "0.002"},
                                     {"train.save_every", "2"},
                                     {"train.test_every", "3"},
                                     {"test.nb_theta", "505"},
                                     {"test.nb_iter", "16"},
                                     {"networks.use_grad", "False"},
                                     {"networks.x_data_agg.hidden_size", "51"},
                                     {"networks.x_data_agg.output_size", "23"},
                                     {"networks.theta_data_agg.hidden_size", "24"},
                                     {"networks.theta_data_agg.output_size", "25"},
                                     {"networks.RIM.hidden_size", "26"},
                                     {"networks.RIM.st_size", "27"},
                                     {"networks.RIM.bounded", "0.3"}});
  EXPECT_EQ(parse_configuration(document), expected);
  EXPECT_EQ(parse_configuration(to_yaml(expected)), expected);
}

TEST(ReferenceConfiguration, OverridesAddressOurKeys) {
  const Configuration c = parse_configuration(poisson, {"training.steps=7", "episode.thetas=9"});
  EXPECT_EQ(c.training.steps, 7);
  EXPECT_EQ(c.episode.thetas, 9);
  EXPECT_EQ(c.episode.observations, 20);
  EXPECT_THAT(message_of<InputError>([] { parse_configuration(poisson, {"train.nb_iter=7"}); }),
              AllOf(HasSubstr("train.nb_iter=7"), HasSubstr("unknown key")));
}

TEST(ReferenceConfiguration, IsToldFromOurs) {
  const auto is_reference = [](const std::string& document) {
    return is_reference_configuration(YAML::Load(document));
  };
  for (const auto& [name, document] : published()) EXPECT_TRUE(is_reference(document)) << name;
  for (const char* const section : {"model", "simulator", "train", "test", "networks", "proposal", "plot"})
    EXPECT_TRUE(is_reference(without(section))) << section;
  EXPECT_TRUE(is_reference(without("model", without("simulator"))));
  EXPECT_TRUE(is_reference(without("model", without("train"))));
  for (const char* const ours : {"", "[]", "3", "simulator: {name: poisson}", "simulator: PoissonSimulator",
                                 "simulator: {name: [a]}", "simulator: {name: poisson}\ntrain: {steps: 3}", "train: 3"})
    EXPECT_FALSE(is_reference(ours)) << ours;
  EXPECT_FALSE(is_reference(to_yaml(parse_configuration(poisson))));
}

TEST(ReferenceConfiguration, ReadsPythonsTruthValuesAndNumbers) {
  for (const char* const yes : {"True", "true", "TRUE", "yes", "On"})
    EXPECT_EQ(native(with({{"networks.use_grad", yes}}), "networks.use_grad"), "true") << yes;
  for (const char* const no : {"False", "false", "no", "OFF"})
    EXPECT_EQ(native(with({{"networks.use_grad", no}}), "networks.use_grad"), "false") << no;
  EXPECT_EQ(native(with({{"networks.RIM.bounded", "-1"}}), "networks.rim.bound"), "-1");  // no bound
  EXPECT_EQ(native(without("train.lr"), "training.learning_rate"), "0.001");
}

TEST(ReferenceConfiguration, ReadsEveryProposal) {
  const std::string fixed = with({{"proposal.name", "FixedVarianceGaussianProposal"}, {"proposal.sigma", "0.7"}});
  EXPECT_EQ(native(fixed, "proposal.family"), "gaussian_fixed");
  EXPECT_EQ(native(fixed, "proposal.sigma"), "0.7");
  const std::string point = with({{"proposal", "{name: ConstantProposal}"}, {"train.loss", "mse"}});
  EXPECT_EQ(parse_configuration(point).proposal.family, Family::point);
  EXPECT_EQ(native(with({{"proposal.sigma", "0.3"}}, point), "proposal.sigma"), "");
  EXPECT_THAT(translate(with({{"proposal.sigma", "0.3"}}, point)).notes,
              Contains(AllOf(StartsWith("ignored"), HasSubstr("proposal.sigma"))));
  // A combination that is ruled out only as a whole is refused by the rule about our keys, with the line of theirs.
  const test::TemporaryFolder folder;
  const auto file = folder.write("their.yaml", with({{"train.loss", "normal"}}, point));
  EXPECT_THAT(message_of<InputError>([&] { load_configuration(file); }),
              AllOf(StartsWith(file.string() + ":"), HasSubstr("train.loss as training.loss = normal: must be mse")));
  EXPECT_THAT(refusal_of(without("proposal.sigma")), HasSubstr("proposal.sigma is missing"));
}

TEST(ReferenceConfiguration, ReadsParametersByNameAndByPosition) {
  const auto of = [](const char* simulator, const char* parameters) {
    return with({{"simulator.name", simulator}, {"simulator.parameters", parameters}});
  };
  const auto inputs = [&](const char* parameters) {
    return native(of("LinearRegressionSimulator", parameters), "simulator.parameters.inputs");
  };
  EXPECT_EQ(inputs("{dim_x: 3}"), "3");
  EXPECT_EQ(inputs("{sigma: 0.1, dim_x: 4, angle_max: 1.5707963, angle_min: 0, rand_seed: 9}"), "4");
  EXPECT_EQ(inputs("[42, 5]"), "5");
  EXPECT_EQ(inputs("[42, 5, 0., 1.5708, -1., 1., .1]"), "5");
  EXPECT_EQ(inputs("[]"), "1");   // the constructor's default
  EXPECT_EQ(inputs("[3]"), "1");  // the first is the seed: said in the notes
  EXPECT_THAT(translate(of("LinearRegressionSimulator", "[3]")).notes,
              Contains(AllOf(HasSubstr("rand_seed = 3"), HasSubstr("dim_x = 1 (not given)"))));
  for (const auto& [simulator, parameters] :
       std::initializer_list<std::pair<const char*, const char*>>{{"PoissonSimulator", "{}"},
                                                                  {"PoissonSimulator", "[42]"},
                                                                  {"PoissonSimulator", "{max: 7, min: .2}"},
                                                                  {"GaussianSimulator", "[[-10.0, -2.0], [10.0, 1.5]]"},
                                                                  {"GaussianSimulator", "{max: [10, 1.5]}"},
                                                                  {"WeinbergSimulator", "[1]"},
                                                                  {"MultiDistriSimulator", "[0, -3, 3]"},
                                                                  {"NewMultiDistriSimulator", "{min: -3}"}})
    EXPECT_EQ(native(of(simulator, parameters), "simulator.parameters"), "") << simulator << parameters;
  EXPECT_EQ(native(of("MultiDistriSimulator", "[]"), "simulator.name"), "multi_distribution");
}

TEST(ReferenceConfiguration, RefusesParametersItCannotTake) {
  const auto refusal = [](const char* simulator, const char* parameters) {
    return refusal_of(with({{"simulator.name", simulator}, {"simulator.parameters", parameters}}));
  };
  // Order.
  EXPECT_THAT(refusal("LinearRegressionSimulator", "[3, .1, 0.]"),
              AllOf(HasSubstr("simulator.parameters.dim_x = .1: must be a whole number from 1"),
                    HasSubstr("in this order: rand_seed, dim_x, angle_min")));
  EXPECT_THAT(refusal("GaussianSimulator", "[[10, 1.5], [-10, -2]]"), HasSubstr("min = (a list): must be [-10, -2]"));
  EXPECT_THAT(refusal("PoissonSimulator", "[.2]"), HasSubstr("rand_seed = .2: must be a whole number from 0"));
  // Number.
  EXPECT_THAT(refusal("PoissonSimulator", "[42, .2, 7.]"), AllOf(HasSubstr("simulator.parameters: a list of 3 values"),
                                                                 HasSubstr("at most 1"), HasSubstr("(rand_seed)")));
  EXPECT_THAT(refusal("GaussianSimulator", "[[-10], [10, 1.5]]"), HasSubstr("must be [-10, -2]"));
  EXPECT_THAT(refusal("GaussianSimulator", "{min: -10}"), HasSubstr("min = -10: must be [-10, -2]"));
  // Values.
  EXPECT_THAT(refusal("PoissonSimulator", "{max: 8}"),
              HasSubstr("simulator.parameters.max = 8: must be 7: it is part of simulator poisson"));
  EXPECT_THAT(refusal("PoissonSimulator", "{max: nan}"), HasSubstr("max = nan: must be 7"));
  EXPECT_THAT(refusal("LinearRegressionSimulator", "{dim_x: 0}"), HasSubstr("dim_x = 0"));
  EXPECT_THAT(refusal("LinearRegressionSimulator", "{angle_max: 1.6}"), HasSubstr("must be 1.5708"));
  EXPECT_THAT(refusal("WeinbergSimulator", "[true]"), HasSubstr("rand_seed"));
  // Names.
  EXPECT_THAT(refusal("PoissonSimulator", "{device: cpu}"),
              AllOf(HasSubstr("simulator.parameters.device = cpu"), HasSubstr("it has rand_seed, min, max")));
  EXPECT_THAT(refusal("PoissonSimulator", "3"), HasSubstr("a list or a mapping"));
  EXPECT_THAT(refusal("PoissonSimulator", "~"), HasSubstr("a list or a mapping"));
}

TEST(ReferenceConfiguration, RefusesClassesItLacks) {
  EXPECT_THAT(refusal_of(with({{"simulator.name", "PoisonSimulator"}})),
              AllOf(HasSubstr("simulator.name = PoisonSimulator"), HasSubstr("LinearRegressionSimulator"),
                    HasSubstr("nearest is PoissonSimulator")));
  EXPECT_THAT(refusal_of(with({{"proposal.name", "GaussianProposalEllipsoid"}})),
              AllOf(HasSubstr("proposal.name = GaussianProposalEllipsoid"), HasSubstr("ConstantProposal")));
  EXPECT_THAT(refusal_of(with({{"model", "BetterALFINet"}})), HasSubstr("model = BetterALFINet: must be ALFINet"));
  EXPECT_THAT(refusal_of(with({{"train.loss", "beta_normal"}})), HasSubstr("one of normal, mse, l1"));
  EXPECT_THAT(refusal_of(with({{"train.weight", "constant"}})), HasSubstr("nearest is const"));
}

TEST(ReferenceConfiguration, NamesWhatIsMissing) {
  for (const char* const section : {"simulator", "train", "test", "networks", "networks.x_data_agg",
                                    "networks.theta_data_agg", "networks.RIM", "proposal"})
    EXPECT_THAT(refusal_of(without(section)), HasSubstr(fmt::format("section {} is missing", section)));
  for (const char* const key : {"model",
                                "simulator.name",
                                "simulator.parameters",
                                "train.nb_epochs",
                                "train.nb_iter",
                                "train.nb_theta",
                                "train.nb_x_per_theta",
                                "train.meta_batch_size",
                                "train.batch_size_x",
                                "train.batch_size_theta",
                                "train.save_every",
                                "train.test_every",
                                "train.loss",
                                "train.weight",
                                "test.nb_iter",
                                "test.nb_theta",
                                "networks.use_grad",
                                "networks.x_data_agg.hidden_size",
                                "networks.RIM.st_size",
                                "networks.RIM.bounded",
                                "proposal.name"})
    EXPECT_THAT(refusal_of(without(key)), HasSubstr(fmt::format("{} is missing: must be ", key)));
  for (const char* const unread : {"train.lr", "test.nb_x_per_theta", "test.meta_batch_size", "test.batch_size_x",
                                   "test.batch_size_theta", "networks.split_theta", "plot"})
    EXPECT_EQ(native(without(unread), "training.steps"), "31200") << unread;
}

TEST(ReferenceConfiguration, RefusesWhatItDoesNotKnow) {
  EXPECT_THAT(refusal_of(with({{"train.nb_itr", "5"}})),
              AllOf(HasSubstr("train.nb_itr = 5"), HasSubstr("nearest is train.nb_iter")));
  EXPECT_THAT(refusal_of(with({{"training.steps", "5"}})), HasSubstr("training = (a mapping)"));
  EXPECT_THAT(refusal_of(with({{"proposal.mean", "5"}})), HasSubstr("proposal.mean"));
  EXPECT_THAT(refusal_of(with({{"test.nb_iter_alfi", "15"}})), HasSubstr("test.nb_iter and test.nb_iter_alfi"));
  EXPECT_THAT(refusal_of(poisson + "model: ALFINet\n"), HasSubstr("twice"));
}

TEST(ReferenceConfiguration, RefusesWrongValues) {
  for (const char* const key : {"train.nb_epochs", "train.nb_iter", "train.nb_theta", "train.nb_x_per_theta",
                                "train.save_every", "test.nb_theta", "networks.RIM.hidden_size", "test.batch_size_x"})
    for (const char* const value :
         {"0", "-3", "2.5", "many", "[5]", "{min: 1, max: 2}", "~", "fresh", "99999999999", "1e3"})
      EXPECT_THAT(refusal_of(with({{key, value}})), HasSubstr(fmt::format("{} = ", key))) << value;
  for (const char* const value : {"wide", "[1]", "~", "1x"})
    EXPECT_THAT(refusal_of(with({{"networks.RIM.bounded", value}})), HasSubstr("must be a number"));
  EXPECT_THAT(refusal_of(with({{"networks.use_grad", "2"}})), HasSubstr("True or False"));
  EXPECT_THAT(refusal_of(with({{"train", "3"}})), HasSubstr("train = 3: must be a mapping"));
  EXPECT_THAT(refusal_of(with({{"train.nb_theta", "31"}})),
              HasSubstr("train.meta_batch_size = 32: must be at most train.nb_theta = 31"));
  // Limits of ours, with the line of theirs.
  const auto limit = [](Changes changes) {
    return message_of<InputError>([&] { parse_configuration(with(changes)); });
  };
  EXPECT_THAT(
      limit({{"train.nb_epochs", "2147483647"}, {"train.nb_theta", "2147483647"}, {"train.meta_batch_size", "1"}}),
      AllOf(StartsWith("line "), HasSubstr("train.nb_epochs as training.steps = 4611686014132420609: must be")));
  EXPECT_THAT(limit({{"networks.RIM.st_size", "5000"}}),
              HasSubstr("networks.RIM.st_size as networks.rim.state = 5000"));
  EXPECT_THAT(limit({{"train.batch_size_theta", "1"}}), HasSubstr("train.batch_size_theta as episode.thetas = 1"));
  EXPECT_THAT(limit({{"train.lr", "0"}}), HasSubstr("train.lr as training.learning_rate = 0"));
  EXPECT_THAT(limit({{"proposal.sigma", "nan"}}), HasSubstr("proposal.sigma as proposal.sigma = nan"));
}

TEST(ReferenceConfiguration, ErrorsHaveFileAndLine) {
  const test::TemporaryFolder folder;
  const auto refusal = [&](const std::string& from, const std::string& to) {
    std::string text = poisson;
    text.replace(text.find(from), from.size(), to);
    const auto file = folder.write("their.yaml", text);
    const std::string message = message_of<InputError>([&] { load_configuration(file); });
    EXPECT_THAT(message, StartsWith(file.string() + ":"));
    return message.substr(file.string().size());
  };
  EXPECT_THAT(refusal("nb_epochs: 100", "nb_epochs: none"), StartsWith(":5: train.nb_epochs = none: "));
  EXPECT_THAT(refusal("nb_epochs: 100", "nb_epochs: '100'"), StartsWith(":5: train.nb_epochs = 100: must be a whole"));
  EXPECT_THAT(refusal("parameters: []", "parameters: {min: .2, min: .2}"), HasSubstr(":3: simulator.parameters.min"));
  EXPECT_THAT(refusal("batch_size_x: 20", "batch_size_x: 2000000"),
              StartsWith(":10: train.batch_size_x as episode.observations = 2000000: "));
  EXPECT_THAT(refusal("  nb_iter: 5\n", ""), StartsWith(":4: train.nb_iter is missing"));
  EXPECT_THAT(refusal("model: ALFINet\n", "\n"), StartsWith(": model is missing: must be ALFINet"));
  EXPECT_THAT(refusal("[]", "[1, 2]"), StartsWith(":3: simulator.parameters: a list of 2 values"));
}

TEST(ReferenceConfiguration, SaysHowItReadsAFile) {
  const test::TemporaryFolder folder;
  std::vector<std::string> notes;
  load_configuration(folder.write("their.yaml", with({{"train.lr", "0.0002"}, {"test.nb_x_per_theta", "400"}})), {},
                     &notes);
  ASSERT_FALSE(notes.empty());
  EXPECT_EQ(notes[0], (folder.path() / "their.yaml").string() +
                          ": a configuration of the published PyTorch code, read as alfi's own");
  EXPECT_THAT(notes, Contains(HasSubstr("PoissonSimulator is simulator poisson")));
  EXPECT_THAT(notes, Contains(HasSubstr("100 epochs of 312 meta-batches are 31200 steps over 10000 fixed problems")));
  EXPECT_THAT(notes, Contains(HasSubstr("train.lr = 0.0002 counts; the published code ignores it")));
  EXPECT_THAT(notes, Contains(HasSubstr("forgets to standardise")));
  EXPECT_THAT(notes, Contains(HasSubstr("test.nb_x_per_theta = 400 is not used")));
  EXPECT_THAT(notes, Contains(AllOf(StartsWith("ignored"), HasSubstr("plot"), HasSubstr("networks.split_theta"))));
  EXPECT_LE(notes.size(), 10U);
  EXPECT_THAT(translate(published().at("linear_regression")).notes, Contains(HasSubstr("dim_x = 3 as inputs")));
  load_configuration(folder.write("ours.yaml", std::string("simulator: {name: poisson}")), {}, &notes);
  EXPECT_THAT(notes, IsEmpty());
}

// Whatever stands in a key's place, it is read or refused.
TEST(ReferenceConfiguration, NothingInAKeysPlaceIsAnotherEnd) {
  std::map<std::string, std::string> places;
  flatten(YAML::Load(poisson), "", places);
  for (const char* const section : {"simulator", "train", "test", "networks", "networks.RIM", "proposal", "plot"})
    places[section];
  int refused = 0;
  for (const auto& [place, value] : places)
    for (const char* const odd : {"~", "''", "[]", "{}", "-1", "nan", "1e999", ".inf", "True", "[[], {a: [1]}]",
                                  "&a [*a]", "{? [1] : 2}", "!!int 3", "0x10", "1_000"}) {
      std::string document;
      try {
        document = with({{place.c_str(), odd}});
        parse_configuration(document);
      } catch (const InputError& error) {
        ++refused;
        EXPECT_FALSE(std::string(error.what()).empty()) << document;
      } catch (const YAML::Exception&) {  // no YAML to begin with
      }
    }
  EXPECT_GT(refused, 300);
}

}  // namespace
}  // namespace alfi
