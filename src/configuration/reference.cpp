#include "src/configuration/reference.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <span>
#include <string_view>

#include "alfi/error.hpp"
#include "kernels/choice_facts.hpp"
#include "src/configuration/names.hpp"
#include "src/configuration/nearest.hpp"
#include "src/configuration/reference_classes.hpp"
#include "src/configuration/reference_keys.hpp"

namespace alfi {
namespace {

using namespace reference;

/// Whatever its configuration says.
constexpr double learning_rate_of_reference = 1e-3;

/// Makes a node as if it stood in a file: one that is made otherwise counts as tagged.
YAML::Node plain(std::string_view text) { return YAML::Load(std::string(text)); }

class Translator {
 public:
  Translator(const YAML::Node& root, const std::string& origin, const AtLine& at_line)
      : origin_(origin), at_line_(at_line) {
    collect(root, "", origin);
    for (const Key& key : keys)
      if (key.need == Need::required) require(key.path);
  }

  ReferenceTranslation translate() {
    note(origin_ + "a configuration of the published PyTorch code, read as alfi's own");
    translate_simulator();
    take({"train.nb_iter", "train.batch_size_theta", "train.batch_size_x", "train.nb_x_per_theta"});
    translate_proposal();
    translate_networks();
    translate_training();
    translate_test();
    if (has("nb_threads")) take({"nb_threads"});
    note_ignored();
    return std::move(result_);
  }

 private:
  struct Given {  // NOLINT(bugprone-exception-escape): yaml-cpp's assignment throws for nodes that are not there alone
    YAML::Node value;
    std::string origin;
  };

  /// Finds every key and section, and judges each value by itself.
  void collect(const YAML::Node& node, const std::string& path, const std::string& origin) {
    const Key* const key = find_key(path);
    if (key == nullptr && !is_section(path))
      throw InputError(fmt::format("{}{} = {}: is no key of the published code's configurations{}", origin, path,
                                   shown(node), nearest_path(path)));
    given_[path] = {node, origin};
    if (key != nullptr) {
      if (!is_allowed(*key, node)) throw refusal(*key);
      return;
    }
    if (!node.IsMap())
      throw InputError(fmt::format("{}{} = {}: must be a mapping of keys to values", origin,
                                   path.empty() ? "the configuration" : path, shown(node)));
    const auto child = [&](const std::string& name) { return path.empty() ? name : path + "." + name; };
    for_each_pair(
        node,
        [&](const std::string& name, const YAML::Node& value, int line) {
          collect(value, child(name), at_line_(line));
        },
        [&](const std::string& name, int line, std::string_view complaint) {
          return InputError(fmt::format("{}{}: {}", at_line_(line), child(name), complaint));
        });
  }

  /// The outermost section that is missing, or the key.
  void require(std::string_view path) const {
    std::string_view inside = "";
    for (std::size_t dot = path.find('.'); dot != path.npos; dot = path.find('.', dot + 1)) {
      const std::string_view section = path.substr(0, dot);
      if (!has(section))
        throw InputError(
            fmt::format("{}section {} is missing: must be a mapping with {}", given(inside).origin, section, path));
      inside = section;
    }
    if (!has(path))
      throw InputError(
          fmt::format("{}{} is missing: must be {}", given(inside).origin, path, allowed(*find_key(path))));
  }

  bool has(std::string_view path) const { return given_.contains(std::string(path)); }
  const Given& given(std::string_view path) const { return given_.at(std::string(path)); }
  const std::string& text(std::string_view path) const { return given(path).value.Scalar(); }
  std::int64_t whole(std::string_view path) const {
    int number = 0;
    read_number(given(path).value, number);
    return number;
  }

  InputError refusal(std::string_view path, const std::string& must) const {
    const Given& g = given(path);
    return InputError(fmt::format("{}{} = {}: must be {}", g.origin, path, shown(g.value), must));
  }
  InputError refusal(const Key& key) const {
    std::string must = allowed(key);
    const YAML::Node& value = given(key.path).value;
    if (key.names.size() > 1 && value.IsScalar()) must += nearest(key.names, value.Scalar());
    return refusal(key.path, must);
  }

  void note(const std::string& line) { result_.notes.push_back(line); }

  /// A native key and the reference's it comes from.
  void assign(const std::string& path, const YAML::Node& value, std::string_view from) {
    result_.assignments.push_back({path, value, fmt::format("{}{} as ", given(from).origin, from)});
  }
  /// Sets what the reference always does.
  void fix(const std::string& path, std::string_view value) {
    result_.assignments.push_back({path, plain(value), origin_});
  }
  void take(std::initializer_list<std::string_view> paths) {
    for (const std::string_view path : paths) assign(std::string(find_key(path)->native), given(path).value, path);
  }

