#include "tests/support/tape.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <functional>
#include <numbers>
#include <numeric>
#include <optional>
#include <random>
#include <span>
#include <stdexcept>
#include <string_view>

#include "src/configuration/names.hpp"
#include "src/formats/safetensors.hpp"
#include "tests/support/oracle.hpp"

namespace alfi::test {
namespace {

void require(bool holds, const std::string& message) {
  if (!holds) throw std::invalid_argument(message);
}

std::size_t count_of(const Shape& shape) {
  return std::accumulate(shape.begin(), shape.end(), std::size_t{1}, std::multiplies<>());
}

/// Uniform and normal numbers that are the same with every standard library.
class Draws {
 public:
  explicit Draws(std::uint64_t seed) : engine_(seed) {}

  double uniform(double low, double high) {
    return low + (high - low) * (static_cast<double>(engine_() >> 11) + 0.5) * 0x1p-53;
  }
  double normal() {  // Box and Muller's, one of the pair
    const double radius = std::sqrt(-2.0 * std::log(uniform(0.0, 1.0)));
    return radius * std::cos(uniform(0.0, 2.0 * std::numbers::pi));
  }

 private:
  std::mt19937_64 engine_;
};

/// The weights at their usual initial scale, the GRU's among them; the output layer large enough for updates around the
/// bound, some beyond it.
void draw_parameters(Tape& tape, Draws& draws) {
  const double bound = tape.settings.bound;
  const auto shapes = parameter_shapes(tape.settings);
  for (const auto& [name, shape] : shapes) {
    const std::string layer = name.substr(0, name.rfind('.'));
    double reach = 1.0 / std::sqrt(static_cast<double>(shapes.at(layer + ".weight")[1]));
    if (layer == "rim.fc4_layer") reach *= bound > 0.0 ? 7.0 * bound : 1.0;
    std::vector<double>& values = tape.parameters[name];
    values.resize(count_of(shape));
    for (double& value : values) value = draws.uniform(-reach, reach);
  }
}

/// Dimension j of an observation is normal around one of the parameters; any law would do.
void draw_observation(std::span<const double> theta, std::span<double> x, Draws& draws) {
  for (std::size_t j = 0; j < x.size(); ++j) x[j] = theta[j % theta.size()] + draws.normal();
}

template <class Choice>
Choice choice_of(const std::string& name) {
  const std::optional<Choice> choice = choice_named<Choice>(name);
  require(choice.has_value(), "no choice has the name \"" + name + "\"");
  return *choice;
}

/// Every array of a tape with its name and shape in the file. Calls `visit(name, shape, values)`; `values` is the
/// tape's own, to be read or to be filled.
template <class AnyTape, class Visit>
void visit_inputs(AnyTape& tape, Visit visit) {
  const EpisodeSettings& s = tape.settings;
  for (const auto& [name, shape] : parameter_shapes(s)) visit("param." + name, shape, tape.parameters.at(name));
  visit("theta_true", Shape{tape.B, s.D}, tape.theta_true);
  visit("x_real", Shape{tape.B, s.R, s.X}, tape.x_real);
  visit("psi_0", Shape{tape.B, s.psi_rows(), s.psi_size() / s.psi_rows()}, tape.psi_0);
  visit("theta_gen", Shape{tape.B, s.T, s.M, s.D}, tape.theta_gen);
  visit("x_gen", Shape{tape.B, s.T, s.M, s.N, s.X}, tape.x_gen);
  if (s.real_count_input) visit("real_count_inputs", Shape{tape.B}, tape.real_count_inputs);
}
template <class AnyTape, class Visit>
void visit_outputs(AnyTape& tape, Visit visit) {
  const EpisodeSettings& s = tape.settings;
  auto& o = tape.outputs;
  visit("theta_features", Shape{tape.B, s.T, s.M, s.feature_size()}, o.theta_features);
  visit("hidden", Shape{tape.B, s.T, s.rim_state}, o.hidden);
  visit("d_psi", Shape{tape.B, s.T, s.psi_size()}, o.d_psi);
  visit("psi", Shape{tape.B, s.T, s.psi_rows(), s.psi_size() / s.psi_rows()}, o.psi);
  visit("loss_per_iteration", Shape{tape.B, s.T}, o.loss_per_iteration);
  for (const auto& [name, shape] : parameter_shapes(s)) visit("grad." + name, shape, o.gradients.at(name));
}

std::vector<std::int64_t> file_shape(const Shape& shape) { return {shape.begin(), shape.end()}; }

std::map<std::string, std::string> metadata_of(const Tape& tape) {
  const EpisodeSettings& s = tape.settings;
  std::map<std::string, std::string> out = {
      {"theta_dim", std::to_string(s.D)},          {"x_dim", std::to_string(s.X)},
      {"batch", std::to_string(tape.B)},           {"iterations", std::to_string(s.T)},
      {"num_theta", std::to_string(s.M)},          {"num_x", std::to_string(s.N)},
      {"num_real", std::to_string(s.R)},           {"bound", fmt::format("{}", s.bound)},
      {"loss", std::string(name_of(s.loss))},      {"weight", std::string(name_of(s.weights))},
      {"use_grad", s.use_grad ? "True" : "False"}, {"psi_layout", "(batch, iteration, [mu; log sigma], theta_dim)"}};
  if (s.family != Family::gaussian) out["family"] = name_of(s.family);
  if (s.family == Family::gaussian_fixed) out["sigma"] = fmt::format("{}", s.sigma);
  if (s.update != Update::clamp) out["update"] = name_of(s.update);
  if (s.pooling != Pooling::mean) out["pooling"] = name_of(s.pooling);
  if (s.loss == Loss::beta_normal) out["beta"] = fmt::format("{}", s.beta);
  if (s.real_count_input) out["real_count_input"] = "True";
  return out;
}

/// The reverse of metadata_of, with the networks' sizes from their biases.
EpisodeSettings settings_of(const SafeTensors& file) {
  const auto size = [&](const char* key) { return std::stoul(file.metadata_at(key)); };
  const auto optional = [&](const char* key, std::string_view otherwise) {
    return file.metadata.contains(key) ? file.metadata_at(key) : std::string(otherwise);
  };
  const auto width = [&](const std::string& layer) {
    return static_cast<std::size_t>(file.at("param." + layer + ".bias").shape.at(0));
  };
  EpisodeSettings s;
  s.D = size("theta_dim");
  s.X = size("x_dim");
  s.T = size("iterations");
  s.M = size("num_theta");
  s.N = size("num_x");
  s.R = size("num_real");
  s.encoder_hidden = width("x_data_agg.fc1_layer");
  s.encoder_code = width("x_data_agg.fc3_layer");
  s.aggregator_hidden = width("theta_data_agg.fc1_layer");
  s.aggregator_code = width("theta_data_agg.fc3_layer");
  s.rim_hidden = width("rim.fc0_layer");
  s.rim_state = width("rim.rnn_layer.out_gate");
  s.bound = std::stod(file.metadata_at("bound"));
  s.loss = choice_of<Loss>(file.metadata_at("loss"));
  s.weights = choice_of<Weights>(file.metadata_at("weight"));
  s.use_grad = file.metadata_at("use_grad") == "True";
  s.family = choice_of<Family>(optional("family", "gaussian"));
  s.sigma = std::stod(optional("sigma", "0.1"));
  s.update = choice_of<Update>(optional("update", "clamp"));
  s.pooling = choice_of<Pooling>(optional("pooling", "mean"));
  s.beta = std::stod(optional("beta", "1"));
  s.real_count_input = optional("real_count_input", "False") == "True";
  return s;
}

}  // namespace

void check(const EpisodeSettings& s) {
  for (std::size_t size : {s.T, s.M, s.N, s.R, s.D, s.X, s.encoder_hidden, s.encoder_code, s.aggregator_hidden,
                           s.aggregator_code, s.rim_hidden, s.rim_state}) {
    require(size > 0, "a size is zero");
  }
  const bool has_density = s.family != Family::point;
  require(has_density || s.loss == Loss::mse || s.loss == Loss::l1, "loss: a point has no density");
  require(s.family != Family::gaussian_fixed || s.sigma > 0.0, "sigma is not positive");
}

std::map<std::string, Shape> parameter_shapes(const EpisodeSettings& s) {
  std::map<std::string, Shape> shapes;
  const auto layer = [&](const std::string& name, std::size_t out, std::size_t in) {
    shapes[name + ".weight"] = {out, in};
    shapes[name + ".bias"] = {out};
  };
  layer("x_data_agg.fc1_layer", s.encoder_hidden, s.X);
  layer("x_data_agg.fc2_layer", s.encoder_hidden, s.encoder_hidden);
  layer("x_data_agg.fc3_layer", s.encoder_code, s.encoder_hidden);
  layer("theta_data_agg.fc1_layer", s.aggregator_hidden, 2 * s.pooled_size() + s.feature_size());
  layer("theta_data_agg.fc2_layer", s.aggregator_hidden, s.aggregator_hidden);
  layer("theta_data_agg.fc3_layer", s.aggregator_code, s.aggregator_hidden);
  layer("rim.fc0_layer", s.rim_hidden, s.aggregator_code + s.psi_size() + (s.real_count_input ? 1 : 0));
  layer("rim.fc1_layer", s.rim_hidden, s.rim_hidden);
  for (const char* gate : {"update_gate", "reset_gate", "out_gate"}) {
    layer(std::string("rim.rnn_layer.") + gate, s.rim_state, s.rim_hidden + s.rim_state);
  }
  layer("rim.fc3_layer", s.rim_hidden, s.rim_state);
  layer("rim.fc4_layer", s.psi_size(), s.rim_hidden);
  return shapes;
}

Tape random_tape(const EpisodeSettings& settings, std::size_t B, std::uint64_t seed, bool vary_real_counts,
                 bool vary_generated_counts) {
  check(settings);
  const EpisodeSettings& s = settings;
  Draws draws(seed);
  Tape tape;
  tape.settings = s;
  tape.B = B;
  draw_parameters(tape, draws);

  tape.theta_true.resize(B * s.D);
  for (double& theta : tape.theta_true) theta = draws.uniform(-1.7, 1.7);  // a uniform prior, normalised
  tape.psi_0.resize(B * s.psi_size());
  for (std::size_t b = 0; b < B; ++b) {
    for (std::size_t i = 0; i < s.psi_size(); ++i) {
      tape.psi_0[b * s.psi_size() + i] = i < s.D       ? draws.normal()
                                         : i < 2 * s.D ? draws.uniform(-1.0, 0.0)
                                                       : draws.uniform(-1.5, 1.5);
    }
  }
  tape.x_real.assign(B * s.R * s.X, 1e3);  // a row that does not count keeps this
  for (std::size_t b = 0; b < B; ++b) {
    std::size_t count = s.R;
    if (vary_real_counts) {
      count = 1 + static_cast<std::size_t>(draws.uniform(0.0, static_cast<double>(s.R)));
      tape.real_counts.push_back(count);
    }
    for (std::size_t k = 0; k < count; ++k) {
      draw_observation(std::span(tape.theta_true).subspan(b * s.D, s.D),
                       std::span(tape.x_real).subspan((b * s.R + k) * s.X, s.X), draws);
    }
    if (s.real_count_input) tape.real_count_inputs.push_back(draws.normal());
  }

  if (vary_generated_counts)
    for (std::size_t i = 0; i < B * s.T * s.M; ++i)
      tape.generated_counts.push_back(static_cast<std::size_t>(draws.uniform(0.0, static_cast<double>(s.N) + 1)));

  tape.outputs = record_oracle(tape, [&](std::size_t, std::size_t, std::span<const double> psi,
                                         std::span<double> theta_gen, std::span<double> x_gen) {
    std::vector<double> u(s.D);  // (θ − μ)/σ
    for (std::size_t i = 0; i < theta_gen.size(); ++i) {
      const std::size_t d = i % s.D;
      u[d] = s.family == Family::point ? 0.0 : draws.normal();
      if (s.family == Family::gaussian_full)  // d · (d − 1)/2 couplings come before d's
        for (std::size_t j = 0; j < d; ++j) u[d] -= psi[2 * s.D + d * (d - 1) / 2 + j] * u[j];
      theta_gen[i] = psi[d] + (s.learns_sigma() ? std::exp(psi[s.D + d]) : s.sigma) * u[d];
    }
    for (std::size_t k = 0; k < s.M * s.N; ++k) {
      draw_observation(theta_gen.subspan(k / s.N * s.D, s.D), x_gen.subspan(k * s.X, s.X), draws);
    }
  });
  return tape;
}

Tape read_tape(const std::filesystem::path& path) {
  const SafeTensors file = read_safetensors(path);
  Tape tape;
  tape.settings = settings_of(file);
  tape.B = std::stoul(file.metadata_at("batch"));
  check(tape.settings);
  for (const auto& [name, shape] : parameter_shapes(tape.settings)) tape.parameters[name];

  const auto fill = [&](const std::string& name, const Shape& shape, std::vector<double>& values) {
    values = file.values<double>(name, file_shape(shape));
  };
  visit_inputs(tape, fill);
  if (file.tensors.contains("real_counts")) {
    for (double count : file.values<double>("real_counts", file_shape({tape.B}))) {
      tape.real_counts.push_back(static_cast<std::size_t>(count));
    }
  }
  if (file.tensors.contains("loss")) {
    for (const auto& [name, shape] : parameter_shapes(tape.settings)) tape.outputs.gradients[name];
    visit_outputs(tape, fill);
    tape.outputs.loss = file.values<double>("loss", {1})[0];
  }
  return tape;
}

void write_tape(const std::filesystem::path& path, const Tape& tape, bool with_outputs) {
  SafeTensors content;
  content.metadata = metadata_of(tape);
  const auto add = [&](const std::string& name, const Shape& shape, const std::vector<double>& values) {
    content.tensors[name] = Tensor::of<double>(file_shape(shape), values);
  };
  require(tape.generated_counts.empty(), "a file has no generated counts");
  visit_inputs(tape, add);
  if (!tape.real_counts.empty()) {
    add("real_counts", {tape.B}, std::vector<double>(tape.real_counts.begin(), tape.real_counts.end()));
  }
  if (with_outputs) {
    visit_outputs(tape, add);
    add("loss", {1}, {tape.outputs.loss});
  }
  const std::vector<std::byte> bytes = serialize(content);
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (!file) throw std::runtime_error("could not write " + path.string());
}

}  // namespace alfi::test