  void translate_simulator() {
    const auto& classes = simulator_classes();
    const auto simulator = std::ranges::find(classes, text("simulator.name"), &SimulatorClass::name);
    assign("simulator.name", plain(simulator->native), "simulator.name");
    const auto values = parameters(*simulator);
    YAML::Node ours(YAML::NodeType::Map);
    std::vector<std::string> read;
    for (const Parameter& parameter : simulator->parameters) {
      const auto found = values.find(parameter.name);
      if (found != values.end()) judge(*simulator, parameter, found->second);
      if (parameter.use == Parameter::Use::ours) {
        const YAML::Node value = found == values.end() ? plain(parameter.otherwise) : found->second.value;
        ours[std::string(parameter.native)] = value;
        read.push_back(fmt::format("{} = {}{} as {}", parameter.name, value.Scalar(),
                                   found == values.end() ? " (not given)" : "", parameter.native));
      } else if (found != values.end() && parameter.use == Parameter::Use::seed) {
        read.push_back(fmt::format("{} = {} as nothing (--seed names alfi's random numbers)", parameter.name,
                                   found->second.value.Scalar()));
      }
    }
    if (ours.size() > 0) assign("simulator.parameters", ours, "simulator.parameters");
    fix("simulator.transform", name_of(Transform::none));
    note(fmt::format("{} is simulator {}{}{}", simulator->name, simulator->native, read.empty() ? "" : ", with ",
                     fmt::join(read, ", ")));
    if (simulator->native == "linear_regression")
      note("its observations have no constant column, which the published code standardises to 0");
    note("observations are standardised by a pilot simulation and parameters by their prior; there, by the problems");
  }

  /// The parameters of a simulator by name.
  std::map<std::string_view, Given> parameters(const SimulatorClass& simulator) const {
    const Given& all = given("simulator.parameters");
    std::vector<std::string_view> names;
    for (const Parameter& parameter : simulator.parameters) names.push_back(parameter.name);
    std::map<std::string_view, Given> values;
    if (all.value.IsMap()) {
      for_each_pair(
          all.value,
          [&](const std::string& name, const YAML::Node& value, int line) {
            const auto known = std::ranges::find(names, name);
            if (known == names.end())
              throw InputError(fmt::format("{}simulator.parameters.{} = {}: is no parameter of {}; it has {}",
                                           at_line_(line), name, shown(value), simulator.name, fmt::join(names, ", ")));
            values[*known] = {value, at_line_(line)};
          },
          [&](const std::string& name, int line, std::string_view complaint) {
            return InputError(fmt::format("{}simulator.parameters.{}: {}", at_line_(line), name, complaint));
          });
      return values;
    }
    if (all.value.size() > simulator.by_position)
      throw InputError(fmt::format("{}simulator.parameters: a list of {} values, {} takes at most {} by position ({})",
                                   all.origin, all.value.size(), simulator.name, simulator.by_position,
                                   fmt::join(std::span(names).first(simulator.by_position), ", ")));
    for (std::size_t i = 0; i < all.value.size(); ++i) values[names[i]] = {all.value[i], all.origin};
    return values;
  }

  void judge(const SimulatorClass& simulator, const Parameter& parameter, const Given& given) const {
    const auto refuse = [&](const std::string& must) {
      throw InputError(fmt::format("{}simulator.parameters.{} = {}: must be {} (parameters of {}, in this order: {})",
                                   given.origin, parameter.name, shown(given.value), must, simulator.name,
                                   order(simulator)));
    };
    if (parameter.use != Parameter::Use::fixed) {
      int number = 0;
      const int least = parameter.use == Parameter::Use::ours ? 1 : 0;
      if (!read_number(given.value, number) || number < least) refuse(fmt::format("a whole number from {}", least));
      return;
    }
    const std::vector<double>& expected = parameter.value;
    const bool list = expected.size() > 1;
    // π/2 is written with as many digits as somebody likes.
    const auto is = [](const YAML::Node& node, double value) {
      double number = 0;
      return read_number(node, number) && std::abs(number - value) <= 1e-5 * std::abs(value);
    };
    bool equal =
        list ? given.value.IsSequence() && given.value.size() == expected.size() : is(given.value, expected.front());
    for (std::size_t i = 0; list && equal && i < expected.size(); ++i) equal = is(given.value[i], expected[i]);
    if (!equal)
      refuse(fmt::format(
          fmt::runtime(list ? "[{:.6g}]: it is part of simulator {}" : "{:.6g}: it is part of simulator {}"),
          fmt::join(expected, ", "), simulator.native));
  }

  static std::string order(const SimulatorClass& simulator) {
    std::vector<std::string_view> names;
    for (const Parameter& parameter : simulator.parameters) names.push_back(parameter.name);
    return fmt::format("{}", fmt::join(names, ", "));
  }

  void translate_proposal() {
    const Family family = std::ranges::find(proposal_classes, text("proposal.name"), &ProposalClass::name)->native;
    assign("proposal.family", plain(name_of(family)), "proposal.name");
    fix("proposal.start", name_of(Start::draw));
    if (!has_density(family)) {
      if (has("proposal.sigma")) ignored_.push_back("proposal.sigma");
    } else {
      if (!has("proposal.sigma"))
        throw InputError(fmt::format("{}proposal.sigma is missing: must be a number, the deviation {} starts with",
                                     given("proposal").origin, text("proposal.name")));
      assign("proposal.sigma", given("proposal.sigma").value, "proposal.sigma");
    }
    note("the start is a draw from the prior, standardised; the published code forgets to standardise it");
  }

  void translate_networks() {
    take({"networks.x_data_agg.hidden_size", "networks.x_data_agg.output_size"});
    fix("networks.encoder.pooling", name_of(Pooling::mean));
    take({"networks.theta_data_agg.hidden_size", "networks.theta_data_agg.output_size", "networks.RIM.hidden_size",
          "networks.RIM.st_size", "networks.RIM.bounded"});
    fix("networks.rim.update", name_of(Update::clamp));
    bool use_grad = false;
    YAML::convert<bool>::decode(given("networks.use_grad").value, use_grad);
    assign("networks.use_grad", plain(use_grad ? "true" : "false"), "networks.use_grad");
  }

  void translate_training() {
    const std::int64_t epochs = whole("train.nb_epochs"), problems = whole("train.nb_theta"),
                       meta_batch = whole("train.meta_batch_size");
    const std::int64_t batches = problems / meta_batch;  // an incomplete one is left out
    if (batches == 0)
      throw refusal("train.meta_batch_size",
                    fmt::format("at most train.nb_theta = {}: an epoch would be empty", problems));
    const auto epochs_in_steps = [&](const std::string& native, std::string_view key) {
      assign(native, plain(std::to_string(whole(key) * batches)), key);
    };
    epochs_in_steps("training.steps", "train.nb_epochs");
    take({"train.meta_batch_size", "train.nb_theta", "train.loss", "train.weight"});
    const std::string rate = has("train.lr") ? text("train.lr") : fmt::format("{}", learning_rate_of_reference);
    if (has("train.lr"))
      assign("training.learning_rate", given("train.lr").value, "train.lr");
    else
      fix("training.learning_rate", rate);
    fix("training.schedule", name_of(Schedule::constant));
    fix("training.warmup_steps", "0");
    fix("training.clip_norm", "0");
    fix("training.ema", "0");
    epochs_in_steps("training.checkpoint_every", "train.save_every");
    epochs_in_steps("training.validate_every", "train.test_every");
    note(
        fmt::format("{} epochs of {} meta-batches are {} steps over {} fixed problems; checkpoints every {} steps, "
                    "validations every {}",
                    epochs, batches, epochs * batches, problems, whole("train.save_every") * batches,
                    whole("train.test_every") * batches));
    if (has("train.lr"))
      note(fmt::format("train.lr = {} counts; the published code ignores it and always takes {}", rate,
                       learning_rate_of_reference));
  }

  void translate_test() {
    take({"test.nb_theta"});
    if (has("test.nb_iter") == has("test.nb_iter_alfi"))
      throw InputError(fmt::format("{}test.nb_iter {}", given("test").origin,
                                   has("test.nb_iter")
                                       ? "and test.nb_iter_alfi are the same: must be one of the two"
                                       : fmt::format("is missing: must be {}", allowed(*find_key("test.nb_iter")))));
    take({has("test.nb_iter") ? "test.nb_iter" : "test.nb_iter_alfi"});
    fix("evaluation.replicates", "1");
    for (const std::string_view size : {"nb_x_per_theta", "batch_size_x", "batch_size_theta"}) {
      const std::string test = fmt::format("test.{}", size), train = fmt::format("train.{}", size);
      if (has(test) && whole(test) != whole(train))
        note(fmt::format("{} = {} is not used: evaluations are of episodes as trained, {} = {}", test, whole(test),
                         train, whole(train)));
    }
  }

  void note_ignored() {
    for (const Key& key : keys)
      if (key.need == Need::ignored && has(key.path)) ignored_.emplace_back(key.path);
    if (!ignored_.empty()) note(fmt::format("ignored, since nothing here reads it: {}", fmt::join(ignored_, ", ")));
  }

  std::string origin_;
  AtLine at_line_;
  std::map<std::string, Given> given_;  // sections too; the root is ""
  std::vector<std::string> ignored_;
  ReferenceTranslation result_;
};

}  // namespace

bool is_reference_configuration(const YAML::Node& root) {
  const auto inside = [&](const char* section, const char* key) {
    return root[section] && root[section].IsMap() ? root[section][key] : YAML::Node(YAML::NodeType::Undefined);
  };
  if (!root.IsMap()) return false;
  if (root["model"] || inside("train", "nb_epochs")) return true;
  const YAML::Node name = inside("simulator", "name");
  return name && name.IsScalar() && name.Scalar().ends_with("Simulator");
}

ReferenceTranslation translate_reference_configuration(const YAML::Node& root, const std::string& origin,
                                                       const AtLine& at_line) {
  return Translator(root, origin, at_line).translate();
}

}  // namespace alfi
